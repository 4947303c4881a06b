"""Decides about stage entries: who is invited, who is not and why, each entry once.

A snapshot cannot tell what happened between two polls, so the activities are read (behaviours B04). While
they cannot be read nothing is decided (B13).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from agent.budget import Lane
from agent.errors import AgentError, BadAnswer, NeedsPerson, NotFound, Stopped, TryLater
from agent.flows.catalogue import JOBS
from agent.flows.plans import Asking, Occasion, plan_invite
from agent.rules import retries, stages, triggers
from agent.rules.triggers import Entry
from agent.work import Work
from storage import mirror_pipelines, mirror_reads, references
from storage.ledger import decisions, invites, looks, mappings, outbox, problems
from storage.ledger.decisions import Decision, Outcome
from storage.ledger.looks import Look
from storage.ledger.mappings import DEFAULT, Rule
from storage.ledger.outbox import EffectKind, EffectState
from storage.mirror_reads import StoredCandidate, StoredJob
from storage.mirror_walks import cursor
from storage.records import Activity, Candidate, Stage

log = logging.getLogger(__name__)
PAUSED = "triggers_paused"
CLOCKS_DIFFER = timedelta(seconds=2)
OURS_WITHIN = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=10)
BEHIND = "behind"
OF_JOBS = ("job_not_live", "job_unknown")
WITHIN_A_SECOND = timedelta(seconds=1)  # `updated_at` has whole seconds
LEFT = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.CONFIRMED)
BELIEVED_AFTER = 3  # tries; then a timeline that does not show the present stage is taken as it is


@dataclass(frozen=True)
class Place:
    """What the mirror knows of a candidate's job; `ahead` is Workable's clock less this machine's.

    `read_at` is Workable's time when jobs were last read, None when they never were.
    """

    job: StoredJob | None
    pipeline: list[Stage]
    ahead: timedelta
    read_at: datetime | None = None

    def is_older(self, at: datetime) -> bool:
        """True when the job may have been opened since it was read."""
        return self.read_at is None or self.read_at < at


@dataclass(frozen=True)
class Case:
    """One entry to decide about, under the rule in force when it happened."""

    work: Work
    candidate: Candidate
    place: Place
    entry: Entry
    rule: Rule

    @property
    def job_shortcode(self) -> str:
        return self.candidate.job_shortcode or ""


@dataclass(frozen=True)
class Verdict:
    """`asking` only with the outcome `asked`."""

    outcome: Outcome
    reason: str
    sentence: str
    asking: Asking | None = None


def decide(work: Work, *, limit: int = 20) -> int:
    """Look at the candidates whose time has come; how many were looked at.

    Raises AgentError for what ends the account's turn: a refused token, an agent that stops.
    """
    with work.tools.ledger.read() as tx:
        waiting = looks.due(tx, work.account_id, work.now(), limit)
    failed: AgentError | None = None
    for look in waiting:
        try:
            _look_at(work, look)
        except AgentError as error:
            if isinstance(error, Stopped) or error.code == "token_refused":
                raise
            _postpone(work, look, error)
            if error.code == BEHIND:
                continue
            failed = error
            if isinstance(error, TryLater):
                break  # the others would meet the same
    if waiting:
        _tell(work, failed)
    return len(waiting)


def _look_at(work: Work, look: Look) -> None:
    stored = _stored(work, look.candidate_id)
    is_gone = stored is not None and stored.deleted_at is not None
    activities = None if is_gone else _activities(work, look.candidate_id)
    if activities is None:
        _forget(work, look)  # who is gone from Workable is found by the listings
        return
    if stored is None or _is_before(stored.candidate, look.version_at):
        raise BadAnswer("The change that was noticed is not stored yet.", code=BEHIND)
    candidate = _as_of(work, stored.candidate, activities)
    if candidate is None or candidate.job_shortcode is None:
        _forget(work, look)
        return
    place = _place(work, candidate.job_shortcode)
    if look.tries < BELIEVED_AFTER and not _shows_present_stage(activities, candidate, place):
        raise BadAnswer("The timeline does not show the present stage yet.", code=BEHIND)
    _judge(work, candidate, place, activities, look)


def _is_before(candidate: Candidate, version_at: datetime) -> bool:
    """An agent that died has noticed a newer version than it could store; the next poll brings it again."""
    return candidate.updated_at is not None and candidate.updated_at < version_at


def _as_of(work: Work, stored: Candidate, activities: Sequence[Activity]) -> Candidate | None:
    """The candidate as of the last stage entry: who was let in again since the last poll is not refused for
    what was true before. None when there is none any more.
    """
    entered = max((entry.at for entry in triggers.entries(activities, stored)), default=None)
    if entered is None or stored.updated_at is None or entered < stored.updated_at + WITHIN_A_SECOND:
        return stored
    try:
        return work.workable.candidate(stored.candidate_id, lane=Lane.INVITES)
    except NotFound:
        raise BadAnswer("The candidate has changed since the last poll.", code=BEHIND) from None


def judge(work: Work, candidate: Candidate, activities: Sequence[Activity]) -> int:
    """Decide what these activities tell of; the number of new decisions, 0 while a poll has to come first."""
    place = _place(work, candidate.job_shortcode or "")
    try:
        return _judge(work, candidate, place, activities, None)
    except BadAnswer as error:
        if error.code != BEHIND:
            raise
        return 0


def _judge(
    work: Work, candidate: Candidate, place: Place, activities: Sequence[Activity], look: Look | None
) -> int:
    found = triggers.entries(activities, candidate)
    ids = [activity.activity_id for activity in activities]
    with work.ledger_write() as tx:
        known = decisions.decided(tx, work.account_id, [*ids, *(entry.activity_id for entry in found)])
        _follow(tx, work, candidate.candidate_id, {*known.values(), *outbox.owners(tx, work.account_id, ids)})
        new = [entry for entry in found if entry.activity_id not in known]
        decided = sum(_decide(tx, work, candidate, place, entry) for entry in new)
        if look is not None:
            looks.done(tx, look)
    return decided


def _follow(tx: Connection, work: Work, candidate_id: str, owners: set[str]) -> None:
    """Activities keep their ids when a candidate is relocated: another id on them is a former one (B06)."""
    for former in sorted(owners - {candidate_id}):
        decisions.follow(tx, work.account_id, former, candidate_id, work.now())
        log.info("%s: candidate %s is %s now", work.account_id, former, candidate_id)


def _decide(tx: Connection, work: Work, candidate: Candidate, place: Place, entry: Entry) -> bool:
    """True when the entry is one that a mapping asks about."""
    entered_here = entry.at - place.ahead  # mappings are saved by this machine's clock
    rule = mappings.in_force(tx, work.account_id, candidate.job_shortcode or "", entered_here)
    if rule is None or rule.stage is None:
        return False
    resolved = stages.resolve(rule.stage, place.pipeline)
    if not triggers.is_into(entry, rule.stage, resolved.stage):
        return False
    case = Case(work, candidate, place, entry, rule)
    verdict, invite_id = _verdict(tx, case), None
    if verdict.outcome != "not_invited":
        invite_id = plan_invite(
            tx, _occasion(case), callback_url=callback_url(work), now=work.now(), asking=verdict.asking
        )
        if invite_id is None:
            verdict = _already(None)
    return decisions.add(tx, work.account_id, _decision(case, verdict, invite_id))


def _verdict(tx: Connection, case: Case) -> Verdict:
    """The first reason that applies, in the order in which people would ask."""
    work, job = case.work, case.place.job
    known = decisions.known_as(tx, work.account_id, case.candidate.candidate_id)
    if _is_ours(tx, case, known):
        return _no("ours", "This product moved or made the candidate itself.")
    if case.rule.trigger not in ("both", case.entry.kind):
        return _no("other_trigger", f"Only candidates who are {case.rule.trigger} there are invited.")
    present = mappings.effective(tx, work.account_id, case.job_shortcode)
    if present is None or present.stage is None:
        return _no("switched_off", "The mapping was switched off before this was decided.")
    refusal = triggers.refusal(
        case.candidate, job_state=job.state if job else None, is_sample=job is not None and job.is_sample
    )
    if refusal is not None and refusal.reason in OF_JOBS and case.place.is_older(case.entry.at):
        raise BadAnswer("The job may have been opened since jobs were last read.", code=BEHIND)
    if refusal is not None:
        return _no(refusal.reason, refusal.sentence)
    if case.rule.template_id is None:
        return _no("no_template", "The mapping names no interview template; choose one and invite by hand.")
    return _earlier(tx, case, known) or _in_time(case)


def _earlier(tx: Connection, case: Case, known: list[str]) -> Verdict | None:
    """Somebody invited already is not invited again (B03, B05, B06)."""
    work = case.work
    for invite in invites.of_candidate(tx, work.account_id, known):
        relocated = invite.first_candidate_id != case.candidate.candidate_id
        is_same_job = invite.job_shortcode == case.job_shortcode
        if invite.template_id == case.rule.template_id and (is_same_job or relocated):
            return _already(invite.planned_at)
    days = work.account.days_between_invites
    if days is None or case.candidate.email is None:
        return None
    digest = references.email_digest(work.account_id, case.candidate.email)
    last = invites.last_of_email(tx, work.account_id, digest, work.now() - timedelta(days=days))
    if last is None:
        return None
    return _no(
        "invited_elsewhere",
        f"The same e-mail address was invited for job {last.job_shortcode} on {last.planned_at:%d %b %Y}; "
        f"this account invites it once in {days} days.",
    )


def _in_time(case: Case) -> Verdict:
    hours = case.work.settings.invite_age_hours
    if case.work.now() + case.place.ahead - case.entry.at <= timedelta(hours=hours):
        return Verdict("invited", "invited", "Entered the mapped stage.")
    sentence = f"The stage was entered more than {hours} h before this was seen: send the invite or drop it."
    return Verdict("asked", "too_old", sentence, Asking("too_old", sentence))


def _is_ours(tx: Connection, case: Case, known: list[str]) -> bool:
    """Our own move or creation comes back as an entry like any other (B15)."""
    account_id, entry = case.work.account_id, case.entry
    if entry.kind == "created":
        return outbox.has_created(tx, account_id, case.candidate.candidate_id, case.candidate.email)
    moves = [e for e in outbox.of_candidate(tx, account_id, known) if e.kind == EffectKind.MOVE]
    return any(
        effect.state in LEFT
        and effect.sent_at is not None
        and abs(entry.at - case.place.ahead - effect.sent_at) <= OURS_WITHIN
        and effect.payload.get("stage", {}).get("slug") == entry.stage.slug
        for effect in moves
    )


def _already(planned_at: datetime | None) -> Verdict:
    when = "" if planned_at is None else f" on {planned_at:%d %b %Y %H:%M} UTC"
    return _no("already_invited", f"Already invited to this interview{when}.")


def _no(reason: str, sentence: str) -> Verdict:
    return Verdict("not_invited", reason, sentence)


def _occasion(case: Case) -> Occasion:
    return Occasion(
        account_id=case.work.account_id,
        candidate=case.candidate,
        job_shortcode=case.job_shortcode,
        job_title=case.place.job.title if case.place.job else "",
        rule=case.rule,
        stage=case.entry.stage,
        entered_at=case.entry.at,
    )


def _decision(case: Case, verdict: Verdict, invite_id: int | None) -> Decision:
    return Decision(
        activity_id=case.entry.activity_id,
        candidate_id=case.candidate.candidate_id,
        kind=case.entry.kind,
        job_shortcode=case.job_shortcode,
        stage_slug=case.entry.stage.slug,
        stage_name=case.entry.stage.name,
        entered_at=case.entry.at,
        decided_at=case.work.now(),
        outcome=verdict.outcome,
        reason=verdict.reason,
        sentence=verdict.sentence,
        mapping_id=case.rule.mapping_id,
        invite_id=invite_id,
    )


def callback_url(work: Work) -> str | None:
    """Where the platform may tell how an interview went; None: it is asked instead."""
    public = work.settings.public_url.rstrip("/")
    return f"{public}/hooks/platform" if public and work.settings.platform_callback_secret else None


def _stored(work: Work, candidate_id: str) -> StoredCandidate | None:
    with work.tools.mirror.transaction() as tx:
        return mirror_reads.candidate(tx, work.account_id, candidate_id)


def _place(work: Work, job_shortcode: str) -> Place:
    with work.tools.mirror.transaction() as tx:
        jobs = mirror_reads.jobs(tx, work.account_id)
        pipeline = mirror_pipelines.pipeline(tx, work.account_id, job_shortcode)
        pipeline = pipeline or mirror_pipelines.pipeline(tx, work.account_id, DEFAULT)
        read_at = cursor(tx, work.account_id, JOBS)
    job = next((job for job in jobs if job.shortcode == job_shortcode), None)
    ahead = work.server_now() - work.now()
    return Place(
        job,
        pipeline,
        ahead if abs(ahead) > CLOCKS_DIFFER else timedelta(),
        None if read_at is None else datetime.fromisoformat(read_at),
    )


def _activities(work: Work, candidate_id: str) -> list[Activity] | None:
    """None when Workable says twice that there is no such candidate: once may be a slip."""
    for _ in range(2):
        try:
            return work.workable.activities(candidate_id, lane=Lane.INVITES)
        except NotFound:
            continue
    return None


def _shows_present_stage(activities: Sequence[Activity], candidate: Candidate, place: Place) -> bool:
    """False when the list is older than the candidate's row, or cut short; true when that cannot be told."""
    present = next((s for s in place.pipeline if s.name == candidate.stage_name), None)
    if present is None:
        return True
    refs = [ref for activity in activities for ref in (activity.stage, activity.target) if ref]
    return any(ref.stage_id == present.stage_id or ref.slug == present.slug for ref in refs)


def _forget(work: Work, look: Look) -> None:
    with work.ledger_write() as tx:
        looks.done(tx, look)


def _postpone(work: Work, look: Look, error: AgentError) -> None:
    seconds = retries.delay(min(look.tries + 4, 10), 1.0)
    until = work.now() + min(timedelta(seconds=seconds), LONGEST_WAIT)
    with work.ledger_write() as tx:
        looks.postpone(tx, look, until, error.sentence)


def _tell(work: Work, failed: AgentError | None) -> None:
    """Staff see that triggers pause while timelines cannot be read (B13)."""
    with work.ledger_write() as tx:
        if failed is None:
            problems.resolve(tx, work.account_id, PAUSED, now=work.now())
            return
        sentence = f"Triggers paused: timelines cannot be read, so nobody is invited. {failed.sentence}"
        person = isinstance(failed, NeedsPerson)
        problems.report(tx, work.account_id, PAUSED, sentence, now=work.now(), needs_person=person)
