"""Runs, the freshness of each stream, and the numbers that the dashboard shows of an account."""

from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

R = schema.runs
S = schema.streams
A = schema.account_status
LAST_SYNCS = 6  # five gaps: two odd ones do not decide
PRUNED_AT_ONCE = 10_000  # a fraction of a second, so that nobody else waits long to write


class RunState(StrEnum):
    RUNNING = "running"
    OK = "ok"
    DEGRADED = "degraded"  # some parts failed; the next run tries them again
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # its process died


class Tally(msgspec.Struct):
    """What a run did. Parts: planned = done + skipped + failed + unknown (behaviours B29)."""

    planned: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    unknown: int = 0
    requests: int = 0
    retries: int = 0
    throttled: int = 0
    rows_read: int = 0
    rows_inserted: int = 0
    rows_changed: int = 0
    rows_deleted: int = 0
    bad_rows: int = 0

    def settle(self) -> None:
        """Count what was planned and never reported as unknown, so that it cannot pass for done."""
        self.unknown = self.planned - self.done - self.skipped - self.failed


def start(tx: Connection, account_id: str, kind: str, agent_id: str, now: datetime) -> int:
    values = {"account_id": account_id, "kind": kind, "agent_id": agent_id, "started_at": now}
    row = tx.execute(R.insert().values(state=RunState.RUNNING, **values).returning(R.c.run_id)).one()
    return int(row.run_id)


def finish(
    tx: Connection,
    run_id: int,
    state: RunState,
    tally: Tally,
    *,
    now: datetime,
    error_code: str | None = None,
    error: str | None = None,
) -> None:
    values = msgspec.structs.asdict(tally) | {"error_code": error_code, "error": error}
    tx.execute(R.update().where(R.c.run_id == run_id).values(state=state, finished_at=now, **values))


def usual_gap(tx: Connection, account_id: str) -> timedelta | None:
    """The median time from one sync's start to the next, of the last few; None with fewer than two gaps.

    One sync by hand, or one long downtime, does not count as the schedule.
    """
    syncs = select(R.c.started_at).where(R.c.account_id == account_id, R.c.kind == "sync")
    starts = tx.execute(syncs.order_by(R.c.run_id.desc()).limit(LAST_SYNCS)).scalars().all()
    gaps = [later - earlier for later, earlier in pairwise(starts)]
    return median(gaps) if len(gaps) >= 2 else None


def interrupt_orphans(tx: Connection, now: datetime) -> None:
    """Mark runs that a dead process left behind. Call only while holding the agent lock."""
    sentence = "The process ended in the middle; the next run goes on from there."
    values = {"state": RunState.INTERRUPTED, "finished_at": now, "error": sentence}
    tx.execute(R.update().where(R.c.state == RunState.RUNNING).values(**values))


def prune(tx: Connection, older_than: timedelta, now: datetime) -> bool:
    """Forget a slice of the old runs, oldest first; True when more may be left, for another transaction."""
    old = R.c.started_at < now - older_than
    oldest = select(R.c.run_id).where(old).order_by(R.c.started_at).limit(PRUNED_AT_ONCE)
    return tx.execute(R.delete().where(R.c.run_id.in_(oldest))).rowcount == PRUNED_AT_ONCE


def stream_completed(
    tx: Connection,
    account_id: str,
    stream: str,
    *,
    now: datetime,
    every_seconds: int,
    total: int | None = None,
    changed: int = 0,
) -> None:
    values: dict[str, Any] = {
        "last_tried_at": now,
        "last_completed_at": now,
        "rows_changed": changed,
        "every_seconds": every_seconds,
        "failures_in_a_row": 0,
        "last_error": None,
    }
    if total is not None:
        values["rows_total"] = total
    _upsert_stream(tx, account_id, stream, values)


def stream_failed(
    tx: Connection, account_id: str, stream: str, sentence: str, *, now: datetime, every_seconds: int
) -> None:
    values = {"last_tried_at": now, "last_error": sentence, "last_error_at": now}
    _upsert_stream(tx, account_id, stream, values | {"every_seconds": every_seconds})
    one = (S.c.account_id == account_id, S.c.stream == stream)
    tx.execute(S.update().where(*one).values(failures_in_a_row=S.c.failures_in_a_row + 1))


def _upsert_stream(tx: Connection, account_id: str, stream: str, values: dict[str, Any]) -> None:
    row = insert(S).values(account_id=account_id, stream=stream, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["account_id", "stream"], set_=values))


def due(tx: Connection, account_id: str, stream: str, every: timedelta, now: datetime) -> bool:
    """True when the stream has not been tried within `every`."""
    one = (S.c.account_id == account_id, S.c.stream == stream)
    last = tx.execute(select(S.c.last_tried_at).where(*one)).scalar()
    return last is None or now - last >= every


def forget_streams(tx: Connection) -> None:
    """A new mirror has nothing yet: everything is due."""
    tx.execute(S.delete())


def set_status(tx: Connection, account_id: str, **values: Any) -> None:
    """Write numbers of the account's status row; the keys are its columns."""
    tx.execute(A.update().where(A.c.account_id == account_id).values(**values))


def status(tx: Connection, account_id: str) -> dict[str, Any]:
    row = tx.execute(select(A).where(A.c.account_id == account_id)).one()
    return dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it has the underscore


def note_change(tx: Connection, account_id: str, at: datetime) -> None:
    """Remember the newest change in Workable that was seen."""
    older = A.c.last_change_at.is_(None) | (A.c.last_change_at < at)
    tx.execute(A.update().where(A.c.account_id == account_id, older).values(last_change_at=at))
