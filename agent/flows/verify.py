"""Compares what was written to Workable with the timelines that Workable shows now; writes nothing there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.budget import Lane
from agent.errors import AgentError, NotFound, Stopped
from agent.flows.decide import judge
from agent.rules import stages
from agent.work import Work
from storage import mirror_pipelines, mirror_reads, references
from storage.ledger import holding, looks, mappings, outbox, problems
from storage.ledger.outbox import Effect, EffectKind, EffectState
from storage.records import Activity

CODE = "verify"
GOES_BACK = timedelta(days=30)
AT_MOST = 500  # candidates in one run, each a request or more
MARKED = (
    EffectKind.INVITE_NOTE,
    EffectKind.RATING,
    EffectKind.RESULT_COMMENT,
    EffectKind.END_NOTE,
    EffectKind.SAMPLE_CARD,
)
NAMES = {
    EffectKind.INVITE_NOTE: "the note of the invite",
    EffectKind.RATING: "the rating",
    EffectKind.RESULT_COMMENT: "the comment with the result",
    EffectKind.END_NOTE: "the note that the interview ended",
    EffectKind.SAMPLE_CARD: "the sample card",
}


@dataclass
class Findings:
    """`differing` candidates have a problem now, `gone` ones are no longer in Workable, and those
    `looked_at` were seen to enter a mapped stage and nothing had been decided. `has_older` when some were
    asked about only because of a problem that was open.
    """

    compared: int = 0
    differing: int = 0
    gone: int = 0
    unread: int = 0
    decided: int = 0
    looked_at: int = 0
    has_older: bool = False
    sentences: dict[str, str] = field(default_factory=dict)


def verify(work: Work, goes_back: timedelta = GOES_BACK) -> tuple[str, dict[str, Any]]:
    """Compare what was written in that time, newest first; a sentence for staff and the figures behind it.

    Candidates with a problem still open are compared however long ago they were written to.
    Raises AgentError when the token is refused or not one timeline could be read.
    """
    since = work.now() - goes_back
    with work.tools.ledger.read() as tx:
        written = outbox.written_to(tx, work.account_id, MARKED, since, AT_MOST + 1)
        differing = sorted(subject for _, subject in holding.open_codes(tx, work.account_id, [CODE]))
    older = [one for one in differing if one not in written]
    candidates = [*written[:AT_MOST], *older[:AT_MOST]]
    found, error = Findings(has_older=bool(older)), None
    for candidate_id in candidates:
        if work.stop.is_set():
            raise Stopped("The agent is stopping.")
        try:
            _compare(work, candidate_id, found)
        except AgentError as trouble:
            if isinstance(trouble, Stopped) or trouble.code == "token_refused":
                raise
            found.unread += 1
            error = error or trouble
    if error is not None and found.unread == len(candidates):
        raise error
    found.looked_at = _look_again(work, since)
    return _told(found, error, is_cut=len(written) > AT_MOST)


def _look_again(work: Work, since: datetime) -> int:
    """Have those looked at who were seen to enter a mapped stage and nothing was decided; how many."""
    mapped = _mapped_stages(work)
    with work.tools.ledger.read() as tx:
        overlooked = looks.overlooked(tx, work.account_id, mapped, since, AT_MOST)
    with work.tools.mirror.transaction() as mirror:
        stored = [mirror_reads.candidate(mirror, work.account_id, one) for one in overlooked]
    rows = [one.candidate for one in stored if one is not None and one.deleted_at is None]
    with work.ledger_write() as tx:
        return looks.notice(tx, work.account_id, rows, work.now())


def _mapped_stages(work: Work) -> dict[str, str]:
    """The present name of each job's mapped stage; a job whose stage is not clear is left out."""
    with work.tools.mirror.transaction() as mirror:
        jobs = mirror_reads.jobs(mirror, work.account_id)
        pipelines = mirror_pipelines.pipelines(mirror, work.account_id)
    found: dict[str, str] = {}
    with work.tools.ledger.read() as tx:
        for job in jobs:
            rule = mappings.effective(tx, work.account_id, job.shortcode)
            if rule is not None and rule.stage is not None:
                pipeline = pipelines.get(job.shortcode) or pipelines.get(mappings.DEFAULT, [])
                stage = stages.resolve(rule.stage, pipeline).stage
                found |= {} if stage is None else {job.shortcode: stage.name}
    return found


