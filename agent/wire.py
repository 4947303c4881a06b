"""Workable's objects as their JSON spells them: every key that is documented or was seen, each optional.

A key that is missing here counts as drift; one that stands here without a use is merely known.
"""

from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
NULL = msgspec.Raw(b"null")
Id = str | int | None

STAGE_KINDS = frozenset(
    ("sourced", "applied", "shortlisted", "assessment", "phone-screen", "interview", "offer", "hired")
)
JOB_STATES = frozenset(("draft", "published", "archived", "closed"))


class Wire(msgspec.Struct, gc=False):
    """The base of all of them."""


class JobRef(msgspec.Struct, gc=False):
    shortcode: str | None = None


class WireAccount(Wire):
    id: Id = None
    name: str | None = None
    subdomain: str | None = None
    description: msgspec.Raw = NULL
    summary: msgspec.Raw = NULL
    website_url: msgspec.Raw = NULL


class WireStage(Wire):
    id: Id = None
    identifier: Id = None
    slug: str | None = None
    name: str | None = None
    kind: str | None = None
    position: int | None = None


class WireJob(Wire):
    id: Id = None
    shortcode: str | None = None
    title: str | None = None
    state: str | None = None
    department: str | None = None
    sample: bool | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    full_title: msgspec.Raw = NULL
    code: msgspec.Raw = NULL
    confidential: msgspec.Raw = NULL
    department_hierarchy: msgspec.Raw = NULL
    url: msgspec.Raw = NULL
    application_url: msgspec.Raw = NULL
    shortlink: msgspec.Raw = NULL
    workplace_type: msgspec.Raw = NULL
    location: msgspec.Raw = NULL
    locations: msgspec.Raw = NULL
    salary: msgspec.Raw = NULL
    keywords: msgspec.Raw = NULL
    description: msgspec.Raw = NULL
    full_description: msgspec.Raw = NULL
    requirements: msgspec.Raw = NULL
    benefits: msgspec.Raw = NULL


class WireMember(Wire):
    id: Id = None
    name: str | None = None
    email: str | None = None
    role: str | None = None
    roles: list[str] | None = None
    active: bool | None = None
    headline: msgspec.Raw = NULL
    type: msgspec.Raw = NULL
    hris_role: msgspec.Raw = NULL
    collaboration_rules: msgspec.Raw = NULL
    hris_member_scope: msgspec.Raw = NULL


class WireRecruiter(Wire):
    id: Id = None
    name: str | None = None
    email: str | None = None


class WireSubscription(Wire):
    id: Id = None
    event: str | None = None
    target: str | None = None
    job_shortcode: str | None = None
    stage_slug: str | None = None
    created_at: Instant | None = None
    valid_until: Instant | None = None


class WireCandidate(Wire):
    """The keys of the list and of the detail alike."""

    id: Id = None
    job: JobRef | None = None
    name: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    headline: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    stage: str | None = None
    stage_kind: str | None = None
    disqualified: bool | None = None
    disqualification_reason: str | None = None
    anonymized: bool | None = None
    sourced: bool | None = None
    domain: str | None = None
    outlet: str | None = None
    common_source: str | None = None
    common_source_category: str | None = None
    profile_url: str | None = None
    resume_url: str | None = None
    resume_metadata: msgspec.Raw = NULL
    hired_at: Instant | None = None
    moved_to_offer_at: Instant | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    account: msgspec.Raw = NULL
    talent_pool: msgspec.Raw = NULL
    withdrew: msgspec.Raw = NULL
    disqualified_at: msgspec.Raw = NULL
    image_url: msgspec.Raw = NULL
    outbound_mailbox: msgspec.Raw = NULL
    uploader_id: msgspec.Raw = NULL
    cover_letter: msgspec.Raw = NULL
    summary: msgspec.Raw = NULL
    education_entries: msgspec.Raw = NULL
    experience_entries: msgspec.Raw = NULL
    skills: msgspec.Raw = NULL
    answers: msgspec.Raw = NULL
    social_profiles: msgspec.Raw = NULL
    tags: msgspec.Raw = NULL
    location: msgspec.Raw = NULL
    originating_candidate_id: msgspec.Raw = NULL


class WireStageRef(msgspec.Struct, gc=False):
    id: Id = None
    identifier: Id = None
    slug: str | None = None
    name: str | None = None


class MemberRef(msgspec.Struct, gc=False):
    id: Id = None


class WireRating(Wire):
    scale: str | None = None
    grade: int | None = None
    score: msgspec.Raw = NULL


class WireActivity(Wire):
    """The keys of a candidate's timeline."""

    id: Id = None
    action: str | None = None
    action_stage: WireStageRef | None = None
    target_stage: WireStageRef | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    member: MemberRef | None = None
    body: str | None = None
    rating: msgspec.Raw = NULL
    stage_name: msgspec.Raw = NULL
    visibility_roles: msgspec.Raw = NULL


class WireCreated(Wire):
    """The answer to a write that made something."""

    id: Id = None
