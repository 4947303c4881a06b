"""What a click does: it files a request, and sees to it that an agent will take it."""

from datetime import date, datetime, timedelta
from typing import Any

from dashboard import access, words
from storage import reads
from storage.ledger import requests
from storage.ledger.requests import Kind, Request, State

STUCK_AFTER = timedelta(seconds=20)


def test_sync(account_id: str) -> bool:
    return _file(account_id, Kind.TEST_SYNC, {})


def backfill(account_id: str, since: date | None) -> bool:
    return _file(account_id, Kind.BACKFILL, {} if since is None else {"since": since.isoformat()})


def confirm_deletions(account_id: str) -> bool:
    return _file(account_id, Kind.CONFIRM_DELETIONS, {})


def revoke(account_id: str, typed: str) -> bool:
    """Refuses, by filing nothing, unless the account's id was typed: a disabled button protects nothing."""
    return typed.strip() == account_id and _file(account_id, Kind.REVOKE, {})


def _file(account_id: str, kind: Kind, args: dict[str, Any]) -> bool:
    """True when the request is new, False when one of its kind was open already."""
    now = access.now()
    with access.ledger().write() as tx:
        _, is_new = requests.file(tx, account_id, kind, args, actor=words.OPERATOR, now=now)
        is_alive = reads.agent_is_alive(tx, now)
    if not is_alive:
        access.worker().start()
    return is_new


def cancel(request_id: int) -> None:
    with access.ledger().write() as tx:
        requests.cancel(tx, request_id, actor=words.OPERATOR, now=access.now())


def try_again() -> None:
    """Start a one-shot agent for what waits; the requests are in the ledger already."""
    access.worker().start()


def is_stuck(request: Request, now: datetime, *, agent_is_alive: bool) -> bool:
    """True when nobody works on an open request and nobody is going to."""
    if agent_is_alive or request.state not in (State.QUEUED, State.RUNNING):
        return False
    return now - (request.heartbeat_at or request.created_at) > STUCK_AFTER
