"""Staff at the page, with the real agent behind it and a real server in Workable's place."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Row, select

from bench.serving import Dashboard, running
from storage import reads
from storage.clock import utc_now
from storage.ledger import accounts, agents, schema
from storage.ledger.accounts import AccountState
from tests.dashboard.browser import click_cell, visit
from tests.e2e.site import Site, installed

pytestmark = pytest.mark.browser

CANDIDATES = 1000
ACCOUNTS = (
    "acme:account,globex:oauth,hooli:account,initech:account,umbrella:oauth,northeast:account,northwest:oauth"
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A sandbox with accounts that nobody has connected yet; each test connects accounts of its own."""
    options = ("--candidates", str(CANDIDATES), "--jobs", "3", "--rate", "off")
    with installed("--accounts", ACCOUNTS, *options) as found:
        yield found


@pytest.fixture(scope="module")
def dashboard(site: Site) -> Iterator[Dashboard]:
    with running(site.data_dir, **site.settings) as found:
        yield found


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def cell(page: Page, column: int, row: int) -> Locator:
    return page.get_by_test_id(f"glide-cell-{column}-{row}").first


def alert(page: Page, title: str) -> Locator:
    return page.get_by_test_id("stAlert").filter(has_text=title)


def open_customer(page: Page, dashboard: Dashboard, account_id: str, tab: str = "Runs") -> None:
    visit(page, dashboard.address(f"customer?id={account_id}&tab={tab}"))


def first_sync_is_done(site: Site, account_id: str) -> bool:
    with site.ledger() as ledger, ledger.read() as tx:
        customer = reads.customer(tx, account_id, utc_now())
    return customer is not None and customer.first_sync_done_at is not None


def test_a_test_sync_and_a_backfill_are_done_by_the_agent_that_runs(
    page: Page, site: Site, dashboard: Dashboard
) -> None:
    site.connect("acme")
    with site.daemon():
        site.wait_until(lambda: first_sync_is_done(site, "acme"), "the first sync was done")
        open_customer(page, dashboard, "acme")
        button(page, "Run test sync").click()
        button(page.get_by_role("dialog"), "Run test sync").click()
        expect(alert(page, "Test sync finished")).to_contain_text("Read 50 candidates, 3 jobs")

        slowly = {"kind": "slow_header", "match": "^/acme/spi/v3/candidates$", "times": None}
        site.control("faults", slowly)
        button(page, "Backfill").click()
        button(page.get_by_role("dialog"), "Start backfill").click()
        bar = page.get_by_test_id("stProgress")
        expect(bar).to_contain_text(re.compile(rf"\d+ of {CANDIDATES:,} · about .* left"))
        expect(page.get_by_text(re.compile(r"candidates read, up to those of"))).to_be_visible()
        site.forget_faults()
        expect(alert(page, "Backfill finished")).to_contain_text(f"Read {CANDIDATES:,} candidates")
        expect(bar).to_have_count(0)


def test_a_revoked_token_is_never_used_again(page: Page, site: Site, dashboard: Dashboard) -> None:
    site.connect("initech")
    site.connect("umbrella")
    with site.daemon():
        site.wait_until(lambda: first_sync_is_done(site, "initech"), "the first sync was done")
        open_customer(page, dashboard, "initech")
        button(page, "More").click()
        page.get_by_role("menuitem").filter(has_text="Revoke").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox").fill("initech")
        button(dialog, "Revoke token").click()
        expect(alert(page, "Revoke token finished")).to_contain_text("Token destroyed, syncing stopped")
        expect(page.locator(".stMarkdownBadge").first).to_contain_text("Stopped")
        expect(button(page, "Backfill")).to_be_disabled()

        revoked_at = site.last_entry()
        site.wait_until(
            lambda: len(requests_after(site, "umbrella", revoked_at)) > 6,
            "the other customer was polled several times more",
        )
        assert requests_after(site, "initech", revoked_at) == []
    with site.ledger() as ledger, ledger.read() as tx:
        assert accounts.get(tx, "initech").state == AccountState.REVOKED
        table = schema.tokens
        kept = select(table.c.sealed).where(table.c.account_id == "initech")
        assert tx.execute(kept).scalars().all() == [None]


