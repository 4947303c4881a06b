"""The records of the pretend Workable, as compact structs that survive a restart."""

from typing import Any, Literal

import msgspec

TokenKind = Literal["account", "oauth", "partner"]
JobState = Literal["draft", "published", "archived", "closed"]
JOB_STATES: tuple[JobState, ...] = ("draft", "published", "archived", "closed")


class Stage(msgspec.Struct):
    id: int
    slug: str
    name: str
    kind: str


class Rating(msgspec.Struct, gc=False):
    score: str
    scale: str
    grade: int


class Attachment(msgspec.Struct, gc=False):
    name: str
    data: str  # base64, as it came


class Activity(msgspec.Struct, gc=False):
    """One timeline entry; stages by id, times in Unix milliseconds, `member` a member's number."""

    id: int
    action: str
    stage: int
    created_at: int
    updated_at: int
    target: int | None = None
    member: int | None = None
    body: str | None = None
    rating: Rating | None = None
    visible_to: list[str] | None = None
    attachment: Attachment | None = None
    score_card: dict[str, Any] | None = None


class Candidate(msgspec.Struct, gc=False):
    """One application; times in Unix seconds except `disqualified_at` (milliseconds)."""

    id: int
    job: str | None  # shortcode; None in the talent pool
    stage: int
    name: str | None
    firstname: str | None
    lastname: str | None
    email: str | None
    created_at: int
    updated_at: int
    headline: str | None = None
    phone: str | None = None
    address: str | None = None
    domain: str | None = None
    outlet: str | None = None
    common_source: str = "Unknown"
    common_source_category: str = "Other"
    sourced: bool = False
    disqualified: bool = False
    disqualified_at: int | None = None
    reason: str | None = None
    withdrew: bool = False
    anonymized: bool = False
    hired_at: int | None = None
    moved_to_offer_at: int | None = None
    resume: str | None = None  # file name
    originating: int | None = None
    extra: dict[str, Any] | None = None  # the keys only the detail has, where they are not at their default
    activities: list[Activity] = []


class Job(msgspec.Struct):
    id: int
    shortcode: str
    title: str
    code: str | None
    state: JobState
    created_at: int
    updated_at: int
    number: int  # the decimal id in its URLs
    place: tuple[str, str, str]  # city, country, country code
    workplace_type: str = "on_site"
    department: str | None = None
    sample: bool | None = None  # None: the key is left out
    confidential: bool = False
    salary: tuple[int, int, str] | None = None
    stages: list[Stage] = []
    old_stages: list[Stage] = []  # deleted from the pipeline, still named by timelines
    team: dict[str, str] = {}  # member id -> collaboration role
    questions: list[dict[str, Any]] = []
    texts: dict[str, str] = {}  # description, requirements, benefits


class Member(msgspec.Struct):
    id: int
    name: str
    email: str
    role: str
    hris_role: str
    roles: list[str]
    active: bool = True
    headline: str | None = None
    collaboration_rules: list[dict[str, Any]] = []


class Subscription(msgspec.Struct):
    id: int
    event: str
    target: str
    created_at: int  # milliseconds
    token: str
    stage_slug: str | None = None
    job_shortcode: str | None = None


class Token(msgspec.Struct):
    """`label` is what the journal says instead of the secret."""

    value: str
    subdomain: str
    kind: TokenKind
    scopes: list[str]
    label: str
    revoked: bool = False
    expires_at: float | None = None
    member: int | None = None


class Counters(msgspec.Struct):
    """The next unused number of each kind."""

    candidate: int
    activity: int
    job: int
    stage: int
    member: int
    subscription: int
    invite: int


class AccountInfo(msgspec.Struct):
    """What an account has besides the things that have tables of their own."""

    id: int
    name: str
    subdomain: str
    website_url: str | None
    pipeline: list[Stage]
    reasons: list[dict[str, Any]]
    departments: list[dict[str, Any]]
    legal_entities: list[dict[str, Any]]
    recruiters: list[dict[str, Any]]
    custom_attributes: list[dict[str, Any]]
    events: list[dict[str, Any]]
