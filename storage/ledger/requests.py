"""What staff ask the agent to do: one row a request, its progress in the same row.

At most one request of a kind is open for an account (and what it is about, if that is one thing of many), so
a second click finds the first one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from storage.ledger import audit, schema

R = schema.requests
OPEN = ("queued", "running")


class Kind(StrEnum):
    TEST_SYNC = "test_sync"
    SYNC = "sync"
    BACKFILL = "backfill"
    REVOKE = "revoke"
    CONFIRM_DELETIONS = "confirm_deletions"
    SAMPLE_CARD = "sample_card"
    REINVITE = "reinvite"
    PROVISION = "provision"
    VERIFY = "verify"


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Request(msgspec.Struct, frozen=True):
    """`done` of `total` rows (total None: not known yet); `note` is the sentence that staff read."""

    request_id: int
    account_id: str
    kind: str
    subject: str
    args: dict[str, Any]
    state: str
    actor: str
    done: int
    total: int | None
    note: str | None
    result: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    cancel_requested_at: datetime | None
    agent_id: str | None


def _request(row: Row[Any]) -> Request:
    return Request(**{c.name: getattr(row, c.name) for c in R.c})


def file(
    tx: Connection,
    account_id: str,
    kind: Kind,
    args: dict[str, Any],
    *,
    actor: str,
    now: datetime,
    subject: str = "",
) -> tuple[Request, bool]:
    """File a request, or find the open one of that kind and subject. True when it is new."""
    same = (R.c.account_id == account_id, R.c.kind == kind, R.c.subject == subject)
    if existing := tx.execute(select(R).where(*same, R.c.state.in_(OPEN))).first():
        return _request(existing), False
    values = {"account_id": account_id, "kind": kind, "subject": subject, "args": args, "actor": actor}
    row = tx.execute(R.insert().values(state=State.QUEUED, created_at=now, **values).returning(R)).one()
    audit.note(tx, now, actor, account_id, f"{kind}.requested", **args)
    return _request(row), True


def queued(tx: Connection) -> list[Request]:
    """The oldest first."""
    return [
        _request(row)
        for row in tx.execute(select(R).where(R.c.state == State.QUEUED).order_by(R.c.request_id))
    ]


def claim(tx: Connection, request_id: int, agent_id: str, now: datetime) -> bool:
    """Take a queued request; False when another agent was quicker or it was cancelled."""
    waiting = R.update().where(R.c.request_id == request_id, R.c.state == State.QUEUED)
    values = {"state": State.RUNNING, "started_at": now, "heartbeat_at": now, "agent_id": agent_id}
    return tx.execute(waiting.values(**values)).rowcount == 1


def requeue(tx: Connection, request_id: int) -> None:
    """Let it wait for its turn again."""
    running = R.update().where(R.c.request_id == request_id, R.c.state == State.RUNNING)
    tx.execute(running.values(state=State.QUEUED, agent_id=None))


def note(tx: Connection, request_id: int, sentence: str) -> None:
    tx.execute(R.update().where(R.c.request_id == request_id).values(note=sentence))


def get(tx: Connection, request_id: int) -> Request:
    return _request(tx.execute(select(R).where(R.c.request_id == request_id)).one())


def progress(
    tx: Connection, request_id: int, *, now: datetime, done: int, total: int | None, note: str | None
) -> bool:
    """Write how far it is; True when somebody asked to cancel it."""
    values = {"done": done, "total": total, "note": note, "heartbeat_at": now}
    tx.execute(R.update().where(R.c.request_id == request_id).values(**values))
    asked = select(R.c.cancel_requested_at).where(R.c.request_id == request_id)
    return tx.execute(asked).scalar() is not None


def finish(
    tx: Connection,
    request_id: int,
    state: State,
    note: str,
    *,
    now: datetime,
    result: dict[str, Any] | None = None,
    actor: str | None = None,
) -> None:
    """End an open request. `actor` ended it; when left out, the one who asked for it stands in the audit."""
    values = {"state": state, "note": note, "finished_at": now, "result": result}
    done = R.update().where(R.c.request_id == request_id, R.c.state.in_(OPEN)).values(**values)
    if tx.execute(done).rowcount:
        row = get(tx, request_id)
        about = {"subject": row.subject} if row.subject else {}
        audit.note(tx, now, actor or row.actor, row.account_id, f"{row.kind}.{state}", note=note, **about)


def cancel(tx: Connection, request_id: int, *, actor: str, now: datetime) -> None:
    """Ask for the end of a running request, or end a queued one at once."""
    row = get(tx, request_id)
    if row.state == State.QUEUED:
        finish(tx, request_id, State.CANCELLED, "Cancelled before it began.", now=now, actor=actor)
    elif row.state == State.RUNNING and row.cancel_requested_at is None:
        tx.execute(R.update().where(R.c.request_id == request_id).values(cancel_requested_at=now))
        audit.note(tx, now, actor, row.account_id, f"{row.kind}.cancel_requested")


def release_orphans(tx: Connection, now: datetime) -> None:
    """Put requests of a dead agent back in the queue. Call only while holding the agent lock."""
    orphans = R.update().where(R.c.state == State.RUNNING)
    cancelled = {"state": State.CANCELLED, "finished_at": now, "note": "Cancelled."}
    tx.execute(orphans.where(R.c.cancel_requested_at.is_not(None)).values(**cancelled))
    tx.execute(orphans.values(state=State.QUEUED, agent_id=None))
