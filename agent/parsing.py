"""Turns Workable's JSON rows into records: lenient with every field, strict only about the id."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from agent import wire
from agent.errors import BadAnswer
from agent.jsontext import decode, drop_nuls
from storage.records import Account, Activity, Candidate, Job, Member, Rating, Recruiter, Stage, StageRef

W = TypeVar("W", bound=wire.Wire)
R = TypeVar("R")

LONGEST_KEY = 60
NUL = rb"\u0000"
NOTHING = (b"null", b"{}", b"")


class Subscription(msgspec.Struct, frozen=True):
    """A webhook registered at Workable; an empty job or stage means no filter."""

    subscription_id: str
    event: str
    target: str
    job_shortcode: str | None
    stage_slug: str | None
    created_at: datetime | None
    valid_until: datetime | None


class Parsed(msgspec.Struct, Generic[R]):
    """`bad_rows` had no usable id and are missing from `records`.

    `drift` counts what differed from the known format: `unknown:<key>`, `type:<key>`, `value:<key>`.
    """

    records: list[R] = msgspec.field(default_factory=list)
    bad_rows: int = 0
    drift: Counter[str] = msgspec.field(default_factory=Counter)


class Reader(Generic[W, R]):
    """Reads rows of one kind. `build` makes the record, or gives None for a row without a usable id."""

    def __init__(
        self,
        kind: type[W],
        build: Callable[[W, str, int], R | None],
        known: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._kind = kind
        self._build = build
        self._known = known or {}
        strict = msgspec.defstruct(f"Strict{kind.__name__}", [], bases=(kind,), forbid_unknown_fields=True)
        self._strict = msgspec.json.Decoder(strict)
        self._lenient = msgspec.json.Decoder(kind)
        self._fields = {f.name: msgspec.json.Decoder(f.type) for f in msgspec.structs.fields(kind)}

    def read(self, rows: Iterable[msgspec.Raw]) -> Parsed[R]:
        """Never raises for what a row holds."""
        parsed: Parsed[R] = Parsed()
        for index, row in enumerate(rows):
            text = bytes(row)
            found = self._decode(text, parsed.drift)
            record = None if found is None else self._build(found, text.decode(), index)
            if record is None:
                parsed.bad_rows += 1
            else:
                parsed.records.append(record)
        return parsed

    def one(self, row: msgspec.Raw) -> R | None:
        """The record of a single row; None when it has no usable id."""
        return next(iter(self.read([row]).records), None)

    def _decode(self, text: bytes, drift: Counter[str]) -> W | None:
        if NUL in text:
            text = drop_nuls(text)
        try:
            found: Any = self._strict.decode(text)
        except (msgspec.DecodeError, RecursionError):
            found = self._unexpected(text, drift)
        if not isinstance(found, self._kind):
            return None
        self._count_unknown_values(found, drift)
        return found

    def _unexpected(self, text: bytes, drift: Counter[str]) -> W | None:
        """A row with unknown keys or values of the wrong type; None when it is no JSON object."""
        try:
            members: dict[str, msgspec.Raw] = decode(text, dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            return None
        for key in members.keys() - self._fields.keys():
            drift[f"unknown:{key[:LONGEST_KEY]}"] += 1
        try:
            return self._lenient.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return self._piecewise(members, drift)

    def _piecewise(self, members: Mapping[str, msgspec.Raw], drift: Counter[str]) -> W:
        """Field by field; what has the wrong type stays empty."""
        found = self._kind()
        for key in members.keys() & self._fields.keys():
            try:
                setattr(found, key, self._fields[key].decode(members[key]))
            except (msgspec.DecodeError, RecursionError):
                drift[f"type:{key}"] += 1
        return found

    def _count_unknown_values(self, found: W, drift: Counter[str]) -> None:
        for key, values in self._known.items():
            value: Any = getattr(found, key)
            if value is not None and value not in values:
                drift[f"value:{key}"] += 1


def unwrapped(body: bytes, key: str) -> msgspec.Raw:
    """The member `key` of the body's JSON object. Raises BadAnswer when there is none."""
    members: dict[str, msgspec.Raw] = decode(body, dict[str, msgspec.Raw])
    if key not in members:
        raise BadAnswer(f"The answer has no {key}. The agent will ask again.")
    return members[key]


def id_text(value: wire.Id) -> str | None:
    """An id as text; None when there is none."""
    return str(value) if value not in (None, "") else None


def utc(value: datetime | None) -> datetime | None:
    """The same instant; None as well for one so near the calendar's ends that it has no UTC time."""
    if value is None or value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def _account(found: wire.WireAccount, raw: str, _: int) -> Account | None:
    if not found.subdomain:
        return None
    return Account(subdomain=found.subdomain, name=found.name or found.subdomain, raw=raw)


def _stage(found: wire.WireStage, _: str, index: int) -> Stage | None:
    slug = found.slug or ""
    stage_id = id_text(found.id) or id_text(found.identifier) or slug
    if not stage_id or not (slug or found.name):
        return None
    return Stage(
        stage_id=stage_id,
        slug=slug,
        name=found.name or slug,
        kind=found.kind or "",
        position=index if found.position is None else found.position,
    )


