"""What a click does: it files a request or decides about a push, and sees to it that an agent will act."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from dashboard import access, words
from storage import reads
from storage.ledger import interventions, requests
from storage.ledger.interventions import InterventionProblem
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


def verify(account_id: str) -> bool:
    return _file(account_id, Kind.VERIFY, {})


def sample_card(account_id: str, candidate_id: str) -> bool:
    return _file(account_id, Kind.SAMPLE_CARD, {"candidate_id": candidate_id})


def reinvite(account_id: str, candidate_id: str) -> bool:
    return _file(account_id, Kind.REINVITE, {"candidate_id": candidate_id}, subject=candidate_id)


def provision(account_id: str, *, recruiters: bool) -> bool:
    return _file(account_id, Kind.PROVISION, {"preview": False, "recruiters": recruiters})


def preview_provision(account_id: str, *, recruiters: bool) -> bool:
    return _file(
        account_id, Kind.PROVISION, {"preview": True, "recruiters": recruiters}, subject=words.PREVIEW
    )


class Act(Protocol):
    """What `interventions` offers; it answers with a sentence and raises InterventionProblem."""

    def __call__(self, tx: Connection, key: int, /, *, actor: str, now: datetime) -> str: ...


def retry(effect_ids: Iterable[int]) -> tuple[list[str], list[str]]:
    return _each(interventions.retry, effect_ids)


def drop(effect_ids: Iterable[int]) -> tuple[list[str], list[str]]:
    return _each(interventions.drop, effect_ids)


def cancel_invite(invite_id: int) -> tuple[list[str], list[str]]:
    return _each(interventions.cancel_invite, [invite_id])


def _each(act: Act, keys: Iterable[int]) -> tuple[list[str], list[str]]:
    """Do it to each by itself; the sentences of what was done, and of what could not be."""
    done, problems = [], []
    now = access.now()
    for key in keys:
        try:
            with access.ledger().write() as tx:
                done.append(act(tx, key, actor=words.OPERATOR, now=now))
        except InterventionProblem as problem:
            problems.append(str(problem))
    _see_to_it(now)
    return done, problems


def _file(account_id: str, kind: Kind, args: dict[str, Any], *, subject: str = "") -> bool:
    """True when the request is new, False when one of its kind was open already."""
    now = access.now()
    with access.ledger().write() as tx:
        _, is_new = requests.file(tx, account_id, kind, args, actor=words.OPERATOR, now=now, subject=subject)
    _see_to_it(now)
    return is_new


def _see_to_it(now: datetime) -> None:
    """Without a living agent a one-shot one is started, so that a click works under cron too."""
    with access.ledger().read() as tx:
        is_alive = reads.agent_is_alive(tx, now)
    if not is_alive:
        access.worker().start()


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
