"""The key of a data folder: another one is refused, a rotation comes to an end, a lost one can be given up."""

import pytest
from cryptography.fernet import Fernet

from storage.ledger import accounts, marks, schema
from storage.ledger.database import Ledger
from storage.vault import KeyProblem, Vault
from tests.storage.ledgers import KEY, TOKEN, after, connect, rows

NEW, NEWEST = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def two_accounts(ledger: Ledger) -> None:
    """Sealed with KEY, one of them with a token that was replaced and a third one destroyed."""
    with ledger.write() as tx:
        marks.check_key(tx, Vault(KEY))
        connect(tx, "acme", token="invented-token-0000")
        connect(tx, "acme", at=after(1))
        connect(tx, "globex")
        connect(tx, "initech")
        accounts.destroy_tokens(tx, "initech", after(2))


def test_another_key_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    with ledger.write() as tx:
        before = rows(tx, schema.meta) + rows(tx, schema.tokens)
        with pytest.raises(KeyProblem):
            marks.check_key(tx, Vault(NEW))
        assert rows(tx, schema.meta) + rows(tx, schema.tokens) == before


def test_after_one_start_with_both_keys_the_new_one_alone_opens_everything(ledger: Ledger) -> None:
    with ledger.write() as tx:
        marks.check_key(tx, Vault(f"{NEW},{KEY}"))
        alone = Vault(NEW)
        marks.check_key(tx, alone)
        sealed = [(k["account_id"], k["sealed"]) for k in rows(tx, schema.tokens)]
        opened = [text and alone.open(account_id, text) for account_id, text in sealed]
        assert opened == ["invented-token-0000", TOKEN, TOKEN, None]
        with pytest.raises(KeyProblem):
            marks.check_key(tx, Vault(KEY))


def test_a_start_with_the_key_that_fits_seals_nothing_anew(ledger: Ledger) -> None:
    with ledger.write() as tx:
        before = rows(tx, schema.meta) + rows(tx, schema.tokens)
        marks.check_key(tx, Vault(f"{KEY},{NEW}"))
        assert rows(tx, schema.meta) + rows(tx, schema.tokens) == before


def test_a_lost_key_is_given_up_only_when_asked_and_its_tokens_do_not_hinder_the_next_rotation(
    ledger: Ledger,
) -> None:
    with ledger.write() as tx:
        marks.check_key(tx, Vault(NEW), adopt=True)
        marks.check_key(tx, Vault(NEW))
        with pytest.raises(KeyProblem, match="python -m agent reconnect --account NAME"):
            accounts.token(tx, Vault(NEW), "acme")
        marks.check_key(tx, Vault(f"{NEWEST},{NEW}"))
        marks.check_key(tx, Vault(NEWEST))
        assert accounts.token(tx, Vault(KEY), "acme") == TOKEN
