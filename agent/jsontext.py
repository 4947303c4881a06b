"""JSON kept as the other side's own bytes: split into rows without decoding, tolerant of broken escapes."""

import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

# One escape after another, so that an escaped backslash is never taken for the start of the next escape.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?P<nul>\\u0000)|\\.",
    re.DOTALL,
)


def decode(text: bytes | msgspec.Raw, kind: type[T] | Any) -> T | Any:
    """Decode strictly, but read half of a surrogate pair as U+FFFD instead of failing.

    Raises msgspec.ValidationError for another type, msgspec.DecodeError or RecursionError for broken JSON.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = mend_surrogates(bytes(text))
        if mended == text:
            raise
        return msgspec.json.decode(mended, type=kind)


def mend_surrogates(text: bytes) -> bytes:
    r"""Write `\ufffd` for each escaped lone surrogate; everything stays where it is.

    >>> mend_surrogates(rb'"a\ud800b \ud83d\ude00 \\ud800"')
    b'"a\\ufffdb \\ud83d\\ude00 \\\\ud800"'
    """
    if rb"\u" not in text:
        return text
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], text)


def drop_nuls(text: bytes) -> bytes:
    r"""Leave out escaped NUL characters.

    >>> drop_nuls(rb'"a\u0000b \\u0000"')
    b'"ab \\\\u0000"'
    """
    return _ESCAPE.sub(lambda found: b"" if found["nul"] else found[0], text)


def split_rows(body: bytes, key: str) -> tuple[list[msgspec.Raw], dict[str, msgspec.Raw]]:
    """The elements of the list under `key`, byte for byte as they came, and the object's members.

    Raises KeyError when there is no such key, msgspec.DecodeError or RecursionError when it is no list.
    """
    try:
        return _split(body, key)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = mend_surrogates(body)
        rows, fields = _split(mended, key)
        return _same_places(rows, mended, body), fields


def _split(body: bytes, key: str) -> tuple[list[msgspec.Raw], dict[str, msgspec.Raw]]:
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.decode(fields[key], type=list[msgspec.Raw]), fields


def _same_places(rows: list[msgspec.Raw], mended: bytes, body: bytes) -> list[msgspec.Raw]:
    """The originals of rows that were cut from a mended body: mending moves nothing."""
    originals, start = [], 0
    for row in rows:
        start = mended.index(bytes(row), start)
        end = start + len(bytes(row))
        originals.append(msgspec.Raw(body[start:end]))
        start = end
    return originals
