"""Walks a paged list: fetches a page ahead of the caller and never runs in a circle."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import msgspec

from agent.errors import BadAnswer
from agent.jsontext import decode, split_rows


class Page(msgspec.Struct, frozen=True):
    """One page; each row is the JSON text that came. `next_url` is None on the last page."""

    rows: list[msgspec.Raw]
    next_url: str | None
    request_url: str


class Paging(msgspec.Struct):
    next: str | None = None


class RowId(msgspec.Struct):
    id: str | int | None = None


# Fetches a URL's page; gives up when the event is set.
Fetch = Callable[[httpx.URL, threading.Event], Page]


def page_of(body: bytes, list_key: str, url: str) -> Page:
    """Raises BadAnswer when the list is missing: that must never look like an empty list."""
    try:
        rows, fields = split_rows(body, list_key)
        paging = decode(fields.get("paging", b"null"), Paging | None)
    except (msgspec.DecodeError, RecursionError):
        raise BadAnswer("The list came cut off or garbled. The agent will ask again.") from None
    except KeyError:
        raise BadAnswer(f"The answer has no list of {list_key}. The agent will ask again.") from None
    return Page(rows=rows, next_url=(paging.next or None) if paging else None, request_url=url)


def walk(first: httpx.URL, fetch: Fetch, own: Callable[[str], httpx.URL]) -> Iterator[Page]:
    """Yield the pages from `first` on, one fetched ahead.

    A problem with a page shows when that page is asked for. Closing the iterator ends the fetch ahead of it.
    """
    abandoned = threading.Event()
    seen: set[str] = set()

    def fetch_new(url: httpx.URL) -> Page:
        if str(url) in seen:
            raise BadAnswer("The list leads back to a page that was read already; the walk was ended.")
        seen.add(str(url))
        return _settled(url, lambda: fetch(url, abandoned))

    with ThreadPoolExecutor(1, "next-page") as ahead:
        try:
            page: Page | None = fetch_new(first)
            while page is not None:
                coming = _start(ahead, page.next_url, lambda address: fetch_new(own(address)))
                yield page
                page = coming.result() if coming else None
        finally:
            abandoned.set()


def _start(
    ahead: ThreadPoolExecutor, next_url: str | None, fetch: Callable[[str], Page]
) -> Future[Page] | None:
    return None if next_url is None else ahead.submit(fetch, next_url)


def _settled(url: httpx.URL, fetch: Callable[[], Page]) -> Page:
    """A page that does not begin where the one before said it would is read twice before it is believed."""
    since = url.params.get("since_id")
    page = fetch()
    if since is None or _first_id(page) == since:
        return page
    page = fetch()
    first = _first_id(page)
    if first is not None and _is_before(first, since):
        raise BadAnswer("A page begins before the row at which it should; the walk was ended.")
    return page


def _first_id(page: Page) -> str | None:
    try:
        found = decode(page.rows[0], RowId).id if page.rows else None
    except msgspec.DecodeError:
        return None
    return None if found is None else str(found)


def _is_before(one: str, other: str) -> bool:
    """Ids count in base 16; others cannot be compared."""
    try:
        return int(one, 16) < int(other, 16)
    except ValueError:
        return False
