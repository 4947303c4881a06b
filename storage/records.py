"""The shared vocabulary: what a Workable object is called and made of everywhere in this product.

All times are aware datetimes in UTC. `raw` is the object's JSON text exactly as Workable sent it.
"""

from datetime import datetime

import msgspec


class Account(msgspec.Struct, frozen=True):
    """What `GET /accounts` tells of a Workable account."""

    subdomain: str
    name: str
    raw: str


class Stage(msgspec.Struct, frozen=True):
    """One stage of a pipeline. `stage_id` is unique in an account where Workable gives one, else the slug."""

    stage_id: str
    slug: str
    name: str
    kind: str
    position: int


class Job(msgspec.Struct, frozen=True):
    job_id: str
    shortcode: str
    title: str
    state: str
    department: str | None
    is_sample: bool
    created_at: datetime | None
    updated_at: datetime | None
    raw: str


class Member(msgspec.Struct, frozen=True):
    """A member of the account's hiring team; `roles` as Workable spells them (`ats.admin`, ...)."""

    member_id: str
    name: str
    email: str | None
    role: str | None
    roles: tuple[str, ...]
    is_active: bool
    raw: str


class Recruiter(msgspec.Struct, frozen=True):
    """An external agency's recruiter; not a member."""

    recruiter_id: str
    name: str
    email: str | None
    raw: str


class Candidate(msgspec.Struct, frozen=True):
    """One application: Workable keeps one candidate for each person and job.

    `stage_name` is the display name, as reads give it; `job_shortcode` is None in the talent pool.
    """

    candidate_id: str
    job_shortcode: str | None
    name: str | None
    firstname: str | None
    lastname: str | None
    headline: str | None
    email: str | None
    phone: str | None
    address: str | None
    stage_name: str | None
    stage_kind: str | None
    is_disqualified: bool
    disqualification_reason: str | None
    is_anonymized: bool
    is_sourced: bool
    domain: str | None
    outlet: str | None
    common_source: str | None
    common_source_category: str | None
    profile_url: str | None
    has_resume: bool
    hired_at: datetime | None
    moved_to_offer_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: str


class StageRef(msgspec.Struct, frozen=True):
    """A stage as an activity names it."""

    stage_id: str
    slug: str
    name: str


class Rating(msgspec.Struct, frozen=True):
    """`grade` counts from 0 on its scale: thumbs to 2, stars to 4, numbers to 9."""

    scale: str
    grade: int | None


class Activity(msgspec.Struct, frozen=True):
    """One entry of a candidate's timeline.

    `target` is filled for moves only, `stage` is where the candidate then stood, `member_id` is None for what
    the system did by itself. A relocated candidate keeps the activities with their ids.
    """

    activity_id: str
    action: str
    stage: StageRef | None
    target: StageRef | None
    created_at: datetime
    updated_at: datetime
    member_id: str | None
    body: str | None
    rating: Rating | None
