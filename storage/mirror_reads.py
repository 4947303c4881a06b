"""What the agent asks of the mirror: one candidate, and counts for the dashboard's board."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from storage.mirror import Transaction
from storage.mirror_candidates import COLUMNS
from storage.records import Candidate


class StoredCandidate(msgspec.Struct, frozen=True):
    """A candidate as stored. A deleted one has `deleted_at`, no personal fields, and an empty `raw`."""

    candidate: Candidate
    stage_slug: str | None
    synced_at: datetime
    deleted_at: datetime | None


class StageCount(msgspec.Struct, frozen=True):
    """Live candidates of one job in one stage, disqualified ones among them. No job: the talent pool."""

    job_shortcode: str | None
    stage_slug: str | None
    stage_name: str | None
    candidates: int
    disqualified: int


class StoredMember(msgspec.Struct, frozen=True):
    """A member whom Workable still lists; `role` as Workable spells it."""

    member_id: str
    name: str
    role: str | None
    is_active: bool


class StoredJob(msgspec.Struct, frozen=True):
    """What the agent needs of a job that Workable still has."""

    shortcode: str
    title: str
    state: str
    department: str | None
    is_sample: bool
    updated_at: datetime | None

    @property
    def is_live(self) -> bool:
        """`closed` means internal or confidential, not finished."""
        return self.state in ("published", "closed")


def live_count(tx: Transaction, account_id: str, *, since: datetime | None = None) -> int:
    """Candidates not deleted; only those created at or after `since`, if it is given."""
    count: int = tx.value(
        "SELECT count(*) FROM workable.candidates"
        " WHERE account_id = ? AND NOT is_deleted AND (?::TIMESTAMP IS NULL OR created_at >= ?)",
        [account_id, since, since],
    )
    return count


def jobs(tx: Transaction, account_id: str) -> list[StoredJob]:
    rows = tx.rows(
        "SELECT job_shortcode, title, state, department, is_sample, updated_at FROM workable.jobs"
        " WHERE account_id = ? AND NOT is_deleted ORDER BY job_shortcode",
        [account_id],
    )
    return [StoredJob(*(_aware(value) for value in row)) for row in rows]


def members(tx: Transaction, account_id: str) -> list[StoredMember]:
    rows = tx.rows(
        "SELECT member_id, name, role, is_active FROM workable.members"
        " WHERE account_id = ? AND NOT is_deleted ORDER BY member_id",
        [account_id],
    )
    return [StoredMember(*row) for row in rows]


def job_counts(tx: Transaction, account_id: str) -> list[StageCount]:
    rows = tx.rows(
        "SELECT job_shortcode, stage_slug, stage_name, count(*), count_if(is_disqualified)"
        " FROM workable.candidates WHERE account_id = ? AND NOT is_deleted GROUP BY ALL ORDER BY ALL",
        [account_id],
    )
    return [StageCount(*row) for row in rows]


def sample_candidates(tx: Transaction, account_id: str, limit: int) -> list[tuple[str, str]]:
    """Ids of candidates in Workable's sample jobs, each with the job's title; the newest first."""
    return [
        (row[0], row[1])
        for row in tx.rows(
            "SELECT c.candidate_id, j.title FROM workable.candidates c"
            " JOIN workable.jobs j ON j.account_id = c.account_id AND j.job_shortcode = c.job_shortcode"
            " WHERE c.account_id = ? AND j.is_sample AND NOT j.is_deleted AND NOT c.is_deleted"
            " AND NOT coalesce(c.is_anonymized, false)"
            " ORDER BY c.created_at DESC, c.candidate_id LIMIT ?",
            [account_id, limit],
        )
    ]


def candidate(tx: Transaction, account_id: str, candidate_id: str) -> StoredCandidate | None:
    rows = tx.rows(
        f"SELECT {', '.join(COLUMNS)}, stage_slug, synced_at, deleted_at FROM workable.candidates"
        " WHERE account_id = ? AND candidate_id = ?",
        [account_id, candidate_id],
    )
    if not rows:
        return None
    *fields, slug, synced_at, deleted_at = (_aware(value) for value in rows[0])
    known = dict(zip(COLUMNS, fields, strict=True))
    known["raw"] = known["raw"] or ""
    return StoredCandidate(Candidate(**known), slug, synced_at, deleted_at)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