def _job(found: wire.WireJob, raw: str, _: int) -> Job | None:
    job_id = id_text(found.id)
    if job_id is None or not found.shortcode:
        return None
    return Job(
        job_id=job_id,
        shortcode=found.shortcode,
        title=found.title or "",
        state=found.state or "",
        department=found.department,
        is_sample=found.sample or False,
        created_at=utc(found.created_at),
        updated_at=utc(found.updated_at),
        raw=raw,
    )


def _member(found: wire.WireMember, raw: str, _: int) -> Member | None:
    member_id = id_text(found.id)
    if member_id is None:
        return None
    return Member(
        member_id=member_id,
        name=found.name or "",
        email=found.email,
        role=found.role,
        roles=tuple(found.roles or ()),
        is_active=found.active is not False,
        raw=raw,
    )


def _recruiter(found: wire.WireRecruiter, raw: str, _: int) -> Recruiter | None:
    recruiter_id = id_text(found.id)
    if recruiter_id is None:
        return None
    return Recruiter(recruiter_id=recruiter_id, name=found.name or "", email=found.email, raw=raw)


def _subscription(found: wire.WireSubscription, _: str, __: int) -> Subscription | None:
    subscription_id = id_text(found.id)
    if subscription_id is None:
        return None
    return Subscription(
        subscription_id=subscription_id,
        event=found.event or "",
        target=found.target or "",
        job_shortcode=found.job_shortcode or None,
        stage_slug=found.stage_slug or None,
        created_at=utc(found.created_at),
        valid_until=utc(found.valid_until),
    )


def _candidate(found: wire.WireCandidate, raw: str, _: int) -> Candidate | None:
    candidate_id = id_text(found.id)
    if candidate_id is None:
        return None
    return Candidate(
        candidate_id=candidate_id,
        job_shortcode=found.job.shortcode if found.job else None,
        name=found.name,
        firstname=found.firstname,
        lastname=found.lastname,
        headline=found.headline,
        email=found.email,
        phone=found.phone,
        address=found.address,
        stage_name=found.stage,
        stage_kind=found.stage_kind,
        is_disqualified=found.disqualified or False,
        disqualification_reason=found.disqualification_reason,
        is_anonymized=found.anonymized or False,
        is_sourced=found.sourced or False,
        domain=found.domain,
        outlet=found.outlet,
        common_source=found.common_source,
        common_source_category=found.common_source_category,
        profile_url=found.profile_url,
        has_resume=bool(found.resume_url or bytes(found.resume_metadata) not in NOTHING),
        hired_at=utc(found.hired_at),
        moved_to_offer_at=utc(found.moved_to_offer_at),
        created_at=utc(found.created_at),
        updated_at=utc(found.updated_at),
        raw=raw,
    )


def _stage_ref(found: wire.WireStageRef | None) -> StageRef | None:
    """None for no stage, and for one that nothing names."""
    if found is None:
        return None
    slug = found.slug or ""
    stage_id = id_text(found.id) or id_text(found.identifier) or slug
    return StageRef(stage_id, slug, found.name or slug) if stage_id and (slug or found.name) else None


def _activity(found: wire.WireActivity, _: str, __: int) -> Activity | None:
    """None as well when a stage is given that nothing names: the entry might be a move."""
    activity_id, created_at = id_text(found.id), utc(found.created_at)
    stage, target = _stage_ref(found.action_stage), _stage_ref(found.target_stage)
    if activity_id is None or created_at is None or (target is None and found.target_stage is not None):
        return None
    return Activity(
        activity_id=activity_id,
        action=found.action or "",
        stage=stage,
        target=target,
        created_at=created_at,
        updated_at=utc(found.updated_at) or created_at,
        member_id=id_text(found.member.id) if found.member else None,
        body=found.body,
        rating=RATINGS.one(found.rating),
    )


def _rating(found: wire.WireRating, _: str, __: int) -> Rating | None:
    return Rating(found.scale, found.grade) if found.scale else None


def _created(found: wire.WireCreated, _: str, __: int) -> str | None:
    return id_text(found.id)


ACCOUNTS = Reader(wire.WireAccount, _account)
STAGES = Reader(wire.WireStage, _stage, {"kind": wire.STAGE_KINDS})
JOBS = Reader(wire.WireJob, _job, {"state": wire.JOB_STATES})
MEMBERS = Reader(wire.WireMember, _member)
RECRUITERS = Reader(wire.WireRecruiter, _recruiter)
SUBSCRIPTIONS = Reader(wire.WireSubscription, _subscription)
CANDIDATES = Reader(wire.WireCandidate, _candidate, {"stage_kind": wire.STAGE_KINDS})
ACTIVITIES = Reader(wire.WireActivity, _activity)
RATINGS = Reader(wire.WireRating, _rating)
CREATED = Reader(wire.WireCreated, _created)
