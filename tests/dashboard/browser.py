"""Starts a real dashboard process and opens its pages in Debian's chromium; for other tests to use too."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, Request, expect, sync_playwright

from bench import seed_ledger
from bench.serving import Dashboard, running
from storage.ledger.database import Ledger, open_ledger

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
HOSTILE = '<script>alert("x")</script> :red[y] **z** [w](https://evil.example/)'

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One dashboard for all tests, with customers in every state; each test acts on a customer of its own."""
    data_dir = tmp_path_factory.mktemp("dashboard")
    ledger = open_ledger(data_dir / "private" / "ledger.sqlite3")
    now = datetime.now(UTC)
    seed_ledger.seed(ledger, 20, now)
    with ledger.write() as tx:
        seed_ledger.customer(tx, seed_ledger.vault(), "hostile", HOSTILE, kind="failing", now=now)
    ledger.close()
    with running(data_dir) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module: its event loop must be gone before other modules' tests begin."""
    if not CHROMIUM.exists():
        pytest.skip("There is no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh visitor with an empty cache and a wide window."""
    visitor = chromium.new_context(
        viewport={"width": 1440, "height": 1000}, locale="en-GB", timezone_id="UTC"
    )
    yield visitor.new_page()
    visitor.close()


def settled(page: Page) -> None:
    """Wait until the page is connected and its script has ended."""
    state = '[data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
    page.locator(f'[data-testid="stApp"]{state}').wait_for()


def visit(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)


def resting_box(page: Page, element: Locator) -> FloatRect:
    """Where the element is once it has stopped moving: charts that load late push tables down."""
    element.scroll_into_view_if_needed()
    box, still = element.bounding_box(), 0
    while still < 4:
        page.wait_for_timeout(100)
        now = element.bounding_box()
        still, box = (still + 1, box) if now == box else (0, now)
    assert box is not None
    return box


def click_cell(page: Page, grid: Locator, *, row: int, x: float, header: float, height: float) -> None:
    """Click into a table, which is one drawing: only a position can be clicked."""
    box = resting_box(page, grid)
    page.mouse.click(box["x"] + x, box["y"] + header + height * (row + 0.5))


class Watcher:
    """Notes what a page must never do: errors, and requests to anywhere but the dashboard."""

    def __init__(self, page: Page, url: str) -> None:
        self.errors: list[str] = []
        self.outside: list[str] = []
        self._own = (f"{url}/", "data:", "blob:")
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._note)
        page.on(
            "console", lambda m: self.errors.append(m.text) if "Content Security Policy" in m.text else None
        )

    def _note(self, request: Request) -> None:
        if not request.url.startswith(self._own):
            self.outside.append(request.url)


@contextmanager
def ledger_of(found: Dashboard) -> Iterator[Ledger]:
    """The dashboard's ledger, opened from the test's own process."""
    opened = open_ledger(found.ledger_path)
    try:
        yield opened
    finally:
        opened.close()
