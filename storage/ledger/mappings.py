"""Stage mappings: which stage starts which interview, and what is written back, for the account or for a job.

Every version is kept. A mapping counts from its `active_from`, so that saving one invites nobody who is
already in the stage (behaviours B01), and an entry is judged by the version in force when it happened.
"""

import itertools
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, Row, func, select

from storage.ledger import audit, schema

M = schema.mappings
DEFAULT = ""
Trigger = Literal["moved", "created", "both"]
Scale = Literal["stars", "thumbs", "numbers"]
Applicants = Literal["off", "sourced", "applied"]
GRADES: dict[str, int] = {"thumbs": 3, "stars": 5, "numbers": 10}  # each scale's, counted from 0
ROLES = ("admin", "recruiting_admin", "hiring_manager", "simple", "reviewer", "recruiter")


NO_ROLES = (
    f"No role would see the comments. Choose among {', '.join(ROLES)}, "
    "or 'default' for those that Workable lets see them by itself."
)


class MappedStage(msgspec.Struct, frozen=True):
    """The stage as it was when mapped; found again by id, then by slug and kind."""

    stage_id: str
    slug: str
    kind: str
    name: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a mapping. `stage` None: no stage triggers.

    `thresholds` are the lowest scores of the grades from 1 on; None: the scale's usual ones. Without
    `pass_score`, what the platform grades as failed has failed. `visibility`: the roles that see comments;
    None: Workable's usual ones. Members None: the account's. `job_shortcode` '' is the account's default.
    """

    mapping_id: int
    job_shortcode: str
    version: int
    stage: MappedStage | None
    trigger: Trigger
    template_id: str | None
    member_id: str | None
    fallback_member_id: str | None
    scale: Scale
    thresholds: tuple[int, ...] | None
    pass_score: int | None
    pass_stage: MappedStage | None
    fail_stage: MappedStage | None
    visibility: tuple[str, ...] | None
    applicants: Applicants
    notes_ends: bool
    active_from: datetime
    saved_at: datetime
    saved_by: str
    replaced_at: datetime | None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What to change besides the trigger stage; UNSET keeps what the version before had.

    `pass_stage` and `fail_stage` are stage ids, None for "no move".
    """

    trigger: Trigger | msgspec.UnsetType = msgspec.UNSET
    template_id: str | msgspec.UnsetType | None = msgspec.UNSET
    member_id: str | msgspec.UnsetType | None = msgspec.UNSET
    fallback_member_id: str | msgspec.UnsetType | None = msgspec.UNSET
    scale: Scale | msgspec.UnsetType = msgspec.UNSET
    thresholds: tuple[int, ...] | msgspec.UnsetType | None = msgspec.UNSET
    pass_score: int | msgspec.UnsetType | None = msgspec.UNSET
    pass_stage: str | msgspec.UnsetType | None = msgspec.UNSET
    fail_stage: str | msgspec.UnsetType | None = msgspec.UNSET
    visibility: tuple[str, ...] | msgspec.UnsetType | None = msgspec.UNSET
    applicants: Applicants | msgspec.UnsetType = msgspec.UNSET
    notes_ends: bool | msgspec.UnsetType = msgspec.UNSET


KEPT = Changes.__struct_fields__
USUAL: dict[str, Any] = dict.fromkeys(KEPT) | {
    "trigger": "both",
    "scale": "stars",
    "applicants": "sourced",
    "notes_ends": False,
}


class MappingProblem(Exception):
    """The mapping cannot be saved; the message says why."""


