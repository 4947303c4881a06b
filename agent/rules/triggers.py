"""Reads stage entries out of a candidate's activities, and says who is not to be invited (B04, B07)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.ledger.mappings import MappedStage
from storage.records import Activity, Candidate, Stage, StageRef

RELOCATED = "moved"
CREATIONS = frozenset((RELOCATED, "applied", "uploaded", "recommended", "referral", "sourced", "copied"))
LIVE = ("published", "closed")  # closed: used internally or confidentially, not finished
NOT_LIVE = ("draft", "archived")

Reason = Literal[
    "anonymized",
    "no_job",
    "sample_job",
    "job_not_live",
    "job_unknown",
    "hired",
    "disqualified",
    "no_email",
]


class Entry(msgspec.Struct, frozen=True):
    """A candidate entered `stage` at Workable's time `at`.

    `moved` within the job; `created` covers applications, uploads, copies, and landing here from another job.
    Without a creation activity `activity_id` is made of the candidate's id and names no activity.
    """

    activity_id: str
    kind: Literal["moved", "created"]
    stage: StageRef
    at: datetime
    member_id: str | None


class Refusal(msgspec.Struct, frozen=True):
    """`reason` is a word for machines, `sentence` is for people and names nobody."""

    reason: Reason
    sentence: str


SENTENCES: dict[Reason, str] = {
    "anonymized": "The candidate was anonymized in Workable.",
    "no_job": "The candidate is in the talent pool, not in a job.",
    "sample_job": "The job is one of Workable's sample jobs.",
    "job_not_live": "The job is a draft or archived. Publish it in Workable to have candidates invited.",
    "job_unknown": "What state the job is in is not known, so nobody is invited for it.",
    "hired": "The candidate has been hired.",
    "disqualified": "The candidate was disqualified or has withdrawn.",
    "no_email": "The candidate has no e-mail address that an invite could go to. Add one in Workable.",
}


def entries(activities: Sequence[Activity], candidate: Candidate) -> list[Entry]:
    """The stage entries in the candidate's present job, out of all of the activities, oldest first.

    A move to where the candidate already stood enters nothing, nor does being created again there.
    """
    own = _since_relocation(activities)
    unmoved = None if any(_is_change(activity) for activity in own) else _present_stage(candidate)
    found: list[Entry] = []
    for activity in own:
        entry = _entry(activity, unmoved)
        stands = found[-1].stage if found else None
        if entry and not (entry.kind == "created" and stands and _is_same(entry.stage, stands)):
            found.append(entry)
    if not found and unmoved and candidate.created_at:
        made_up = f"created:{candidate.candidate_id}"
        found.append(Entry(made_up, "created", unmoved, candidate.created_at, None))
    return found


def is_into(entry: Entry, mapped: MappedStage, resolved: Stage | None) -> bool:
    """True when the stage entered is the mapped one: as it is now, else as it was when mapped."""
    stage = resolved or mapped
    return _is_same(entry.stage, StageRef(stage.stage_id, stage.slug, stage.name))


def refusal(candidate: Candidate, *, job_state: str | None, is_sample: bool) -> Refusal | None:
    """Why the candidate must not be invited; None when nothing is in the way.

    `job_state` as Workable spells it, None when the job is not known.
    """
    reason = _about_job(candidate, job_state, is_sample=is_sample) or _about_person(candidate)
    if candidate.is_anonymized:
        reason = "anonymized"
    return None if reason is None else Refusal(reason, SENTENCES[reason])


def _since_relocation(activities: Sequence[Activity]) -> Sequence[Activity]:
    """A relocated candidate brings the former job's timeline along; its stages are not this job's."""
    landings = [n for n, a in enumerate(activities) if a.action == RELOCATED and a.target is None]
    return activities[landings[-1] :] if landings else activities


def _is_change(activity: Activity) -> bool:
    """True for a move to another stage. A target tells; the action of a move is any stage's slug."""
    target, stage = activity.target, activity.stage
    return target is not None and not (stage is not None and _is_same(target, stage))


def _entry(activity: Activity, unmoved: StageRef | None) -> Entry | None:
    kind: Literal["moved", "created"] = "moved"
    stage = activity.target if _is_change(activity) else None
    if activity.target is None and activity.action in CREATIONS:
        kind, stage = "created", activity.stage or unmoved
    if stage is None:
        return None
    return Entry(activity.activity_id, kind, stage, activity.created_at, activity.member_id)


def _present_stage(candidate: Candidate) -> StageRef | None:
    """Reads give a stage's name alone."""
    return StageRef("", "", candidate.stage_name) if candidate.stage_name else None


def _is_same(entered: StageRef, other: StageRef) -> bool:
    """By id when both have one, else by slug; by name only when nothing else is known of the one entered."""
    for mine, theirs in ((_own_id(entered), _own_id(other)), (entered.slug, other.slug)):
        if mine and theirs:
            return mine == theirs
    return not (entered.stage_id or entered.slug) and entered.name == other.name != ""


def _own_id(stage: StageRef) -> str:
    """Empty when a slug stands in for the id."""
    return "" if stage.stage_id == stage.slug else stage.stage_id


def _about_job(candidate: Candidate, job_state: str | None, *, is_sample: bool) -> Reason | None:
    if candidate.job_shortcode is None:
        return "no_job"
    if is_sample:
        return "sample_job"
    if job_state in NOT_LIVE:
        return "job_not_live"
    return None if job_state in LIVE else "job_unknown"


def _about_person(candidate: Candidate) -> Reason | None:
    if candidate.hired_at is not None or candidate.stage_kind == "hired":
        return "hired"
    if candidate.is_disqualified:
        return "disqualified"
    return None if "@" in (candidate.email or "") else "no_email"
