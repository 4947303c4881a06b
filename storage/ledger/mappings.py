"""Stage mappings: which stage triggers an interview, for the account and, overriding it, for a job.

Every version is kept. A mapping counts from its `active_from`, so that saving one invites nobody who is
already in the stage (behaviours B01).
"""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from storage.ledger import audit, schema

M = schema.mappings
DEFAULT = ""


class MappedStage(msgspec.Struct, frozen=True):
    """The stage as it was when mapped; found again by id, then by slug and kind."""

    stage_id: str
    slug: str
    kind: str
    name: str


class MappingProblem(Exception):
    """The mapping cannot be saved; the message says why."""


def save(
    tx: Connection,
    account_id: str,
    job_shortcode: str,
    stage_id: str | None,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Map a stage of the job (or of the account's default pipeline); None means that none triggers.

    Raises MappingProblem when the pipeline has no such stage.
    """
    stage = None if stage_id is None else _stage(tx, account_id, job_shortcode, stage_id)
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


def _replace_current(tx: Connection, account_id: str, job_shortcode: str, now: datetime) -> bool:
    current = (
        M.c.account_id == account_id,
        M.c.job_shortcode == job_shortcode,
        M.c.replaced_at.is_(None),
    )
    return tx.execute(M.update().where(*current).values(replaced_at=now)).rowcount > 0


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
