"""Analysts at the published file while it is made anew: one never lets go, one would write and is killed."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from bench.serving import running
from storage.mirror_errors import StorageProblem
from storage.published import open_published
from tests.dashboard.browser import visit
from tests.e2e.site import PATIENCE_SECONDS, Site, installed

pytestmark = pytest.mark.browser

CANDIDATES = 60
SYNCS = 3
# Analysts are other people: without the rights that root or the agent's own user has.
OTHER_USER = """
import os, sys
import duckdb
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
"""
HOLD = f"""{OTHER_USER}
connection = duckdb.connect("analytics.duckdb", read_only=True)
def count():
    print(connection.execute("SELECT count(*) FROM workable.candidates").fetchone()[0], flush=True)
count()
sys.stdin.readline()
count()
"""
WRITE = f"""{OTHER_USER}
told = set()
while True:
    try:
        duckdb.connect("analytics.duckdb").close()
        end = "opened for writing"
    except duckdb.IOException as error:
        end = str(error).splitlines()[0]
    if end not in told:
        print(end, flush=True)
        told.add(end)
"""


@contextmanager
def analyst(program: str, site: Site) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(site.published_dir)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def published(site: Site, what: str) -> int:
    """The one number that a reader gets who comes now; -1 as long as nothing is published."""
    try:
        connection = open_published(site.published_dir)
    except StorageProblem:
        return -1
    with connection:
        found = connection.execute(f"SELECT {what}").fetchone()
    assert found is not None
    return int(found[0])


def candidates(site: Site) -> int:
    return published(site, "count(*) FROM workable.candidates")


def has_published(site: Site, count: int) -> bool:
    return candidates(site) == count


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def one_who_would_write(site: Site) -> Iterator[None]:
    """Tries all the time from before the block until it is killed, in the middle of whatever it does then."""
    with analyst(WRITE, site) as writer:
        assert "Permission denied" in first_line(writer)
        yield
        writer.send_signal(signal.SIGKILL)
        told, trouble = writer.communicate()
        assert all("Permission denied" in line for line in told.splitlines()), told
        assert (trouble, writer.returncode) == ("", -signal.SIGKILL)


def test_b27_no_sync_page_or_later_reader_suffers_from_analysts(page: Page) -> None:
    with installed("--accounts", "acme:account", "--candidates", str(CANDIDATES), "--rate", "off") as site:
        site.connect("acme")
        with running(site.data_dir, **site.settings) as dashboard, site.daemon():
            site.wait_until(lambda: candidates(site) == CANDIDATES, "all candidates were published")
            with analyst(HOLD, site) as holder:
                assert first_line(holder) == f"{CANDIDATES}\n"
                syncs_while_a_writer_is_killed(site)
                assert holder.communicate("go on\n", PATIENCE_SECONDS) == (f"{CANDIDATES}\n", "")

            visit(page, dashboard.address("customer?id=acme&tab=Runs"))
            expect(page.locator(".stMarkdownBadge").first).to_contain_text("Healthy")
            expect(page.get_by_test_id("stAlert")).to_have_count(0)
        assert published(site, "count(*) FROM sync.runs WHERE state NOT IN ('ok', 'running')") == 0
        assert not re.search(r'"level": "(warning|error)"', site.said()), site.said()


def syncs_while_a_writer_is_killed(site: Site) -> None:
    job = next(iter(site.control("state")["accounts"]["acme"]["jobs"]))
    for n in range(1, SYNCS + 1):
        with one_who_would_write(site):
            site.control("acme/create_candidate", {"job": job})
            site.wait_until(partial(has_published, site, CANDIDATES + n), "the new candidate was published")
    assert candidates(site) == CANDIDATES + SYNCS
