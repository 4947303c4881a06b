"""The records of the pretend interview platform."""

from typing import Any, Literal

import msgspec

Status = Literal["pending", "started", "completed", "rejected", "expired", "bounced", "cancelled"]


class Interview(msgspec.Struct):
    """Times in Unix milliseconds; `ends` is what it will come to by itself at `due_at`."""

    id: str
    external_id: str | None
    template_id: str
    candidate: dict[str, Any]
    job_shortcode: str | None
    job_title: str | None
    callback_url: str | None
    created_at: int
    updated_at: int
    status: Status = "pending"
    revision: int = 1
    delivered_at: int | None = None
    opened_at: int | None = None
    bounced_at: int | None = None
    result: dict[str, Any] | None = None
    ends: Status = "completed"
    start_due: int | None = None
    due_at: int | None = None


class Remembered(msgspec.Struct):
    """What an Idempotency-Key stood for."""

    key: str
    digest: str
    interview_id: str


class Applicant(msgspec.Struct):
    applicant_id: str
    job_shortcode: str
    first_name: str
    last_name: str
    email: str
    created_at: int
    phone: str | None = None
    resume_url: str | None = None


class PlatformMember(msgspec.Struct):
    email: str
    name: str
    role: Literal["viewer", "reviewer", "admin"]
    source: str
    active: bool = True


class PlatformSettings(msgspec.Struct, forbid_unknown_fields=True):
    """How interviews go by themselves; shares are between 0 and 1."""

    interview_seconds: float = 5.0
    bounce_share: float = 0.03
    expire_share: float = 0.05
    progress: bool = True  # off: only the control verbs move interviews
    callback_retry_seconds: list[float] = msgspec.field(default_factory=lambda: [1.0, 5.0, 30.0])
