"""Walks a paged list: fetches a page ahead of the caller and never runs in a circle."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import msgspec

from agent.budget import LOOK_SECONDS
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


PAGES_AHEAD = 4
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
    """Yield the pages from `first` on, the next few fetched meanwhile.

    A problem with a page shows when that page is asked for. Closing the iterator ends the fetching.
    """
    seen: set[str] = set()

    def fetch_new(url: httpx.URL) -> Page:
        if str(url) in seen:
            raise BadAnswer("The list leads back to a page that was read already; the walk was ended.")
        seen.add(str(url))
        return _settled(url, lambda: fetch(url, ahead.abandoned))

    ahead = _Ahead(lambda address: fetch_new(own(address)))
    page = fetch_new(first)
    if page.next_url is None:
        yield page
        return
    with ahead.started(page.next_url):
        yield page
        yield from ahead.pages()


class _Ahead:
    """Fetches pages in a thread of its own, a few more than were asked for."""

    def __init__(self, fetch: Callable[[str], Page]) -> None:
        self.abandoned = threading.Event()
        self._fetch = fetch
        self._fetched: queue.Queue[Page | BaseException] = queue.Queue(PAGES_AHEAD)

    @contextmanager
    def started(self, address: str) -> Iterator[None]:
        thread = threading.Thread(target=self._run, args=(address,), name="next-pages")
        thread.start()
        try:
            yield
        finally:
            self.abandoned.set()
            thread.join()

    def pages(self) -> Iterator[Page]:
        """Up to the last page."""
        while True:
            page = self._fetched.get()
            if isinstance(page, BaseException):
                raise page
            yield page
            if page.next_url is None:
                return

    def _run(self, address: str | None) -> None:
        try:
            while address is not None and not self.abandoned.is_set():
                page = self._fetch(address)
                self._hand_over(page)
                address = page.next_url
        except BaseException as error:  # noqa: BLE001 -- it is raised where the page is asked for
            self._hand_over(error)

    def _hand_over(self, page: Page | BaseException) -> None:
        while not self.abandoned.is_set():
            try:
                self._fetched.put(page, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return


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