def save(
    tx: Connection,
    account_id: str,
    job_shortcode: str,
    stage_id: str | None,
    changes: Changes | None = None,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Map a stage of the job (or of the account's default pipeline); None means that none triggers.

    What `changes` leaves unset stays as it was; a job's first mapping begins with the default's.
    Raises MappingProblem when the pipeline has no such stage or the parts contradict each other.
    """
    if changes is not None and changes.visibility == ():
        raise MappingProblem(NO_ROLES)
    before = current(tx, account_id, job_shortcode) or current(tx, account_id, DEFAULT)
    values = _values(tx, account_id, job_shortcode, before, changes or Changes())
    stage = None if stage_id is None else _stage(tx, account_id, job_shortcode, stage_id)
    _check(tx, stage, values)
    version = _next_version(tx, account_id, job_shortcode)
    _replace_current(tx, account_id, job_shortcode, now)
    tx.execute(
        M.insert().values(
            account_id=account_id,
            job_shortcode=job_shortcode,
            version=version,
            stage_id=stage and stage.stage_id,
            stage_slug=stage and stage.slug,
            stage_kind=stage and stage.kind,
            stage_name=stage and stage.name,
            active_from=now,
            saved_at=now,
            saved_by=actor,
            **values,
        )
    )
    audit.note(
        tx, now, actor, account_id, "mapping.saved",
        job=job_shortcode, stage=stage and stage.name, version=version,
    )  # fmt: skip


def follow_default(tx: Connection, account_id: str, job_shortcode: str, *, actor: str, now: datetime) -> None:
    """Drop the job's override; the account's default counts again."""
    if _replace_current(tx, account_id, job_shortcode, now):
        audit.note(tx, now, actor, account_id, "mapping.follows_default", job=job_shortcode)


def current(tx: Connection, account_id: str, job_shortcode: str) -> Rule | None:
    """The job's own mapping, or the default's for ''; None when there is none."""
    query = select(M).where(
        M.c.account_id == account_id, M.c.job_shortcode == job_shortcode, M.c.replaced_at.is_(None)
    )
    row = tx.execute(query).first()
    return None if row is None else _rule(row)


def every_current(tx: Connection, account_id: str) -> list[Rule]:
    """The account's default first, then the jobs' own."""
    query = select(M).where(M.c.account_id == account_id, M.c.replaced_at.is_(None))
    return [_rule(row) for row in tx.execute(query.order_by(M.c.job_shortcode))]


def effective(tx: Connection, account_id: str, job_shortcode: str) -> Rule | None:
    """What counts for the job now: its own mapping, else the account's default."""
    return current(tx, account_id, job_shortcode) or current(tx, account_id, DEFAULT)


def in_force(tx: Connection, account_id: str, job_shortcode: str, at: datetime) -> Rule | None:
    """What counted for the job at that moment."""
    query = (
        select(M)
        .where(
            M.c.account_id == account_id,
            M.c.job_shortcode.in_((job_shortcode, DEFAULT)),
            M.c.active_from <= at,
            M.c.replaced_at.is_(None) | (M.c.replaced_at > at),
        )
        .order_by(M.c.job_shortcode.desc())  # the job's own before the default
    )
    row = tx.execute(query.limit(1)).first()
    return None if row is None else _rule(row)


def get(tx: Connection, mapping_id: int) -> Rule:
    return _rule(tx.execute(select(M).where(M.c.mapping_id == mapping_id)).one())


def history(tx: Connection, account_id: str, job_shortcode: str) -> list[Rule]:
    """Every version, the newest first."""
    query = select(M).where(M.c.account_id == account_id, M.c.job_shortcode == job_shortcode)
    return [_rule(row) for row in tx.execute(query.order_by(M.c.version.desc()))]


def watched_from(tx: Connection, account_id: str, jobs: Iterable[str]) -> dict[str, datetime]:
    """Since when entries count, of those jobs in which a stage triggers now."""
    query = select(M.c.job_shortcode, M.c.stage_id, M.c.active_from, M.c.replaced_at)
    first: dict[str, datetime] = {}
    now_on: dict[str, bool] = {}
    for job, stage_id, active_from, replaced_at in tx.execute(query.where(M.c.account_id == account_id)):
        if stage_id is not None:
            first[job] = min(first.get(job, active_from), active_from)
        if replaced_at is None:
            now_on[job] = stage_id is not None
    found = {}
    for job in jobs:
        if now_on.get(job, now_on.get(DEFAULT, False)):
            since = [first[key] for key in (job, DEFAULT) if key in first]
            found[job] = min(since)
    return found


def _values(
    tx: Connection, account_id: str, job_shortcode: str, before: Rule | None, changes: Changes
) -> dict[str, Any]:
    values = dict(USUAL)
    if before is not None:
        values |= {name: getattr(before, name) for name in KEPT}
    for name in KEPT:
        given = getattr(changes, name)
        if given is msgspec.UNSET:
            continue
        is_stage = name in ("pass_stage", "fail_stage") and given is not None
        values[name] = _stage(tx, account_id, job_shortcode, given) if is_stage else given
    if changes.scale is not msgspec.UNSET and changes.thresholds is msgspec.UNSET:
        values["thresholds"] = None  # those of another scale mean nothing
    return {name: msgspec.to_builtins(value) for name, value in values.items()}


def _check(tx: Connection, stage: MappedStage | None, values: dict[str, Any]) -> None:
    for name, allowed in (("trigger", Trigger), ("scale", Scale), ("applicants", Applicants)):
        if values[name] not in get_args(allowed):
            raise MappingProblem(f"{name} is {values[name]!r}; choose one of {', '.join(get_args(allowed))}.")
    _check_scores(values)
    if unknown := set(values["visibility"] or ()) - set(ROLES):
        raise MappingProblem(f"{', '.join(sorted(unknown))}: no such role. Choose among {', '.join(ROLES)}.")
    for name in ("pass_stage", "fail_stage"):
        if stage is not None and values[name] and values[name]["stage_id"] == stage.stage_id:
            raise MappingProblem(
                f"{stage.name} starts the interview, so nobody can be moved there after it. "
                "Choose another stage."
            )
    known = tx.execute(select(schema.templates.c.template_id)).scalars().all()
    if known and values["template_id"] is not None and values["template_id"] not in known:
        raise MappingProblem(
            f"The platform has no template {values['template_id']!r}. It has: {', '.join(sorted(known))}."
        )


def _check_scores(values: dict[str, Any]) -> None:
    score, grades = values["pass_score"], GRADES[values["scale"]]
    if score is not None and not 0 <= score <= 100:
        raise MappingProblem(f"The pass score is {score}; it must be from 0 to 100.")
    bounds = values["thresholds"]
    if bounds is None:
        return
    is_rising = all(low < high for low, high in itertools.pairwise(bounds))
    if len(bounds) != grades - 1 or not is_rising or not all(0 < bound <= 100 for bound in bounds):
        raise MappingProblem(
            f"The scale {values['scale']} needs {grades - 1} thresholds from 1 to 100, "
            "each above the one before."
        )


def _replace_current(tx: Connection, account_id: str, job_shortcode: str, now: datetime) -> bool:
    which = (M.c.account_id == account_id, M.c.job_shortcode == job_shortcode, M.c.replaced_at.is_(None))
    return tx.execute(M.update().where(*which).values(replaced_at=now)).rowcount > 0


def _next_version(tx: Connection, account_id: str, job_shortcode: str) -> int:
    which = (M.c.account_id == account_id, M.c.job_shortcode == job_shortcode)
    latest = tx.execute(select(func.max(M.c.version)).where(*which)).scalar()
    return (latest or 0) + 1


def _stage(tx: Connection, account_id: str, job_shortcode: str, stage_id: str) -> MappedStage:
    stages = schema.board_stages.c
    found = tx.execute(
        select(stages.stage_id, stages.slug, stages.kind, stages.name).where(
            stages.account_id == account_id,
            stages.job_shortcode == job_shortcode,
            stages.stage_id == stage_id,
        )
    ).first()
    if found is None:
        where = f"job {job_shortcode}" if job_shortcode else "the default pipeline"
        raise MappingProblem(f"That stage is no longer in {where}. Reload the page and choose again.")
    return MappedStage(*found)


def _rule(row: Row[Any]) -> Rule:
    values = {name: getattr(row, name) for name in Rule.__struct_fields__ if name != "stage"}
    if row.stage_id is not None:
        values["stage"] = MappedStage(row.stage_id, row.stage_slug, row.stage_kind, row.stage_name)
    return msgspec.convert({"stage": None} | values, Rule)
