"""Cuts ordered rows into pages whose `next` names the first row of the page that follows."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.api import JSON_TYPE, Call
from sandbox.errors import Refused
from sandbox.stamps import from_hex, hex_id
from sandbox.views import JSON

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
T = TypeVar("T")


def limit_of(call: Call) -> int:
    """More than the maximum is cut to it."""
    text = call.text("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not text.isdigit() or int(text) == 0:
        raise Refused(422, "limit is invalid")
    return min(int(text), MAX_LIMIT)


def bound(call: Call, name: str) -> int | None:
    """`since_id` or `max_id` as a number; ids compare in base 16, not as text."""
    text = call.text(name)
    if text is None:
        return None
    number = from_hex(text)
    if number is None:
        raise Refused(422, f"{name} is invalid")
    return number


def within(call: Call, rows: Sequence[T], number: Callable[[T], int]) -> list[T]:
    """The rows between the two inclusive bounds, in id order."""
    since, until = bound(call, "since_id"), bound(call, "max_id")
    kept = [
        row
        for row in rows
        if (since is None or number(row) >= since) and (until is None or number(row) <= until)
    ]
    return sorted(kept, key=number)


def cut(
    call: Call, key: str, rows: Sequence[T], number: Callable[[T], int], show: Callable[[T], object]
) -> Response:
    """One page of rows that are all at hand."""
    limit = limit_of(call)
    found = within(call, rows, number)
    following = number(found[limit]) if len(found) > limit else None
    return page(call, key, [JSON.encode(show(row)) for row in found[:limit]], following, call.route)


def page(call: Call, key: str, rows: list[bytes], following: int | None, path: str) -> Response:
    """`paging` is there only when something follows."""
    body = b'{"%b":[%b]' % (key.encode(), b",".join(rows))
    if following is not None:
        body += b',"paging":{"next":%b}' % JSON.encode(next_url(call, following, path))
    return Response(body + b"}", media_type=JSON_TYPE)


def next_url(call: Call, following: int, path: str) -> str:
    """Absolute, with the filters that the path does not say already."""
    for name, value in call.path.items():
        path = path.replace(f"{{{name}}}", value)
    said = {"since_id", "limit"} | (
        {"shortcode"} if "{shortcode}" in call.route or "/jobs/" in path else set()
    )
    kept = [(name, value) for name, value in call.query.multi_items() if name not in said]
    query = urlencode([("limit", limit_of(call)), *kept, ("since_id", hex_id(following))])
    return f"{call.base}{path}?{query}"