def _compare(work: Work, candidate_id: str, found: Findings) -> None:
    activities = _timeline(work, candidate_id)
    if activities is None:
        found.gone += 1
        _settle(work, candidate_id, [], found)
        return
    with work.tools.ledger.read() as tx:
        effects = outbox.of_candidate(tx, work.account_id, [candidate_id])
    found.compared += 1
    _settle(work, candidate_id, differences(_standing(effects), activities), found)
    with work.tools.mirror.transaction() as mirror:
        stored = mirror_reads.candidate(mirror, work.account_id, candidate_id)
    if stored is not None and stored.deleted_at is None and stored.candidate.job_shortcode is not None:
        found.decided += judge(work, stored.candidate, activities)


def _timeline(work: Work, candidate_id: str) -> list[Activity] | None:
    """None when Workable says twice that there is no such candidate: once may be a slip."""
    for _ in range(2):
        try:
            return work.workable.activities(candidate_id, lane=Lane.READS)
        except NotFound:
            continue
    return None


def _standing(effects: Sequence[Effect]) -> list[Effect]:
    """What should stand there: Workable keeps one rating for each member and stage, the one sent last."""
    written = [e for e in effects if e.kind in MARKED and e.state == EffectState.CONFIRMED]
    ratings = sorted(
        (e for e in written if e.kind == EffectKind.RATING), key=lambda e: e.sent_at or e.planned_at
    )
    last = {(e.member_id, str(e.payload.get("stage_id"))): e.effect_id for e in ratings}
    return [e for e in written if e.kind != EffectKind.RATING or e.effect_id in last.values()]


def differences(effects: Sequence[Effect], activities: Sequence[Activity]) -> list[str]:
    """What is not as it was written, in words without personal data."""
    found = []
    for effect in effects:
        marked = [one for one in activities if references.is_marked(one.body, effect.mark)]
        what = f"{NAMES[effect.kind]} ({references.line(effect.mark)})"
        if not marked:
            found.append(_missing(effect, what, activities))
        elif len(marked) > 1:
            found.append(f"{what} stands there {len(marked)} times")
        elif _is_regraded(effect, marked[0]):
            found.append(f"{what} has another grade than the one that was written")
    return found


def _missing(effect: Effect, what: str, activities: Sequence[Activity]) -> str:
    if effect.kind == EffectKind.RATING and effect.member_id is not None:
        stage_id = effect.payload.get("stage_id")
        for one in activities:
            is_there = stage_id is None or (one.stage is not None and one.stage.stage_id == str(stage_id))
            if one.rating is not None and one.member_id == effect.member_id and is_there:
                return f"{what} was overwritten by somebody else"
    return f"{what} is no longer there"


def _is_regraded(effect: Effect, activity: Activity) -> bool:
    grade = effect.payload.get("grade")
    is_known = effect.kind == EffectKind.RATING and activity.rating is not None and grade is not None
    return is_known and activity.rating is not None and activity.rating.grade not in (None, grade)


def _settle(work: Work, candidate_id: str, differing: list[str], found: Findings) -> None:
    """Open or close the candidate's problem."""
    with work.ledger_write() as tx:
        if not differing:
            problems.resolve(tx, work.account_id, CODE, subject=candidate_id, now=work.now())
            return
        found.differing += 1
        sentence = f"On the timeline of candidate {candidate_id}, {'; '.join(differing)}."
        problems.report(tx, work.account_id, CODE, sentence, subject=candidate_id, now=work.now())
    found.sentences[candidate_id] = sentence


def _told(found: Findings, error: AgentError | None, *, is_cut: bool) -> tuple[str, dict[str, Any]]:
    days = GOES_BACK.days
    whose = f"{_of(found.compared, 'candidate')} written to in the last {days} days"
    parts = [f"Compared the timelines of {whose}{' or with a problem open' if found.has_older else ''}."]
    if found.differing:
        are = "candidate's is" if found.differing == 1 else "candidates' are"
        parts.append(f"{found.differing:,} {are} not as it was written; see the problems.")
    elif found.compared:
        parts.append("All is as it was written.")
    if found.gone:
        parts.append(f"{_of(found.gone, 'candidate')} {_is(found.gone)} no longer in Workable.")
    if found.decided:
        parts.append(f"{_of(found.decided, 'stage entry', 'stage entries')} not seen before: decided now.")
    if found.looked_at:
        parts.append(f"{_of(found.looked_at, 'candidate')} with an undecided stage entry: looked at again.")
    if error is not None:
        parts.append(f"{_of(found.unread, 'timeline')} could not be read: {error.sentence}")
    if is_cut:
        parts.append(f"Only the newest {AT_MOST:,} were looked at.")
    figures = {
        "compared": found.compared,
        "differing": found.differing,
        "gone": found.gone,
        "unread": found.unread,
        "decided": found.decided,
        "looked_at": found.looked_at,
        "problems": sorted(found.sentences.values()),
    }
    return " ".join(parts), figures


def _of(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
