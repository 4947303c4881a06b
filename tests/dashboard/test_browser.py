"""The pages in a real browser: what only drawing, clicking and typing can show."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from bench.serving import Dashboard
from dashboard import interview_words as told
from dashboard import ui, words
from storage.ledger import agents, outbox, requests, runs, schema
from storage.ledger.database import Ledger, open_ledger
from storage.ledger.outbox import EffectKind, EffectState
from storage.ledger.requests import State
from tests.dashboard.browser import HOSTILE, Watcher, click_cell, ledger_of, settled, visit
from tests.storage.interviews import invited, pushed

pytestmark = pytest.mark.browser

ROW, HEADER = 38, 36
ROWS = 2400


@contextmanager
def stand_in_agent(found: Dashboard) -> Iterator[None]:
    """An agent that lives and does what is asked in small steps, without any Workable."""
    stop = threading.Event()
    worker = threading.Thread(target=_obey, args=(found, stop))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def _obey(found: Dashboard, stop: threading.Event) -> None:
    ledger = open_ledger(found.ledger_path)
    with ledger.write() as tx:
        agent_id = agents.register(tx, "run", datetime.now(UTC))
    while not stop.wait(0.05):
        with ledger.write() as tx:
            agents.beat(tx, agent_id, datetime.now(UTC))
            waiting = requests.queued(tx)
            for request in waiting:
                requests.claim(tx, request.request_id, agent_id, datetime.now(UTC))
        for request in waiting:
            _do(ledger, request.request_id, stop)
    with ledger.write() as tx:
        agents.stop(tx, agent_id, datetime.now(UTC))
    ledger.close()


def _do(ledger: Ledger, request_id: int, stop: threading.Event) -> None:
    for done in range(0, ROWS, 40):
        with ledger.write() as tx:
            now = datetime.now(UTC)
            if requests.progress(tx, request_id, now=now, done=done, total=ROWS, note="Reading."):
                requests.finish(tx, request_id, State.CANCELLED, "Cancelled. What was read is kept.", now=now)
                return
        stop.wait(0.1)
    with ledger.write() as tx:
        note = f"Read {ROWS} candidates. Nobody was invited."
        requests.finish(tx, request_id, State.DONE, note, now=datetime.now(UTC))


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_a_name_in_the_table_opens_that_customer(page: Page, dashboard: Dashboard) -> None:
    visit(page, dashboard.address("?health=degraded"))
    name = page.get_by_test_id("glide-cell-0-1").first
    expect(name).to_be_attached()
    expected = name.inner_text().strip("\N{WORD JOINER}")
    click_cell(page, page.get_by_test_id("stDataFrame"), row=1, x=60, header=HEADER, height=ROW)

    expect(page.get_by_role("heading", name=expected, level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/customer\?id="))


def test_the_list_of_trouble_opens_a_customer_and_the_way_back_keeps_the_filter(
    page: Page, dashboard: Dashboard
) -> None:
    visit(page, dashboard.address("?health=failing"))
    page.get_by_role("button", name="Open").first.click()
    expect(page).to_have_url(re.compile(r"/customer\?id="))
    page.get_by_role("button", name=words.BACK).click()

    expect(page.get_by_role("heading", name=words.OVERVIEW)).to_be_visible()
    expect(page).to_have_url(re.compile(r"health=failing"))
    expect(page.get_by_test_id("glide-cell-1-0").first).to_have_text("Failing")


def test_a_chosen_filter_stands_in_the_address_and_a_reload_keeps_it(
    page: Page, dashboard: Dashboard
) -> None:
    visit(page, dashboard.address())
    page.get_by_test_id("stButtonGroup").get_by_text("Degraded").click()
    expect(page).to_have_url(re.compile(r"health=degraded"))
    page.reload()

    expect(page.get_by_test_id("glide-cell-1-0").first).to_have_text("Degraded")


def test_the_overview_refreshes_itself_and_leaves_what_is_typed(page: Page, dashboard: Dashboard) -> None:
    visit(page, dashboard.address())
    search = page.get_by_role("searchbox", name="Search")
    search.fill("granite")
    expect(page.get_by_test_id("glide-cell-0-0").first).to_contain_text("Granite Bank")
    with ledger_of(dashboard) as ledger, ledger.write() as tx:
        runs.set_status(tx, "granitebank", candidates=7_654_321)

    expect(page.get_by_test_id("glide-cell-6-0").first).to_have_text("7654321")
    expect(search).to_have_value("granite")


def test_a_test_sync_runs_to_its_result(page: Page, dashboard: Dashboard) -> None:
    with stand_in_agent(dashboard):
        visit(page, dashboard.address("customer?id=aurorahealth"))
        button(page, "Run test sync").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("invites nobody")
        button(dialog, "Run test sync").click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_test_id("stProgress")).to_contain_text("of 2,400")
        expect(button(page, "Run test sync")).to_be_disabled()

        expect(page.get_by_text("Test sync finished")).to_be_visible()
        expect(page.get_by_text("Read 2400 candidates. Nobody was invited.")).to_be_visible()
        expect(button(page, "Run test sync")).to_be_enabled()


def test_a_backfill_shows_progress_and_can_be_cancelled(page: Page, dashboard: Dashboard) -> None:
    with stand_in_agent(dashboard):
        visit(page, dashboard.address("customer?id=blueridgeretail"))
        button(page, "Backfill").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Since a date").click()
        expect(dialog.get_by_text("Candidates created since")).to_be_visible()
        button(dialog, "Start backfill").click()
        expect(page.get_by_test_id("stProgress")).to_contain_text("left")
        button(page, "Cancel").click()

        expect(page.get_by_text("Backfill was cancelled")).to_be_visible()


def test_a_double_click_files_one_request(page: Page, dashboard: Dashboard) -> None:
    with stand_in_agent(dashboard):
        visit(page, dashboard.address("customer?id=granitebank"))
        button(page, "Run test sync").click()
        button(page.get_by_role("dialog"), "Run test sync").dblclick()
        expect(page.get_by_text("Test sync finished")).to_be_visible()
    with ledger_of(dashboard) as ledger, ledger.read() as tx:
        table = schema.requests
        filed = tx.execute(select(table).where(table.c.account_id == "granitebank")).all()

    assert len(filed) == 1


def test_without_an_agent_a_click_starts_one_for_this_task(page: Page, dashboard: Dashboard) -> None:
    visit(page, dashboard.address("customer?id=riverbendmedia"))
    button(page, "Run test sync").click()
    button(page.get_by_role("dialog"), "Run test sync").click()
    expect(
        page.get_by_test_id("stProgress").or_(page.get_by_text("Test sync did not succeed")).first
    ).to_be_visible()

    log = dashboard.data_dir / "private" / "obey.log"
    assert log.exists()
    with ledger_of(dashboard) as ledger, ledger.write() as tx:
        table = schema.requests
        filed = tx.execute(select(table).where(table.c.account_id == "riverbendmedia")).one()
        requests.cancel(tx, filed.request_id, actor="ann@example.com", now=datetime.now(UTC))


def test_revoking_needs_the_typed_name_and_the_dialog_outlives_refreshes(
    page: Page, dashboard: Dashboard
) -> None:
    visit(page, dashboard.address("customer?id=lumenlearning"))
    button(page, "More").click()
    page.get_by_role("menuitem").filter(has_text="Revoke").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The token is destroyed here")
    revoke, typed = button(dialog, "Revoke token"), dialog.get_by_role("textbox")
    expect(revoke).to_be_disabled()
    typed.fill("lumenlearn")
    page.wait_for_timeout(5000)  # two refreshes of the page behind it
    expect(typed).to_have_value("lumenlearn")
    expect(revoke).to_be_disabled()
    typed.fill("lumenlearning")
    expect(revoke).to_be_enabled()
    button(dialog, "Keep token").click()

    expect(dialog).to_have_count(0)
    with ledger_of(dashboard) as ledger, ledger.read() as tx:
        table = schema.requests
        assert tx.execute(select(table).where(table.c.account_id == "lumenlearning")).all() == []


def test_a_job_s_stage_is_chosen_in_the_table_and_saved_by_id(page: Page, dashboard: Dashboard) -> None:
    visit(page, dashboard.address("customer?id=oakfieldinsurance"))
    cell = page.get_by_test_id("glide-cell-1-0").last
    expect(cell).to_have_text("Account default")
    grid = page.get_by_test_id("stDataFrame").last
    click_cell(page, grid, row=0, x=400, header=HEADER, height=36)
    expect(cell).to_have_attribute("aria-selected", "true")
    if not page.get_by_role("option").count():
        page.keyboard.press("Enter")
    page.get_by_role("option", name="Offer", exact=True).click()
    expect(cell).to_have_text("Offer")
    button(page, "Save 1 change").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    with ledger_of(dashboard) as ledger, ledger.read() as tx:
        table = schema.mappings
        mine = (table.c.account_id == "oakfieldinsurance", table.c.job_shortcode != "")
        saved = tx.execute(select(table).where(*mine)).one()
    assert (saved.stage_id, saved.stage_name, saved.saved_by) == ("5", "Offer", "local operator")


def test_a_hostile_name_is_read_literally(page: Page, dashboard: Dashboard) -> None:
    watcher = Watcher(page, dashboard.url)
    visit(page, dashboard.address("customer?id=hostile"))
    heading = page.get_by_role("heading", level=1)

    assert heading.inner_text().replace("\N{WORD JOINER}", "") == HOSTILE
    assert heading.locator("a, strong, span[style*=color]").count() == 0
    assert watcher.errors == []


@pytest.mark.parametrize("width", [1440, 820])
@pytest.mark.parametrize(
    "path", ["", "customer?id=fjordhotels", "customer?id=nobody", "customer?id=deltafreight&tab=Jobs"]
)
def test_no_page_fails_calls_elsewhere_or_is_cut_off(
    page: Page, dashboard: Dashboard, path: str, width: int
) -> None:
    watcher = Watcher(page, dashboard.url)
    page.set_viewport_size({"width": width, "height": 1000})
    visit(page, dashboard.address(path))
    page.wait_for_load_state("networkidle")
    settled(page)

    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("CSV"))).to_have_count(0)  # a name may be a formula
    assert watcher.errors == []
    assert watcher.outside == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_failed_push_is_tried_again_after_a_question(page: Page, dashboard: Dashboard) -> None:
    with ledger_of(dashboard) as ledger, ledger.write() as tx:
        effect = pushed(
            tx,
            EffectKind.RATING,
            EffectState.FAILED,
            account_id="cobaltrobotics",
            sentence="No right to rate.",
        )
    with stand_in_agent(dashboard):
        visit(page, dashboard.address("customer?id=cobaltrobotics&tab=Pushes"))
        expect(page.get_by_test_id("glide-cell-1-0").last).to_have_text("Failed")
        click_cell(page, page.get_by_test_id("stDataFrame").last, row=0, x=16, header=HEADER, height=34)
        button(page, "Retry").click()
        button(page.get_by_role("dialog"), "Try again").click()

        expect(page.get_by_text("It is tried again within seconds.")).to_be_visible()
        expect(page.get_by_test_id("glide-cell-1-0").last).to_have_text("Due")
    with ledger_of(dashboard) as ledger, ledger.read() as tx:
        assert outbox.get(tx, effect).state == EffectState.PLANNED


def test_from_an_invite_one_gets_to_the_reason_for_it(page: Page, dashboard: Dashboard) -> None:
    with ledger_of(dashboard) as ledger, ledger.write() as tx:
        invited(tx, "c0ffee", account_id="evergreenenergy", state="pending", invited_at=datetime.now(UTC))
    visit(page, dashboard.address("customer?id=evergreenenergy&tab=Invites"))
    expect(page.get_by_test_id("glide-cell-2-0").last).to_have_text("c0ffee")
    click_cell(page, page.get_by_test_id("stDataFrame").last, row=0, x=16, header=HEADER, height=34)
    page.get_by_role("button", name=ui.WHY_TAB).click()

    expect(page.get_by_text("and has not begun the interview yet")).to_be_visible()
    expect(page.get_by_role("searchbox", name=told.ASK)).to_have_value("c0ffee")
