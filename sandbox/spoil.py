"""Spoils the bodies of answers: rows that are missing, doubled or odd, and paging that leads astray."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from sandbox.fault_model import Fault

Spoiler = Callable[[Any, Fault, str], None]


def spoil_json(raw: bytes, fault: Fault, url: str) -> bytes:
    """The body after the fault; a body that is no JSON object stays as it is."""
    try:
        content = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw
    SPOILERS[fault.kind](content, fault, url)
    return msgspec.json.encode(content)


def rows_of(content: Any) -> list[Any]:
    """The list of a list answer; of a detail answer the one object in it."""
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        first = next(iter(content.values()), None)
        if isinstance(first, list) and content.keys() - {"paging", "next_cursor"} == {next(iter(content))}:
            return first
        return [content.get("candidate", content)]
    return []


def _short_page(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    rows = rows_of(content)
    del rows[max(0, len(rows) - int(fault.number("rows", 1))) :]


def _empty_rows(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    rows_of(content).clear()


def _duplicate_rows(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    rows = rows_of(content)
    rows[:0] = rows[:1]


def _foreign_next(content: Any, fault: Fault, url: str) -> None:
    parts = urlsplit(content.get("paging", {}).get("next", url))
    host = str(fault.params.get("host", "elsewhere.example.com"))
    content["paging"] = {"next": urlunsplit(parts._replace(netloc=host))}


def _self_next(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    content["paging"] = {"next": url}


def _unknown_fields(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    for row in rows_of(content):
        if isinstance(row, dict):
            row["shiny_new_field"] = {"nested": [1, None, "x"]}


def _unknown_enum(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    name = str(fault.params.get("field", "stage_kind"))
    for row in rows_of(content):
        if isinstance(row, dict) and name in row:
            row[name] = fault.params.get("value", "never_seen_before")


def _wrong_type(content: Any, fault: Fault, url: str) -> None:  # noqa: ARG001 - a Spoiler
    name = str(fault.params.get("field", "updated_at"))
    for row in rows_of(content)[:1]:
        if isinstance(row, dict):
            row[name] = fault.params.get("value", 12)


SPOILERS: dict[str, Spoiler] = {
    "short_page": _short_page,
    "empty_rows": _empty_rows,
    "duplicate_rows": _duplicate_rows,
    "foreign_next": _foreign_next,
    "self_next": _self_next,
    "unknown_fields": _unknown_fields,
    "unknown_enum": _unknown_enum,
    "wrong_type": _wrong_type,
}
