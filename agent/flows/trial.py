"""Test sync: reads a little of everything and tells what came, without moving any watermark."""

from itertools import islice
from typing import Any

from agent.budget import Lane
from agent.flows import board, catalogue
from agent.flows.candidates import baseline
from agent.flows.run import Run, StreamResult, running
from agent.flows.storing import store
from agent.work import Work
from storage.ledger import runs

FIRST = 50


def trial(work: Work) -> tuple[str, dict[str, Any]]:
    """Read jobs, members and the first 50 candidates; a sentence for staff and the figures behind it.

    Raises AgentError when the account cannot be read.
    """
    with running(work, "test_sync") as run:
        catalogue.read_catalogue(run, new_at_once=0)
        run.part("test_sync", None, lambda: _first_candidates(run))
    board.refresh(work)
    if run.error is not None:
        raise run.error
    with work.tools.ledger.read() as tx:
        status = runs.status(tx, work.account_id)
    figures = {
        "candidates": run.tally.rows_read,
        "jobs": status["jobs"],
        "live_jobs": status["live_jobs"],
        "members": status["members"],
        "bad_rows": run.tally.bad_rows,
        "requests": run.tally.requests,
    }
    return _sentence(figures), figures


def _first_candidates(run: Run) -> StreamResult:
    pages = run.work.workable.candidates(limit=FIRST, lane=Lane.READS)
    for page in islice(pages, 1):
        run.tally.bad_rows += page.bad_rows
        changes = store(run, page.candidates[:FIRST], baseline=baseline(run.work), cursors={})
        return StreamResult(changes.inserted + changes.changed, changes.read)
    return StreamResult()


def _sentence(figures: dict[str, Any]) -> str:
    read = (
        f"Read {figures['candidates']} candidates, {figures['jobs']} jobs ({figures['live_jobs']} live) "
        f"and {figures['members']} members with {figures['requests']} requests. Nobody was invited."
    )
    if figures["bad_rows"]:
        return f"{read} {figures['bad_rows']} rows could not be read and were left out."
    return f"{read} Everything could be read."
