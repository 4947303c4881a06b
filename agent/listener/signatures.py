"""Whether a message was signed with a key shared with its sender; all comparisons take constant time."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

import msgspec

SECRET_PREFIX = "whsec_"  # noqa: S105 -- what each secret begins with, none itself
VERSION = "v1,"
TOLERANCE_SECONDS = 300


class SecretProblem(ValueError):
    """A callback secret that is not one; the message tells how it looks."""


def is_workables(signature: str, body: bytes, keys: Iterable[str]) -> bool:
    """An HMAC-SHA256 of the raw bytes with any of the keys, in hexadecimal digits or base64.

    >>> is_workables(hmac.new(b"k", b"{}", "sha256").hexdigest().upper(), b"{}", ["other", "k"])
    True
    """
    given = signature.strip().encode()
    results = []
    for key in keys:
        mac = hmac.digest(key.encode(), body, hashlib.sha256)
        results.append(hmac.compare_digest(given.lower(), mac.hex().encode()))
        results.append(hmac.compare_digest(given, base64.b64encode(mac)))
    return any(results)


def secret_bytes(secret: str) -> bytes:
    """The key in `whsec_<base64>`. Raises SecretProblem."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise SecretProblem(
            "IVW_PLATFORM_CALLBACK_SECRET is not a callback secret; it looks like whsec_ followed by base64."
        )
    return key


class Signed(msgspec.Struct, frozen=True):
    """The headers of a message signed the standard-webhooks way; `signatures` may be several, with blanks."""

    message_id: str
    timestamp: str
    signatures: str

    @property
    def is_complete(self) -> bool:
        return bool(self.message_id and self.timestamp and self.signatures)


def is_platforms(key: bytes, signed: Signed, body: bytes, now: float) -> bool:
    """True when it was signed with the key, within the tolerance of `now` (Unix time)."""
    if not signed.is_complete or not _is_recent(signed.timestamp, now):
        return False
    content = f"{signed.message_id}.{signed.timestamp}.".encode() + body
    mac = hmac.digest(key, content, hashlib.sha256)
    wanted = VERSION.encode() + base64.b64encode(mac)
    results = [hmac.compare_digest(wanted, one.encode()) for one in signed.signatures.split()]
    return any(results)


def _is_recent(timestamp: str, now: float) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 15):
        return False
    return abs(now - int(timestamp)) <= TOLERANCE_SECONDS
