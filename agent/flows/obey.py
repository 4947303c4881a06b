"""Does what staff ask for: takes a request, writes its progress while at it, and how it ended."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.errors import AgentError, NeedsPerson, Stopped, UsageProblem
from agent.flows import account, provision, sample
from agent.flows.candidates import WalkKind
from agent.flows.reinvite import reinvite
from agent.flows.revoke import STILL_TO_DO, revoke
from agent.flows.run import Cancelled
from agent.flows.trial import trial
from agent.flows.verify import verify
from agent.work import Tools, Work
from storage import mirror_reads
from storage.ledger import accounts, requests
from storage.ledger.accounts import AccountState
from storage.ledger.requests import Kind, Request, State

log = logging.getLogger(__name__)
Outcome = tuple[str, dict[str, Any]]
WRITE_EVERY_SECONDS = 0.5


@dataclass
class Progress:
    """Writes how far a request is, at most twice a second, and learns whether it was cancelled."""

    work: Work
    request: Request
    total: int | None
    written_at: float = 0.0

    def __call__(self, done: int, newest: datetime | None) -> None:
        if time.monotonic() - self.written_at < WRITE_EVERY_SECONDS:
            return
        self.written_at = time.monotonic()
        reached = f", up to those of {newest:%d %b %Y}" if newest else ""
        total = None if self.total is None else max(self.total, done)
        with self.work.tools.ledger.write() as tx:
            cancelled = requests.progress(
                tx, self.request.request_id, now=self.work.now(), done=done, total=total,
                note=f"{done:,} candidates read{reached}.",
            )  # fmt: skip
        if cancelled:
            raise Cancelled


def obey(work: Work, request: Request, *, agent_stops: threading.Event) -> None:
    """Carry the request out, to done, failed or cancelled; when the agent stops, it waits for the next."""
    try:
        note, result = _actions()[Kind(request.kind)](work, request)
    except Cancelled:
        _finish(work, request, State.CANCELLED, "Cancelled. What was read until then is kept.")
    except Stopped as error:
        if agent_stops.is_set():
            log.info("request %d waits for the next agent", request.request_id)
        else:
            _interrupted(work, request, error)
    except AgentError as error:
        fail(work.tools, request, error)
    except Exception:
        fail(work.tools, request, AgentError("The agent met an error of its own; see its log."))
        raise
    else:
        _finish(work, request, State.DONE, note, result)


def _interrupted(work: Work, request: Request, error: Stopped) -> None:
    """The account was reconnected, parked, revoked or taken over while the request was under way."""
    with work.tools.ledger.write() as tx:
        state = accounts.get(tx, work.account_id).state
        if state == AccountState.ACTIVE:
            requests.requeue(tx, request.request_id)
    if state != AccountState.ACTIVE:
        why = "was revoked" if state == AccountState.REVOKED else "waits for a new token"
        fail(
            work.tools, request, NeedsPerson(f"The account {why}, so this was not finished.", code=error.code)
        )


def finish_revoked(tools: Tools, request: Request) -> None:
    """The account was revoked before; only the request's own end was missing."""
    with tools.ledger.write() as tx:
        note = f"Token destroyed, syncing stopped. {STILL_TO_DO}"
        requests.finish(tx, request.request_id, State.DONE, note, now=tools.clock())


def fail(tools: Tools, request: Request, error: AgentError) -> None:
    with tools.ledger.write() as tx:
        result = {"exit_code": error.exit_code}
        requests.finish(
            tx, request.request_id, State.FAILED, error.sentence, now=tools.clock(), result=result
        )


def _finish(
    work: Work, request: Request, state: State, note: str, result: dict[str, Any] | None = None
) -> None:
    with work.tools.ledger.write() as tx:
        requests.finish(tx, request.request_id, state, note, now=work.now(), result=result)


def _actions() -> dict[Kind, Callable[[Work, Request], Outcome]]:
    return {
        Kind.TEST_SYNC: _trial,
        Kind.SYNC: _sync,
        Kind.BACKFILL: _backfill,
        Kind.REVOKE: lambda work, request: revoke(work, request.actor),
        Kind.CONFIRM_DELETIONS: _confirm_deletions,
        Kind.SAMPLE_CARD: _sample_card,
        Kind.PROVISION: _provision,
        Kind.REINVITE: _reinvite,
        Kind.VERIFY: lambda work, _request: verify(work),
    }


def _trial(work: Work, _request: Request) -> Outcome:
    """With the candidates of sample jobs on whom a sample card does no harm."""
    note, figures = trial(work)
    return note, figures | {"sample_candidates": sample.candidates(work)}


def _sample_card(work: Work, request: Request) -> Outcome:
    candidate_id = request.args.get("candidate_id")
    if not candidate_id:
        raise UsageProblem("Name the candidate who is to get the sample card.")
    return sample.post(work, str(candidate_id), request.actor)


def _provision(work: Work, request: Request) -> Outcome:
    """Whoever asks for it once has it done again with each reading of the members."""
    recruiters = bool(request.args.get("recruiters"))
    if request.args.get("preview"):
        return provision.told(provision.preview(work, recruiters=recruiters), is_preview=True)
    changes = provision.provision(work, recruiters=recruiters, actor=request.actor)
    with work.ledger_write() as tx:
        accounts.change(
            tx, work.account_id, {"provisions_members": True}, actor=request.actor, now=work.now()
        )
    return provision.told(changes, is_preview=False)


def _reinvite(work: Work, request: Request) -> Outcome:
    return reinvite(work, str(request.args.get("candidate_id", "")), request.actor)


def _sync(work: Work, _request: Request) -> Outcome:
    run = account.poll(work, every=None)
    if run.error is not None:
        raise run.error
    changed = run.tally.rows_inserted + run.tally.rows_changed
    return f"Synced: {changed:,} candidates were new or had changed.", {"changed": changed}


def _backfill(work: Work, request: Request) -> Outcome:
    since = moment(request.args.get("since"))
    with work.tools.mirror.transaction() as tx:
        known = mirror_reads.live_count(tx, work.account_id, since=since)
    progress = Progress(work, request, known or None)
    started = work.now()
    run = account.walk(work, WalkKind.BACKFILL, progress, since=since)
    rows = run.tally.rows_read
    with work.tools.ledger.write() as tx:
        requests.progress(tx, request.request_id, now=work.now(), done=rows, total=rows, note=None)
    if run.error is not None:
        raise run.error
    new = run.tally.rows_inserted + run.tally.rows_changed
    seconds = (work.now() - started).total_seconds()
    note = (
        f"Read {rows:,} candidates in {seconds:,.0f} s; {new:,} were new or had changed. Nobody was invited."
    )
    return note, {"candidates": rows, "changed": new}


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"{text!r} is not a date; write it like 2026-01-31.") from None
    return since if since.tzinfo else since.replace(tzinfo=UTC)


def _confirm_deletions(work: Work, _request: Request) -> Outcome:
    deleted = account.confirm_deletions(work)
    return f"{deleted:,} candidates that Workable no longer has were marked as deleted.", {"deleted": deleted}
