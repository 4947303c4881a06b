"""Path secrets last as long as the token and the vault's key; states and counts stand beside them."""

import pytest
from cryptography.fernet import Fernet

from storage.ledger import hooks, schema
from storage.ledger.database import Ledger
from storage.ledger.hooks import HookState
from storage.vault import KeyProblem, Vault
from tests.storage.ledgers import KEY, NOON, TOKEN, after, connect, rows

MOVED, CREATED = "candidate_moved", "candidate_created"
VAULT = Vault(KEY)


def test_an_events_secret_stays_and_is_its_own(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        secret = hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        assert hooks.ensure(tx, VAULT, "acme", MOVED, after(2)) == secret
        assert hooks.ensure(tx, VAULT, "acme", CREATED, after(2)) != secret
        assert len(secret) >= 32
        assert secret.encode() not in b"".join(row["sealed"] for row in rows(tx, schema.hooks))


def test_a_path_is_known_by_account_event_and_secret(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        secret = hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        keys = hooks.keys(tx, VAULT, "acme", after(1))
        assert keys.is_path(MOVED, secret)
        assert not keys.is_path(CREATED, secret)
        assert not keys.is_path(MOVED, secret + "x")
        assert not keys.is_path(CREATED, "")
        assert keys.signing == (TOKEN,)
        nobody = hooks.keys(tx, VAULT, "globex", after(1))
        assert (nobody.secrets, nobody.signing) == ({}, ())


def test_another_token_makes_another_secret_and_forgets_the_subscription(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        secret = hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        hooks.set_state(tx, "acme", MOVED, HookState.ACTIVE, now=after(1), subscription_id="7")
        connect(tx, token="another-token-9876", at=after(2))
        renewed = hooks.ensure(tx, VAULT, "acme", MOVED, after(3))
        (hook,) = hooks.listing(tx, "acme")
        assert renewed != secret
        assert (hook.state, hook.subscription_id, hook.made_at) == (HookState.WANTED, None, after(3))


@pytest.mark.parametrize("kind", hooks.BY_APPLICATION)
def test_a_refreshed_token_of_an_application_keeps_the_secret(ledger: Ledger, kind: str) -> None:
    with ledger.write() as tx:
        connect(tx)
        secret = hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        connect(tx, token="another-token-9876", at=after(2))
        tx.execute(schema.tokens.update().values(kind=kind))
        assert hooks.ensure(tx, VAULT, "acme", MOVED, after(3)) == secret
        assert hooks.keys(tx, VAULT, "acme", after(3)).is_of_application


def test_a_rotated_key_keeps_the_secret_and_a_lost_one_makes_another(ledger: Ledger) -> None:
    new = Fernet.generate_key().decode()
    with ledger.write() as tx:
        connect(tx)
        secret = hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        assert hooks.ensure(tx, Vault(f"{new},{KEY}"), "acme", MOVED, after(2)) == secret
        assert hooks.ensure(tx, Vault(new), "acme", MOVED, after(3)) == secret
        assert hooks.ensure(tx, Vault(Fernet.generate_key().decode()), "acme", MOVED, after(4)) != secret


def test_a_token_whose_key_is_lost_hides_none_of_the_others(ledger: Ledger) -> None:
    new = Vault(Fernet.generate_key().decode())
    with ledger.write() as tx:
        connect(tx)
        hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        with pytest.raises(KeyProblem):
            hooks.keys(tx, new, "acme", after(1))
        tx.execute(schema.tokens.update().values(replaced_at=after(2)))
        tx.execute(
            schema.tokens.insert().values(
                account_id="acme", sealed=new.seal("acme", "another-token"), last_four="oken", kind="account",
                scopes={}, stored_at=after(2),
            )
        )  # fmt: skip
        assert hooks.keys(tx, new, "acme", after(3)).signing == ("another-token",)


def test_states_are_told_and_polling_keeps_what_is_subscribed(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        for event in (MOVED, CREATED):
            hooks.ensure(tx, VAULT, "acme", event, after(1))
        hooks.set_state(tx, "acme", MOVED, HookState.ACTIVE, now=after(2), subscription_id="7")
        hooks.set_state(tx, "acme", CREATED, HookState.REFUSED, now=after(2), sentence="No.")
        told = [(h.event, h.state, h.sentence, h.checked_at) for h in hooks.listing(tx, "acme")]
        assert told == [(CREATED, "refused", "No.", after(2)), (MOVED, "active", None, after(2))]
        hooks.set_all_polling(tx, "acme", after(3))
        assert [(h.state, h.subscription_id) for h in hooks.listing(tx, "acme")] == [
            ("polling", None),
            ("polling", "7"),
        ]


def test_deliveries_and_refusals_are_counted_apart(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        hooks.ensure(tx, VAULT, "acme", MOVED, NOON)
        hooks.count(tx, "acme", MOVED, came=2, refused=0, now=after(1))
        hooks.count(tx, "acme", MOVED, came=0, refused=3, now=after(2))
        (hook,) = hooks.listing(tx, "acme")
        assert (hook.deliveries, hook.refused, hook.last_delivery_at) == (2, 3, after(1))
        assert hook.refused_in_a_row == 3
        hooks.count(tx, "acme", MOVED, came=1, refused=1, now=after(3))
        (hook,) = hooks.listing(tx, "acme")
        assert (hook.refused, hook.refused_in_a_row) == (4, 0)


def test_what_is_forgotten_has_no_door(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        secrets = {event: hooks.ensure(tx, VAULT, "acme", event, after(1)) for event in (MOVED, CREATED)}
        hooks.forget(tx, "acme", MOVED)
        keys = hooks.keys(tx, VAULT, "acme", after(1))
        assert [event for event in secrets if keys.is_path(event, secrets[event])] == [CREATED]
        hooks.forget(tx, "acme")
        assert hooks.listing(tx, "acme") == []


def test_a_printed_set_of_keys_tells_no_token(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        hooks.ensure(tx, VAULT, "acme", MOVED, after(1))
        assert TOKEN not in repr(hooks.keys(tx, VAULT, "acme", after(1)))
