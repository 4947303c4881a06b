"""Decides about stage entries: who is invited, who is not and why, each entry once.

A snapshot cannot tell what happened between two polls, so the activities are read (behaviours B04). While
they cannot be read nothing is decided (B13).
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from agent.budget import Lane
from agent.errors import AgentError, BadAnswer, NeedsPerson, NotFound, Stopped, TryLater
from agent.flows.catalogue import JOBS
from agent.flows.plans import Occasion, plan_invite
from agent.flows.verdicts import BEHIND, Case, Place, Verdict, already, rounds, verdict_on
from agent.rules import stages, triggers
from agent.rules.triggers import Entry
from agent.work import Work
from storage import mirror_pipelines, mirror_reads
from storage.ledger import decisions, looks, mappings, outbox, problems
from storage.ledger.database import LedgerProblem
from storage.ledger.decisions import Decision
from storage.ledger.looks import Look
from storage.ledger.mappings import DEFAULT
from storage.mirror_errors import StorageProblem
from storage.mirror_reads import StoredCandidate
from storage.mirror_walks import cursor
from storage.records import Activity, Candidate

log = logging.getLogger(__name__)
PAUSED, UNREAD = "triggers_paused", "timelines_unread"
KNOWN_AS_BAD = 5  # tries; by then it is not a passing trouble of all
CLOCKS_DIFFER = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
WITHIN_A_SECOND = timedelta(seconds=1)  # `updated_at` has whole seconds
BELIEVED_AFTER = 3  # tries; then a timeline that does not show the present stage is taken as it is


def decide(work: Work, *, limit: int = 20) -> int:
    """Look at the candidates whose time has come; how many were looked at.

    Raises AgentError for what ends the account's turn: a refused token, an agent that stops.
    """
    with work.tools.ledger.read() as tx:
        waiting = looks.due(tx, work.account_id, work.now(), limit)
    done, failed = 0, None
    for look in waiting:
        error = _tried(work, look)
        if error is None or error.code == BEHIND:
            done += 1
            continue
        failed = error
        if done == 0 and isinstance(error, TryLater) and look.tries < KNOWN_AS_BAD:
            break  # the others would most likely meet the same
    if waiting:
        _tell(work, failed, is_everything=done == 0)
    return len(waiting)


def _tried(work: Work, look: Look) -> AgentError | None:
    """The trouble with the look, which is put off then; trouble that ends the turn is raised."""
    try:
        _look_at(work, look)
    except AgentError as error:
        if isinstance(error, Stopped) or error.code == "token_refused":
            raise
        _postpone(work, look, error)
        return error
    except (LedgerProblem, StorageProblem):
        raise
    except Exception:  # one candidate's, so that the others' turn comes
        log.exception("%s: an error of the agent's own about %s", work.account_id, look.candidate_id)
        own = AgentError("The agent met an error of its own; its log has the details.", code="own_error")
        _postpone(work, look, own)
        return own
    return None


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
    verdict, invite_id = verdict_on(tx, case), None
    if verdict.outcome != "not_invited":
        invite_id = plan_invite(
            tx, _occasion(tx, case), callback_url=callback_url(work), now=work.now(), asking=verdict.asking
        )
        if invite_id is None:
            verdict = already(None)
    return decisions.add(tx, work.account_id, _decision(case, verdict, invite_id))


def _occasion(tx: Connection, case: Case) -> Occasion:
    return Occasion(
        account_id=case.work.account_id,
        candidate=case.candidate,
        job_shortcode=case.job_shortcode,
        job_title=case.place.job.title if case.place.job else "",
        rule=case.rule,
        stage=case.entry.stage,
        entered_at=case.entry.at,
        round=rounds(tx, case) + 1,
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
    """Soon while a change only has to arrive; else after pauses that grow."""
    seconds = 2.0 ** min(look.tries + (1 if error.code == BEHIND else 3), 12)
    until = work.now() + min(timedelta(seconds=seconds), LONGEST_WAIT)
    with work.ledger_write() as tx:
        looks.postpone(tx, look, until, error.sentence)


def _tell(work: Work, failed: AgentError | None, *, is_everything: bool) -> None:
    """Staff see that triggers pause while timelines cannot be read (B13), or that single ones cannot."""
    now, person = work.now(), isinstance(failed, NeedsPerson)
    with work.ledger_write() as tx:
        bad = looks.failing(tx, work.account_id, KNOWN_AS_BAD)
        if failed is not None and is_everything and (person or not bad):
            sentence = f"Triggers paused: timelines cannot be read, so nobody is invited. {failed.sentence}"
            problems.report(tx, work.account_id, PAUSED, sentence, now=now, needs_person=person)
        else:
            problems.resolve(tx, work.account_id, PAUSED, now=now)
        if bad and not (failed is not None and is_everything and person):
            sentence = (
                f"The timelines of {bad} candidates cannot be read; whether to invite them is decided when "
                "they can. If this stays, look at them in Workable."
            )
            problems.report(tx, work.account_id, UNREAD, sentence, now=now)
        else:
            problems.resolve(tx, work.account_id, UNREAD, now=now)
