"""Mirrors what changes seldom: jobs, their pipelines, members and recruiters.

Jobs are asked for by `updated_after` on each poll and listed in full now and then. Pipelines cost one request
a job, so they are read when a job is new or changed and then in turn, a few at a time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from agent.errors import AgentError, NotFound, TryLater
from agent.flows.pipelines import (
    PIPELINE,
    Pipeline,
    PipelineRead,
    read_pipeline,
    store_pipelines,
    whole,
)
from agent.flows.run import Run, StreamResult
from agent.work import Work
from storage import mirror_lists, mirror_reads
from storage.ledger import accounts, runs
from storage.mirror_reads import StoredJob
from storage.mirror_walks import cursor, cursors_like, set_cursor

T = TypeVar("T")

JOBS = "jobs"
PARTNER = "partner"  # the kind of token
JOBS_FULL = "jobs:full"
OLD_AT_ONCE = 2  # pipelines read again in one poll, because they are old or their job has changed
STORED_TOGETHER = 10
NEW_AT_ONCE = 20  # pipelines read for the first time in one poll


def read_catalogue(run: Run, *, new_at_once: int = NEW_AT_ONCE) -> None:
    """Read every stream that is due, each as a part of the run."""
    settings = run.work.tools.settings
    when_due(run, "account", settings.pipeline_seconds, lambda: _account(run))
    run.part("jobs", settings.poll_seconds, lambda: _jobs(run))
    when_due(run, "stages", settings.metadata_seconds, lambda: _default_pipeline(run))
    when_due(run, "members", settings.metadata_seconds, lambda: _members(run))
    when_due(run, "recruiters", settings.metadata_seconds, lambda: _recruiters(run))
    run.part("pipelines", settings.pipeline_seconds, lambda: _pipelines(run, new_at_once))


def when_due(run: Run, stream: str, every: int, action: Callable[[], StreamResult]) -> None:
    """Do the stream as a part of the run if its interval has passed, else skip it."""
    with run.work.tools.ledger.read() as tx:
        due = runs.due(tx, run.work.account_id, stream, timedelta(seconds=every), run.work.now())
    if due:
        run.part(stream, every, action)
    else:
        run.skip()


def _jobs(run: Run) -> StreamResult:
    work, start = run.work, run.work.server_now()
    after, is_full = _jobs_after(work, start)
    rows = work.workable.jobs(updated_after=after)
    run.tally.bad_rows += rows.bad_rows
    with work.tools.mirror.transaction() as tx:
        changes = mirror_lists.upsert_jobs(tx, work.account_id, rows, now=work.now())
        set_cursor(tx, work.account_id, JOBS, start.isoformat(), now=work.now())
        if is_full:
            set_cursor(tx, work.account_id, JOBS_FULL, start.isoformat(), now=work.now())
        total = len(mirror_reads.jobs(tx, work.account_id))
    return StreamResult(changes.inserted + changes.changed, total)


def _jobs_after(work: Work, start: datetime) -> tuple[datetime | None, bool]:
    settings = work.tools.settings
    with work.tools.mirror.transaction() as tx:
        mark = cursor(tx, work.account_id, JOBS)
        full = cursor(tx, work.account_id, JOBS_FULL)
    every = timedelta(seconds=settings.pipeline_seconds)
    if mark is None or full is None or start - datetime.fromisoformat(full) >= every:
        return None, True
    return datetime.fromisoformat(mark) - timedelta(seconds=settings.overlap_seconds), False


def _default_pipeline(run: Run) -> StreamResult:
    read = read_pipeline(run.work, "")
    return StreamResult(store_pipelines(run.work, [read]), len(read.stages))


def _pipelines(run: Run, new_at_once: int) -> StreamResult:
    """Stored a few at a time: each commit costs more than a request."""
    work, changed, failed = run.work, 0, None
    read: list[Pipeline] = []
    for job in _to_read(work, new_at_once):
        try:
            read.append(read_pipeline(work, job.shortcode, job.updated_at))
        except NotFound:
            _drop_if_gone(work, job)
        except TryLater as error:  # the other jobs' pipelines can be read all the same
            failed = failed or error
        if len(read) == STORED_TOGETHER:
            changed += store_pipelines(work, read)
            read.clear()
    changed += store_pipelines(work, read) if read else 0
    if failed is not None:
        raise failed
    return StreamResult(changed)


def _drop_if_gone(work: Work, job: StoredJob) -> None:
    """Its stages were not found; asked a second time, a job that is still there shows itself."""
    try:
        work.workable.job_stages(job.shortcode)
    except NotFound:
        with work.tools.mirror.transaction() as tx:
            mirror_lists.mark_jobs_deleted(tx, work.account_id, [job.shortcode], now=work.now())


def _to_read(work: Work, new_at_once: int) -> list[StoredJob]:
    """Pipelines never read, live jobs' first; then a few whose job has changed or whose reading is old."""
    with work.tools.mirror.transaction() as tx:
        jobs = mirror_reads.jobs(tx, work.account_id)
        stored = cursors_like(tx, work.account_id, PIPELINE)
    read = {key: msgspec.json.decode(value, type=PipelineRead) for key, value in stored.items()}
    unread = [job for job in jobs if PIPELINE + job.shortcode not in read]
    unread.sort(key=lambda job: not job.is_live)
    horizon = work.now() - timedelta(seconds=work.tools.settings.pipeline_seconds)
    again = [
        (read[PIPELINE + job.shortcode].read_at, job)
        for job in jobs
        if PIPELINE + job.shortcode in read and _is_stale(job, read[PIPELINE + job.shortcode], horizon)
    ]
    again.sort(key=lambda pair: pair[0])
    return unread[:new_at_once] + [job for _, job in again[:OLD_AT_ONCE]]


def _is_stale(job: StoredJob, read: PipelineRead, horizon: datetime) -> bool:
    return read.read_at < horizon or read.job_updated_at != job.updated_at


def _members(run: Run) -> StreamResult:
    """Partner tokens may not see members or recruiters; that is no failure."""
    work = run.work
    members = _unless_closed(work, lambda: whole(work.workable.members(), "members"))
    with work.tools.mirror.transaction() as tx:
        changes = mirror_lists.replace_members(tx, work.account_id, members, now=work.now())
    return StreamResult(changes.inserted + changes.changed, len(members))


def _recruiters(run: Run) -> StreamResult:
    work = run.work
    recruiters = _unless_closed(work, lambda: whole(work.workable.recruiters(), "recruiters"))
    with work.tools.mirror.transaction() as tx:
        changes = mirror_lists.replace_recruiters(tx, work.account_id, recruiters, now=work.now())
    return StreamResult(changes.inserted + changes.changed, len(recruiters))


def _unless_closed(work: Work, listing: Callable[[], Sequence[T]]) -> Sequence[T]:
    try:
        return listing()
    except AgentError as error:
        if error.code == "forbidden" and work.account.token_kind == PARTNER:
            return []
        raise


def _account(run: Run) -> StreamResult:
    """Keep the company's name as Workable has it now."""
    account = run.work.workable.account()
    with run.work.tools.mirror.transaction() as tx:
        mirror_lists.set_account(tx, run.work.account_id, account, now=run.work.now())
    with run.work.ledger_write() as ledger:
        accounts.rename(ledger, run.work.account_id, account.name)
    return StreamResult(0, 1)
