"""Encrypts tokens at rest, each bound to its account, with one or more Fernet keys (newest first)."""

import json
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_COMMAND = "python -m agent keygen"


class KeyProblem(Exception):
    """IVW_SECRET_KEY is missing, malformed or not the one that sealed the stored tokens."""


class Vault:
    """`keys` is the value of IVW_SECRET_KEY: Fernet keys with commas; the first seals, all of them open."""

    def __init__(self, keys: str) -> None:
        parts = [k.strip() for k in keys.split(",") if k.strip()]
        if not parts:
            raise KeyProblem(
                f"IVW_SECRET_KEY is not set. Make a key with '{KEY_COMMAND}', keep it safe, "
                "and set IVW_SECRET_KEY or IVW_SECRET_KEY_FILE."
            )
        try:
            fernets = [Fernet(k) for k in parts]
        except ValueError:
            raise KeyProblem(
                "IVW_SECRET_KEY is not a valid key: each one is 44 characters of base64. "
                f"Make one with '{KEY_COMMAND}'."
            ) from None
        self._first, self._fernet = fernets[0], MultiFernet(fernets)

    def seal(self, account_id: str, token: str) -> bytes:
        return self._fernet.encrypt(json.dumps([account_id, token]).encode())

    def open(self, account_id: str, sealed: bytes) -> str:
        """Raises KeyProblem when no key fits or the text was sealed for another account."""
        try:
            owner, token = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise KeyProblem(
                "IVW_SECRET_KEY is not the key that encrypted the stored tokens. "
                "Set the former key too (several may stand there, newest first). If it is lost, give each "
                "account a new token with 'python -m agent reconnect --account NAME'."
            ) from None
        if owner != account_id:
            raise KeyProblem(f"The stored token of {account_id} belongs to another account; reconnect it.")
        return str(token)

    def renewed(self, sealed: bytes) -> bytes | None:
        """The same text sealed with the first key; None when it is already, or when no key opens it."""
        with suppress(InvalidToken):
            self._first.decrypt(sealed)
            return None
        with suppress(InvalidToken):
            return self._fernet.rotate(sealed)
        return None
