"""Stores pages of candidates: the ledger's events first, then rows and cursor in one mirror transaction.

A crash between the two repeats work, never an event.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.flows.pipelines import learn_new_stages
from agent.flows.run import Run
from agent.work import Work
from agent.workable import CandidatePage
from storage.ledger import events, runs
from storage.mirror_candidates import upsert_candidates
from storage.mirror_staging import Changes
from storage.mirror_walks import set_cursor
from storage.records import Candidate

BATCH_ROWS = 2_000
BATCH_SECONDS = 1.0


@dataclass
class Batch:
    """Rows waiting to be stored together; full after two thousand rows or a second, so that little is re-read
    after a crash and few commits are made when pages come fast.
    """

    rows: list[Candidate] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def add(self, page: CandidatePage) -> None:
        self.rows.extend(page.candidates)

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= BATCH_ROWS or time.monotonic() - self.since >= BATCH_SECONDS

    def taken(self) -> list[Candidate]:
        rows, self.rows, self.since = self.rows, [], time.monotonic()
        return rows


def store(
    run: Run,
    rows: list[Candidate],
    *,
    baseline: datetime,
    cursors: Mapping[str, str | None],
    walk_id: str | None = None,
) -> Changes:
    """Store the rows and advance the cursors; counts them in the run's tally."""
    changes = store_rows(
        run.work, rows, run.pipelines_read, baseline=baseline, cursors=cursors, walk_id=walk_id
    )
    _count(run, changes)
    return changes


def store_rows(
    work: Work,
    rows: list[Candidate],
    pipelines_read: set[str],
    *,
    baseline: datetime,
    cursors: Mapping[str, str | None],
    walk_id: str | None = None,
) -> Changes:
    """Store rows of a list, whoever asked for it; `pipelines_read` is as in `learn_new_stages`."""
    now = work.now()
    learn_new_stages(work, rows, pipelines_read)
    if rows:
        with work.ledger_write() as ledger:
            events.observe(ledger, work.account_id, rows, baseline_before=baseline, now=now)
    with work.tools.mirror.transaction() as mirror:
        changes = upsert_candidates(mirror, work.account_id, rows, now=now, walk_id=walk_id)
        for stream, value in cursors.items():
            set_cursor(mirror, work.account_id, stream, value, now=now)
    _note_latest(work, rows, changes)
    return changes


def _count(run: Run, changes: Changes) -> None:
    run.tally.rows_read += changes.read
    run.tally.rows_inserted += changes.inserted
    run.tally.rows_changed += changes.changed


def _note_latest(work: Work, rows: list[Candidate], changes: Changes) -> None:
    """What the page shows as the last change in Workable."""
    if not changes.inserted + changes.changed:
        return
    latest = max((c.updated_at for c in rows if c.updated_at), default=None)
    if latest is not None:
        with work.ledger_write() as tx:
            runs.note_change(tx, work.account_id, latest)