def requests_after(site: Site, account_id: str, number: int) -> list[dict[str, object]]:
    entries = site.control(f"{account_id}/journal?after={number}")
    return [entry for entry in entries if entry["kind"] == "request"]


def test_without_a_daemon_a_click_starts_an_agent_that_does_it_and_ends(
    page: Page, site: Site, dashboard: Dashboard
) -> None:
    site.connect("hooli")
    open_customer(page, dashboard, "hooli")
    button(page, "Run test sync").click()
    button(page.get_by_role("dialog"), "Run test sync").click()

    expect(alert(page, "Test sync finished")).to_contain_text("Read 50 candidates, 3 jobs")
    site.wait_until(lambda: not an_agent_lives(site), "the agent for this task had ended")
    log = (site.data_dir / "private" / "obey.log").read_text(encoding="utf-8")
    assert "Traceback" not in log


def an_agent_lives(site: Site) -> bool:
    with site.ledger() as ledger, ledger.read() as tx:
        return agents.alive(tx, utc_now())


def test_both_customers_turn_healthy_by_themselves_and_the_counts_follow_workable(
    page: Page, site: Site, dashboard: Dashboard
) -> None:
    site.connect("northeast")
    site.connect("northwest")
    visit(page, dashboard.address("?q=north"))
    expect(cell(page, 1, 0)).to_have_text("Starting")
    with site.daemon():
        for row in range(2):
            expect(cell(page, 1, row)).to_have_text("Healthy")
            expect(cell(page, 6, row)).to_have_text(str(CANDIDATES))
        job = next(iter(site.control("state")["accounts"]["northwest"]["jobs"]))
        site.control("northwest/create_candidate", {"job": job})

        expect(cell(page, 6, 1)).to_have_text(str(CANDIDATES + 1))
        expect(cell(page, 6, 0)).to_have_text(str(CANDIDATES))


def test_a_chosen_stage_is_kept_by_its_id_when_workable_renames_it(
    page: Page, site: Site, dashboard: Dashboard
) -> None:
    site.connect("globex")
    with site.daemon():
        site.wait_until(lambda: first_sync_is_done(site, "globex"), "the first sync was done")
        open_customer(page, dashboard, "globex", "Stage+mapping")
        choose(page, row=0, stage="Interview")
        button(page, "Save 1 change").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        saved = own_mapping(site)
        renaming = {"shortcode": saved.job_shortcode, "slug": saved.stage_slug, "name": "Meet the team"}
        site.control("globex/rename_stage", renaming)
        site.wait_until(
            lambda: "Meet the team" in stage_names(site, saved.job_shortcode), "the agent had read it"
        )
        page.reload()

        expect(page.get_by_test_id("glide-cell-1-0").last).to_have_text("Meet the team")
        expect(alert(page, "is now called")).to_contain_text("“Interview” is now called “Meet the team”")
        assert own_mapping(site).stage_id == saved.stage_id


def choose(page: Page, *, row: int, stage: str) -> None:
    """A stage in the mapping editor, which is a drawing with an editor that opens over it."""
    chosen = page.get_by_test_id(f"glide-cell-1-{row}").last
    expect(chosen).to_contain_text("Account default")
    click_cell(page, page.get_by_test_id("stDataFrame").last, row=row, x=400, header=36, height=36)
    expect(chosen).to_have_attribute("aria-selected", "true")
    if not page.get_by_role("option").count():
        page.keyboard.press("Enter")
    page.get_by_role("option", name=stage, exact=True).click()
    expect(chosen).to_have_text(stage)


def own_mapping(site: Site) -> Row[Any]:
    table = schema.mappings
    with site.ledger() as ledger, ledger.read() as tx:
        return tx.execute(select(table).where(table.c.account_id == "globex")).one()


def stage_names(site: Site, shortcode: str) -> list[str]:
    with site.ledger() as ledger, ledger.read() as tx:
        return [stage["name"] for stage in reads.pipelines(tx, "globex")[shortcode]]
