"""Which agents live, and which account each of them holds: heartbeats and leases with fencing numbers."""

import os
import socket
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, select

from storage.ledger import schema

A = schema.agents
L = schema.leases

ALIVE_FOR = timedelta(seconds=15)
LEASE_FOR = timedelta(seconds=90)


def register(tx: Connection, kind: str, now: datetime) -> str:
    """Tell that an agent has started; its id."""
    agent_id = f"{kind}-{uuid4().hex[:12]}"
    times = {"started_at": now, "heartbeat_at": now}
    tx.execute(
        A.insert().values(agent_id=agent_id, kind=kind, pid=os.getpid(), host=socket.gethostname(), **times)
    )
    return agent_id


def beat(tx: Connection, agent_id: str, now: datetime) -> None:
    """The agent lives, and keeps the accounts that it holds."""
    tx.execute(A.update().where(A.c.agent_id == agent_id).values(heartbeat_at=now))
    tx.execute(L.update().where(L.c.agent_id == agent_id).values(expires_at=now + LEASE_FOR))


def stop(tx: Connection, agent_id: str, now: datetime) -> None:
    tx.execute(A.update().where(A.c.agent_id == agent_id).values(stopped_at=now))
    tx.execute(L.update().where(L.c.agent_id == agent_id).values(expires_at=now))


def prune(tx: Connection, older_than: timedelta, now: datetime) -> None:
    """Forget agents that ended long ago: under cron each pass is one."""
    tx.execute(A.delete().where(A.c.stopped_at < now - older_than))


def alive(tx: Connection, now: datetime) -> bool:
    """True when some agent has reported within the last seconds and has not stopped."""
    query = select(A.c.agent_id).where(A.c.stopped_at.is_(None), A.c.heartbeat_at > now - ALIVE_FOR)
    return tx.execute(query.limit(1)).first() is not None


def acquire(tx: Connection, account_id: str, agent_id: str, now: datetime) -> int | None:
    """Take the account, or keep it; the fencing number, or None while another agent holds it.

    The number grows with every change of hands, so that a process that slept through one can be told apart.
    """
    row = tx.execute(select(L).where(L.c.account_id == account_id)).first()
    expires = now + LEASE_FOR
    if row is None:
        tx.execute(L.insert().values(account_id=account_id, agent_id=agent_id, fence=1, expires_at=expires))
        return 1
    if row.agent_id != agent_id and row.expires_at > now:
        return None
    fence = row.fence if row.agent_id == agent_id else row.fence + 1
    values = {"agent_id": agent_id, "fence": fence, "expires_at": expires}
    tx.execute(L.update().where(L.c.account_id == account_id).values(**values))
    return int(fence)


def holds(tx: Connection, account_id: str, agent_id: str, fence: int) -> bool:
    """True while the account is still held under that number."""
    held = (L.c.account_id == account_id, L.c.agent_id == agent_id, L.c.fence == fence)
    return tx.execute(select(L.c.fence).where(*held)).first() is not None


def release_dead(tx: Connection, now: datetime) -> None:
    """Free every lease. Call only while holding the agent lock, which proves that no other agent lives."""
    tx.execute(L.update().values(expires_at=now))
    tx.execute(A.update().where(A.c.stopped_at.is_(None)).values(stopped_at=now))
