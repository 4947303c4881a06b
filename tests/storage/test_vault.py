"""The vault: only the right key opens a token, and only for the account it was sealed for."""

import pytest
from cryptography.fernet import Fernet

from storage.vault import KeyProblem, Vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_sealed_token_opens_again_and_does_not_show() -> None:
    sealed = Vault(NEW).seal("acme", "invented-token")
    assert b"invented" not in sealed
    assert Vault(NEW).open("acme", sealed) == "invented-token"


def test_the_same_token_is_sealed_differently_each_time() -> None:
    vault = Vault(NEW)
    assert vault.seal("acme", "invented-token") != vault.seal("acme", "invented-token")


def test_after_a_rotation_the_former_key_still_opens_and_the_newest_seals() -> None:
    before = Vault(OLD).seal("acme", "invented-token")
    rotated = Vault(f" {NEW} , {OLD},")
    assert rotated.open("acme", before) == "invented-token"
    assert Vault(NEW).open("acme", rotated.seal("acme", "another")) == "another"


def test_another_key_is_refused_with_both_ways_out() -> None:
    sealed = Vault(OLD).seal("acme", "invented-token")
    with pytest.raises(KeyProblem) as problem:
        Vault(NEW).open("acme", sealed)
    assert str(problem.value) == (
        "IVW_SECRET_KEY is not the key that encrypted the stored tokens. "
        "Set the former key too (several may stand there, newest first). If it is lost, give each "
        "account a new token with 'python -m agent reconnect --account NAME'."
    )


def test_what_a_former_key_sealed_is_renewed_so_that_the_newest_key_alone_opens_it() -> None:
    renewed = Vault(f"{NEW},{OLD}").renewed(Vault(OLD).seal("acme", "invented-token"))
    assert renewed is not None
    assert Vault(NEW).open("acme", renewed) == "invented-token"


def test_what_the_first_key_sealed_or_no_key_opens_is_not_renewed() -> None:
    assert Vault(f"{NEW},{OLD}").renewed(Vault(NEW).seal("acme", "invented-token")) is None
    assert Vault(NEW).renewed(Vault(OLD).seal("acme", "invented-token")) is None


def test_a_token_moved_to_another_account_does_not_open() -> None:
    sealed = Vault(NEW).seal("acme", "invented-token")
    with pytest.raises(KeyProblem) as problem:
        Vault(NEW).open("globex", sealed)
    assert str(problem.value) == "The stored token of globex belongs to another account; reconnect it."


@pytest.mark.parametrize("keys", ["", "  ", " , "])
def test_a_missing_key_says_how_to_make_one(keys: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        Vault(keys)
    assert str(problem.value).startswith(
        "IVW_SECRET_KEY is not set. Make a key with 'python -m agent keygen'"
    )


@pytest.mark.parametrize(
    "keys", ["hush", f"{NEW},hush", "hüsh", NEW[:-1]], ids=["short", "second", "umlaut", "cut"]
)
def test_a_malformed_key_is_refused_and_not_shown(keys: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        Vault(keys)
    assert str(problem.value) == (
        "IVW_SECRET_KEY is not a valid key: each one is 44 characters of base64. "
        "Make one with 'python -m agent keygen'."
    )
