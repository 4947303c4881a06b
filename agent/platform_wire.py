"""The interview platform's objects as its JSON spells them, and the records that are made of them."""

from datetime import datetime

import msgspec

from agent.parsing import Reader, id_text, utc
from agent.wire import NULL, Id, Instant, Wire

STATUSES = frozenset(("pending", "started", "completed", "rejected", "expired", "bounced", "cancelled"))
GRADES = frozenset(("failed", "passed", "excelled"))
BEST_SCORE = 100


class Template(msgspec.Struct, frozen=True):
    template_id: str
    name: str


class Line(msgspec.Struct, frozen=True):
    """One thing said in an interview; `at_seconds` counts from its beginning."""

    speaker: str
    at_seconds: float | None
    text: str


class Trait(msgspec.Struct, frozen=True):
    """`score` is 0 to 100."""

    trait: str
    score: int
    note: str | None


class Result(msgspec.Struct, frozen=True):
    """`score` is 0 to 100; `grade` is the platform's: failed, passed or excelled, '' when it gave none."""

    score: int
    grade: str
    summary: str
    results_url: str | None
    duration_seconds: int | None
    rubric: tuple[Trait, ...]
    transcript: tuple[Line, ...]
    completed_at: datetime | None


class Interview(msgspec.Struct, frozen=True):
    """`revision` counts from 1 and rises with each change of the result.

    `result` is None as long as there is none that can be read: a completed interview may still be without.
    """

    interview_id: str
    external_id: str | None
    status: str
    updated_at: datetime
    revision: int
    delivered_at: datetime | None
    bounced_at: datetime | None
    opened_at: datetime | None
    result: Result | None
    interview_url: str | None = None


class Created(msgspec.Struct, frozen=True):
    interview_id: str
    interview_url: str | None


class Applicant(msgspec.Struct, frozen=True):
    """Somebody who began an interview from the open link of a job."""

    applicant_id: str
    job_shortcode: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    resume_url: str | None
    created_at: datetime


class WireTemplate(Wire):
    id: Id = None
    name: str | None = None


class WireCreated(Wire):
    interview_id: Id = None
    interview_url: str | None = None


class WireInvite(Wire):
    delivered_at: Instant | None = None
    bounced_at: Instant | None = None
    opened_at: Instant | None = None


class WireInterview(Wire):
    """A row of the list and a callback alike; `invite` and `result` are read each as far as it goes."""

    interview_id: Id = None
    interview_url: str | None = None
    external_id: str | None = None
    status: str | None = None
    updated_at: Instant | None = None
    revision: int | None = None
    invite: msgspec.Raw = NULL
    result: msgspec.Raw = NULL


class WireResult(Wire):
    score: float | None = None
    grade: str | None = None
    summary: str | None = None
    results_url: str | None = None
    duration_seconds: float | None = None
    rubric: list[msgspec.Raw] | None = None
    transcript: list[msgspec.Raw] | None = None
    completed_at: Instant | None = None
    attachments: msgspec.Raw = NULL


class WireTrait(Wire):
    trait: str | None = None
    score: float | None = None
    note: str | None = None


class WireLine(Wire):
    speaker: str | None = None
    at_seconds: float | None = None
    text: str | None = None


class WireApplicant(Wire):
    applicant_id: Id = None
    job_shortcode: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    resume_url: str | None = None
    created_at: Instant | None = None


def _template(found: WireTemplate, _: str, __: int) -> Template | None:
    template_id = id_text(found.id)
    return None if template_id is None else Template(template_id, found.name or template_id)


def _created(found: WireCreated, _: str, __: int) -> Created | None:
    interview_id = id_text(found.interview_id)
    return None if interview_id is None else Created(interview_id, found.interview_url)


def _score(value: float | None) -> int | None:
    """Rounded down, so that nobody reaches a threshold by rounding; None for what is no score."""
    return int(value) if value is not None and 0 <= value <= BEST_SCORE else None


def _trait(found: WireTrait, _: str, __: int) -> Trait | None:
    score = _score(found.score)
    return Trait(found.trait, score, found.note) if found.trait and score is not None else None


def _line(found: WireLine, _: str, __: int) -> Line | None:
    return None if found.text is None else Line(found.speaker or "", found.at_seconds, found.text)


TRAITS = Reader(WireTrait, _trait)
LINES = Reader(WireLine, _line)


def _result(found: WireResult, _: str, __: int) -> Result | None:
    score = _score(found.score)
    if score is None:
        return None
    return Result(
        score=score,
        grade=found.grade or "",
        summary=found.summary or "",
        results_url=found.results_url,
        duration_seconds=None if found.duration_seconds is None else int(found.duration_seconds),
        rubric=tuple(TRAITS.read(found.rubric or ()).records),
        transcript=tuple(LINES.read(found.transcript or ()).records),
        completed_at=utc(found.completed_at),
    )


INVITES = Reader(WireInvite, lambda found, _, __: found)
RESULTS = Reader(WireResult, _result, {"grade": GRADES})


def _interview(found: WireInterview, _: str, __: int) -> Interview | None:
    interview_id, updated_at = id_text(found.interview_id), utc(found.updated_at)
    if interview_id is None or not found.status or updated_at is None:
        return None
    invite = INVITES.one(found.invite) or WireInvite()
    return Interview(
        interview_id=interview_id,
        external_id=found.external_id,
        status=found.status,
        updated_at=updated_at,
        revision=found.revision or 1,
        delivered_at=utc(invite.delivered_at),
        bounced_at=utc(invite.bounced_at),
        opened_at=utc(invite.opened_at),
        result=RESULTS.one(found.result),
        interview_url=found.interview_url,
    )


def _applicant(found: WireApplicant, _: str, __: int) -> Applicant | None:
    applicant_id, created_at = id_text(found.applicant_id), utc(found.created_at)
    if applicant_id is None or created_at is None or not found.job_shortcode or not found.email:
        return None
    return Applicant(
        applicant_id=applicant_id,
        job_shortcode=found.job_shortcode,
        first_name=found.first_name or "",
        last_name=found.last_name or "",
        email=found.email,
        phone=found.phone,
        resume_url=found.resume_url,
        created_at=created_at,
    )


Callback = tuple[str, str, int, Result | None]


def _callback(found: WireInterview, _: str, __: int) -> Callback | None:
    interview_id = id_text(found.interview_id)
    if interview_id is None or not found.status:
        return None
    return interview_id, found.status, found.revision or 1, RESULTS.one(found.result)


TEMPLATES = Reader(WireTemplate, _template)
CREATED = Reader(WireCreated, _created)
INTERVIEWS = Reader(WireInterview, _interview, {"status": STATUSES})
CALLBACKS = Reader(WireInterview, _callback, {"status": STATUSES})
APPLICANTS = Reader(WireApplicant, _applicant)
