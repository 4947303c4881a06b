"""Accounts: connecting, tokens that never show, and the state that decides whether one is synced."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from storage.ledger import accounts, problems, schema
from storage.ledger.accounts import AccountState, NewToken, NoSuchAccount
from storage.ledger.database import Ledger
from storage.vault import KeyProblem, Vault
from tests.storage.ledgers import KEY, NOON, TOKEN, after, audit_actions, connect, rows


def open_codes(tx: Connection) -> set[tuple[str, str]]:
    return {
        (row["account_id"], row["code"]) for row in rows(tx, schema.problems) if row["resolved_at"] is None
    }


def test_a_connected_account_is_active_and_its_token_opens(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert connect(tx) is True
        account = accounts.get(tx, "acme")
        assert (account.name, account.region, account.state) == ("Acme", "us", AccountState.ACTIVE)
        assert account.scopes == {"r_jobs": True, "w_candidates": None}
        assert accounts.token(tx, Vault(KEY), "acme") == TOKEN


def test_connecting_again_replaces_the_token_and_keeps_the_rest(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        accounts.set_state(tx, "acme", AccountState.RECONNECT, "Workable refuses the token.", after(1))
        assert (
            connect(tx, token="invented-token-9999", member_id=None, at=after(2), actor="bob@example.com")
            is False
        )
        (row,) = rows(tx, schema.accounts)
        assert (row["state"], row["state_since"], row["state_reason"]) == ("active", after(2), None)
        assert (row["member_id"], row["connected_at"], row["connected_by"]) == ("m1", NOON, "ann@example.com")
        assert [(k["last_four"], k["replaced_at"]) for k in rows(tx, schema.tokens)] == [
            ("4321", after(2)),
            ("9999", None),
        ]
        assert accounts.token(tx, Vault(KEY), "acme") == "invented-token-9999"
        assert audit_actions(tx) == [
            ("ann@example.com", "account.connected"),
            ("bob@example.com", "account.reconnected"),
        ]


def test_a_new_token_closes_what_was_wrong_with_the_old_one_and_nothing_else(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        for code in ("token_refused", "token_expired", "forbidden", "stage_gone"):
            problems.report(tx, "acme", code, "Something.", now=NOON)
        problems.report(tx, "globex", "token_refused", "Something.", now=NOON)
        connect(tx, at=after(1))
        assert open_codes(tx) == {("acme", "stage_gone"), ("globex", "token_refused")}


def test_b46_a_new_token_does_not_show_when_printed() -> None:
    token = NewToken(TOKEN, "account", {})
    for shown in (repr(token), str(token), f"{token}", repr([token]), repr(list(token.__rich_repr__()))):
        assert "invented" not in shown
        assert "account" in shown


def test_b46_neither_the_file_nor_the_audit_trail_holds_a_token_in_clear(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        assert TOKEN not in repr(rows(tx, schema.audit))
    ledger.close()
    for path in ledger.path.parent.iterdir():
        assert TOKEN.encode() not in path.read_bytes(), path.name


def test_a_sealed_token_copied_to_another_account_does_not_open(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        connect(tx, "globex")
        sealed = rows(tx, schema.tokens)[0]["sealed"]
        tx.execute(schema.tokens.update().where(schema.tokens.c.account_id == "globex").values(sealed=sealed))
        with pytest.raises(KeyProblem, match="belongs to another account"):
            accounts.token(tx, Vault(KEY), "globex")


def test_b28_destroyed_tokens_are_gone_but_their_last_four_characters(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        connect(tx, token="invented-token-9999", at=after(1))
        accounts.destroy_tokens(tx, "acme", after(2))
        assert accounts.token(tx, Vault(KEY), "acme") is None
        kept = [(k["sealed"], k["last_four"], k["destroyed_at"]) for k in rows(tx, schema.tokens)]
        assert kept == [(None, "4321", after(2)), (None, "9999", after(2))]


def test_the_state_is_as_old_as_its_last_change(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        for minute in (1, 2):
            accounts.set_state(tx, "acme", AccountState.RECONNECT, f"Reason {minute}.", after(minute))
        (row,) = rows(tx, schema.accounts)
        assert (row["state_since"], row["state_reason"]) == (after(1), "Reason 1.")


def test_two_tokens_cannot_be_current_at_once(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
    again = {"account_id": "acme", "last_four": "4321", "kind": "account", "scopes": {}, "stored_at": NOON}
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.execute(schema.tokens.insert().values(**again))


def test_accounts_are_listed_by_name(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for name in ("globex", "acme"):
            connect(tx, name)
        assert [account.account_id for account in accounts.listing(tx)] == ["acme", "globex"]


def test_an_account_that_is_not_connected_is_answered_with_those_that_are(ledger: Ledger) -> None:
    with ledger.write() as tx:
        with pytest.raises(NoSuchAccount) as none_yet:
            accounts.get(tx, "acme")
        connect(tx)
        connect(tx, "globex")
        with pytest.raises(NoSuchAccount) as misspelled:
            accounts.get(tx, "acm")
    how = "Connect it with 'python -m agent connect --subdomain NAME'."
    assert str(none_yet.value) == f"No account 'acme' is connected (connected: none yet). {how}"
    assert str(misspelled.value) == f"No account 'acm' is connected (connected: acme, globex). {how}"


def test_b26_the_baseline_is_set_once_and_stays(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        assert accounts.baseline(tx, "acme", after(1)) == after(1)
        assert accounts.baseline(tx, "acme", after(9)) == after(1)
        connect(tx, at=after(10))
        assert accounts.baseline(tx, "acme", after(11)) == after(1)
