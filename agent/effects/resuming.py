"""Lets parked effects go on when what they waited for has come, and tells staff which wait for them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from agent.effects import acting
from agent.effects.checks import NOT_LIVE, NOT_MADE
from agent.effects.jobs import Jobs
from agent.work import Work
from storage import mirror_reads
from storage.ledger import holding, problems
from storage.ledger.holding import Stuck
from storage.ledger.outbox import EffectKind, EffectState

S = EffectState
GONE = "gone"
DELETED = "The candidate was deleted in Workable, so there is nothing to write to any more."
RELOCATION_SHOWS = timedelta(hours=1)
NO_MEMBER = "no_member"
MEMBER_REFUSED = "member_refused"
FAILED, PARKED, INVITES, ERRORS = "push_failed", "push_parked", "invites_wait", "push_error"
CODES = (FAILED, PARKED, INVITES, ERRORS)
BY_THEMSELVES = (NOT_LIVE, NOT_MADE, GONE)
WATCHED = (*BY_THEMSELVES, NO_MEMBER, MEMBER_REFUSED)
ASK = "The job was closed when the invite was due and is open again. Send the invite now, or drop it."
Told = dict[tuple[str, str], str]


class Turn(msgspec.Struct, frozen=True):
    """What becomes of a parked effect."""

    one: Stuck
    state: EffectState
    reason: str | None = None
    sentence: str | None = None


def resume(work: Work) -> None:
    """Once before each delivery."""
    with work.tools.ledger.read() as tx:
        stuck = holding.stuck(tx, work.account_id)
    parked = [one for one in stuck if one.state == S.PARKED and one.reason in WATCHED]
    turns = list(_turns(work, parked)) if parked else []
    if not turns:
        return
    with work.ledger_write() as tx:
        for turn in turns:
            holding.change_parked(
                tx, turn.one, turn.state, reason=turn.reason, sentence=turn.sentence, now=work.now()
            )


def _turns(work: Work, parked: list[Stuck]) -> Iterator[Turn]:
    jobs = Jobs.of(work, {one.candidate_id for one in parked if one.candidate_id})
    deleted = _deleted(work, {one.candidate_id for one in parked if one.reason == GONE and one.candidate_id})
    has_members: dict[str | None, bool] = {}
    for one in parked:
        if one.reason in (NOT_LIVE, MEMBER_REFUSED):
            turn = _by_job(one, is_shut=jobs.is_shut(one.kind, one.candidate_id, one.job_shortcode))
        elif one.reason == NO_MEMBER:
            if one.job_shortcode not in has_members:
                has_members[one.job_shortcode] = bool(acting.available(work, one.job_shortcode))
            turn = Turn(one, S.PLANNED) if has_members[one.job_shortcode] else None
        else:
            turn = _by_ledger(work, one)
            if turn is None and one.candidate_id in deleted:
                turn = Turn(one, S.CANCELLED, "deleted", DELETED)
        if turn is not None:
            yield turn


def _deleted(work: Work, candidate_ids: set[str]) -> set[str]:
    """Those who have been gone from Workable for so long that a relocation would have shown."""
    if not candidate_ids:
        return set()
    before, found = work.now() - RELOCATION_SHOWS, set()
    with work.tools.mirror.transaction() as tx:
        for candidate_id in candidate_ids:
            stored = mirror_reads.candidate(tx, work.account_id, candidate_id)
            if stored is not None and stored.deleted_at is not None and stored.deleted_at <= before:
                found.add(candidate_id)
    return found


def _by_job(one: Stuck, *, is_shut: bool) -> Turn | None:
    """What was refused because the job had been archived unseen resumes with the job as well (B10)."""
    if one.reason == MEMBER_REFUSED:
        return Turn(one, S.PARKED, NOT_LIVE, one.sentence) if is_shut else None
    if is_shut:
        return None
    return Turn(one, S.PARKED, "ask", ASK) if one.kind == EffectKind.INVITE else Turn(one, S.PLANNED)


def _by_ledger(work: Work, one: Stuck) -> Turn | None:
    with work.tools.ledger.read() as tx:
        if one.reason == GONE and one.candidate_id:
            followed = holding.followed_since(tx, work.account_id, one.candidate_id, one.since)
            return Turn(one, S.PLANNED) if followed else None
        if one.reason == NOT_MADE and one.invite_id is not None:
            state = holding.state_of_invite(tx, one.invite_id)
            if state == S.CONFIRMED:
                return Turn(one, S.PLANNED)
            if state == S.CANCELLED:
                return Turn(one, S.CANCELLED, "invite_over", "The invite was given up.")
    return None


def tell(work: Work, *, is_news: bool) -> None:
    """Open and close the problems of what waits for a person; with `is_news` also those that stay open."""
    with work.tools.ledger.read() as tx:
        wanted = _wanted(holding.stuck(tx, work.account_id))
        known = holding.open_codes(tx, work.account_id, CODES)
    over = known - wanted.keys()
    told = {key: wanted[key] for key in wanted if is_news or key not in known}
    if over or told:
        with work.ledger_write() as tx:
            _write(tx, work.account_id, told, over, work.now())


def _write(tx: Connection, account_id: str, told: Told, over: set[tuple[str, str]], now: datetime) -> None:
    for code, subject in over:
        problems.resolve(tx, account_id, code, subject=subject, now=now)
    for (code, subject), sentence in told.items():
        problems.report(tx, account_id, code, sentence, subject=subject, now=now, needs_person=True)


def _wanted(stuck: list[Stuck]) -> Told:
    """The sentence for each problem there is, by code and subject: how many, and the latest reason."""
    grouped: dict[tuple[str, str], list[Stuck]] = {}
    for one in stuck:
        if one.state == S.FAILED:
            grouped.setdefault((FAILED, one.kind), []).append(one)
        elif one.state != S.PARKED:
            grouped.setdefault((ERRORS, one.kind), []).append(one)
        elif one.reason not in BY_THEMSELVES:
            is_invite = one.kind == EffectKind.INVITE
            grouped.setdefault((INVITES, "") if is_invite else (PARKED, one.reason or ""), []).append(one)
    return {key: _sentence(key[0], ones) for key, ones in grouped.items()}


def _sentence(code: str, ones: list[Stuck]) -> str:
    many = len(ones)
    words = {
        ERRORS: f"{many} {'push is' if many == 1 else 'pushes are'} tried again after an error",
        FAILED: f"{many} {'push was' if many == 1 else 'pushes were'} refused",
        PARKED: f"{many} {'push waits' if many == 1 else 'pushes wait'} for a person",
        INVITES: f"{many} {'invite waits' if many == 1 else 'invites wait'} for a person",
    }
    latest = next((one.sentence for one in reversed(ones) if one.sentence), None)
    return f"{words[code]}. {latest}" if latest else f"{words[code]}."
