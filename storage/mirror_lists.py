"""Takes accounts, jobs, members and recruiters into the mirror; they are few, most come as whole lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from storage.mirror import Transaction
from storage.mirror_staging import FLAG, MOMENT, TEXT, Changes, Columns, arrow_table
from storage.records import Account, Job, Member, Recruiter


class _Kind(msgspec.Struct, frozen=True):
    table: str
    key: str
    columns: Columns


_JOBS = _Kind(
    "workable.jobs",
    "job_shortcode",
    {
        "job_shortcode": TEXT,
        "job_id": TEXT,
        "title": TEXT,
        "state": TEXT,
        "department": TEXT,
        "is_sample": FLAG,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "raw": TEXT,
    },
)
_MEMBERS = _Kind(
    "workable.members",
    "member_id",
    {
        "member_id": TEXT,
        "name": TEXT,
        "email": TEXT,
        "role": TEXT,
        "roles": pa.list_(TEXT),
        "is_active": FLAG,
        "raw": TEXT,
    },
)
_RECRUITERS = _Kind(
    "workable.recruiters", "recruiter_id", {"recruiter_id": TEXT, "name": TEXT, "email": TEXT, "raw": TEXT}
)
_ATTRIBUTES = {"job_shortcode": "shortcode"}


def set_account(tx: Transaction, account_id: str, account: Account, *, now: datetime) -> None:
    stored = tx.value(
        "SELECT raw FROM workable.accounts WHERE account_id = ? AND NOT is_deleted", [account_id]
    )
    if stored == account.raw:
        return
    tx.execute("DELETE FROM workable.accounts WHERE account_id = ?", [account_id])
    tx.execute(
        "INSERT INTO workable.accounts (account_id, subdomain, name, raw, synced_at, is_deleted)"
        " VALUES (?, ?, ?, ?, ?, false)",
        [account_id, account.subdomain, account.name, account.raw, now],
    )


def upsert_jobs(tx: Transaction, account_id: str, rows: Sequence[Job], *, now: datetime) -> Changes:
    """Store a batch of jobs; one that is older than what is stored is left out."""
    return _upsert(tx, account_id, _JOBS, rows, now=now, is_stale="n.updated_at < s.updated_at")


def mark_jobs_deleted(tx: Transaction, account_id: str, shortcodes: Sequence[str], *, now: datetime) -> None:
    tx.execute(
        "UPDATE workable.jobs SET is_deleted = true, deleted_at = ? WHERE account_id = ? AND NOT is_deleted"
        " AND job_shortcode IN (SELECT unnest(?::VARCHAR[]))",
        [now, account_id, list(shortcodes)],
    )


def replace_members(tx: Transaction, account_id: str, rows: Sequence[Member], *, now: datetime) -> Changes:
    """Make `rows` the account's members. An empty list changes nothing: no account is without members."""
    return _replace(tx, account_id, _MEMBERS, rows, now) if rows else Changes()


def replace_recruiters(
    tx: Transaction, account_id: str, rows: Sequence[Recruiter], *, now: datetime
) -> Changes:
    """Make `rows` the account's recruiters; there may be none."""
    return _replace(tx, account_id, _RECRUITERS, rows, now)


def _replace(tx: Transaction, account_id: str, kind: _Kind, rows: Sequence[Any], now: datetime) -> Changes:
    gone = tx.rows(
        f"UPDATE {kind.table} SET is_deleted = true, deleted_at = ? WHERE account_id = ? AND NOT is_deleted"
        f" AND {kind.key} NOT IN (SELECT unnest(?::VARCHAR[])) RETURNING {kind.key}",
        [now, account_id, [getattr(row, kind.key) for row in rows]],
    )
    return msgspec.structs.replace(_upsert(tx, account_id, kind, rows, now=now), gone=len(gone))


def _upsert(
    tx: Transaction,
    account_id: str,
    kind: _Kind,
    rows: Sequence[Any],
    *,
    now: datetime,
    is_stale: str = "false",
) -> Changes:
    if not rows:
        return Changes()
    with tx.staged("incoming", arrow_table(rows, kind.columns, _ATTRIBUTES)):
        tx.execute(
            "CREATE OR REPLACE TEMP TABLE judged AS SELECT n.*,"
            f" CASE WHEN s.account_id IS NULL THEN 'inserted' WHEN {is_stale} THEN 'stale'"
            " WHEN n.raw = s.raw AND NOT s.is_deleted THEN 'unchanged'"
            f" ELSE 'changed' END AS verdict FROM incoming n LEFT JOIN {kind.table} s"
            f" ON s.account_id = ? AND s.{kind.key} = n.{kind.key}"
            f" QUALIFY row_number() OVER (PARTITION BY n.{kind.key} ORDER BY n.arrival DESC) = 1",
            [account_id],
        )
    tx.execute(
        f"DELETE FROM {kind.table} WHERE account_id = ?"
        f" AND {kind.key} IN (SELECT {kind.key} FROM judged WHERE verdict = 'changed')",
        [account_id],
    )
    columns = ", ".join(kind.columns)
    tx.execute(
        f"INSERT INTO {kind.table} (account_id, {columns}, synced_at, is_deleted)"
        f" SELECT ?, {columns}, ?, false FROM judged"
        " WHERE verdict IN ('inserted', 'changed') ORDER BY arrival",
        [account_id, now],
    )
    verdicts: dict[str, int] = dict(tx.rows("SELECT verdict, count(*) FROM judged GROUP BY verdict"))
    tx.execute("DROP TABLE judged")
    return Changes(read=len(rows), **verdicts)
