"""Cursors, full listings and what they prove: which candidates Workable no longer has."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pyarrow as pa

from storage.mirror import Transaction
from storage.mirror_candidates import PERSONAL, forget_personal_history

APART = timedelta(minutes=10)
_WALK = "walk"


class Walk(msgspec.Struct, frozen=True):
    """A full listing in progress."""

    walk_id: str
    started_at: datetime


class Missing(msgspec.Struct, frozen=True):
    """What a complete listing did not show, of the `live_before` candidates that were not deleted.

    `newly` were missed for the first time; `confirmed` by two listings, the later begun ten minutes or more
    after the end of the earlier. Ids come in ascending order.
    """

    newly: tuple[str, ...]
    confirmed: tuple[str, ...]
    live_before: int


def cursor(tx: Transaction, account_id: str, stream: str) -> str | None:
    found: str | None = tx.value(
        "SELECT value FROM internal.cursors WHERE account_id = ? AND stream = ?", [account_id, stream]
    )
    return found


def set_cursor(tx: Transaction, account_id: str, stream: str, value: str | None, *, now: datetime) -> None:
    """Remember `value` in the same transaction as the rows it speaks of; None forgets it."""
    tx.execute("DELETE FROM internal.cursors WHERE account_id = ? AND stream = ?", [account_id, stream])
    if value is not None:
        tx.execute("INSERT INTO internal.cursors VALUES (?, ?, ?, ?)", [account_id, stream, value, now])


def cursors_like(tx: Transaction, account_id: str, prefix: str) -> dict[str, str]:
    """Every cursor of the account whose name begins with `prefix`."""
    rows = tx.rows(
        "SELECT stream, value FROM internal.cursors WHERE account_id = ? AND starts_with(stream, ?)",
        [account_id, prefix],
    )
    return dict(rows)


def begin_walk(tx: Transaction, account_id: str, *, now: datetime) -> str:
    """Start a full listing, dropping one in progress. The id goes to `upsert_candidates` with each page."""
    walk_cleanup(tx, account_id)
    walk = Walk(f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}", now)
    set_cursor(tx, account_id, _WALK, msgspec.json.encode(walk).decode(), now=now)
    return walk.walk_id


def walk_in_progress(tx: Transaction, account_id: str) -> Walk | None:
    """The listing to go on with after a restart."""
    found = cursor(tx, account_id, _WALK)
    return None if found is None else msgspec.json.decode(found, type=Walk)


def end_walk(tx: Transaction, account_id: str, walk_id: str, *, now: datetime) -> Missing:
    """Compare a listing that was read to its end with what is stored, and forget it.

    Rows stored since it began are not missed. Raises LookupError if this walk is not in progress.
    """
    walk = walk_in_progress(tx, account_id)
    if walk is None or walk.walk_id != walk_id:
        raise LookupError(f"no walk {walk_id} is in progress")
    live: int = tx.value(
        "SELECT count(*) FROM workable.candidates WHERE account_id = ? AND NOT is_deleted", [account_id]
    )
    _collect_missed(tx, account_id, walk)
    confirmed = _ids(
        tx,
        "SELECT candidate_id FROM missed JOIN internal.missing m USING (candidate_id)"
        " WHERE m.account_id = ? AND m.first_missed_at <= ? ORDER BY ALL",
        [account_id, walk.started_at - APART],
    )
    newly = _ids(
        tx,
        "SELECT candidate_id FROM missed WHERE candidate_id NOT IN"
        " (SELECT candidate_id FROM internal.missing WHERE account_id = ?) ORDER BY ALL",
        [account_id],
    )
    _note_missed(tx, account_id, now)
    walk_cleanup(tx, account_id)
    return Missing(newly, confirmed, live)


def walk_cleanup(tx: Transaction, account_id: str) -> None:
    """Forget the account's listing in progress, if there is one; what earlier ones missed stays known."""
    tx.execute("DELETE FROM internal.walk_ids WHERE account_id = ?", [account_id])
    tx.execute("DELETE FROM internal.cursors WHERE account_id = ? AND stream = ?", [account_id, _WALK])


def still_missing(tx: Transaction, account_id: str) -> Missing:
    """What two listings or more have missed and nobody has settled yet."""
    live: int = tx.value(
        "SELECT count(*) FROM workable.candidates WHERE account_id = ? AND NOT is_deleted", [account_id]
    )
    confirmed = _ids(
        tx,
        "SELECT candidate_id FROM internal.missing WHERE account_id = ? AND misses > 1"
        " AND last_missed_at - first_missed_at >= to_minutes(?) ORDER BY ALL",
        [account_id, APART // timedelta(minutes=1)],
    )
    return Missing((), confirmed, live)


def first_missed_at(tx: Transaction, account_id: str) -> datetime | None:
    """When the newest of the missing candidates was missed for the first time."""
    found = tx.value("SELECT max(first_missed_at) FROM internal.missing WHERE account_id = ?", [account_id])
    return None if found is None else found.replace(tzinfo=UTC)


def forget_missing(tx: Transaction, account_id: str, ids: Sequence[str]) -> None:
    """Workable has these candidates after all."""
    tx.execute(
        "DELETE FROM internal.missing WHERE account_id = ? AND candidate_id IN (SELECT unnest(?::VARCHAR[]))",
        [account_id, list(ids)],
    )


def mark_deleted(tx: Transaction, account_id: str, ids: Sequence[str], *, now: datetime) -> int:
    """Keep the rows as deleted, with nothing personal, in history too. Tells how many were live before."""
    blank = ", ".join(f"{column} = NULL" for column in (*PERSONAL, "raw"))
    forgotten = "SELECT candidate_id FROM forgotten"
    with tx.staged("forgotten", pa.table({"candidate_id": pa.array(ids, pa.string())})):
        deleted = tx.rows(
            f"UPDATE workable.candidates SET is_deleted = true, deleted_at = ?, {blank} WHERE account_id = ?"
            f" AND NOT is_deleted AND candidate_id IN ({forgotten}) RETURNING candidate_id",
            [now, account_id],
        )
        forget_personal_history(tx, account_id, forgotten)
        for table in ("internal.missing", "internal.superseded"):
            tx.execute(
                f"DELETE FROM {table} WHERE account_id = ? AND candidate_id IN ({forgotten})", [account_id]
            )
    return len(deleted)


def _collect_missed(tx: Transaction, account_id: str, walk: Walk) -> None:
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE missed AS SELECT candidate_id FROM workable.candidates"
        " WHERE account_id = ? AND NOT is_deleted AND synced_at < ? AND candidate_id NOT IN"
        " (SELECT candidate_id FROM internal.walk_ids WHERE account_id = ? AND walk_id = ?)",
        [account_id, walk.started_at, account_id, walk.walk_id],
    )


def _note_missed(tx: Transaction, account_id: str, now: datetime) -> None:
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE noted AS"
        " SELECT candidate_id, coalesce(m.first_missed_at, ?) AS first_missed_at,"
        " coalesce(m.misses, 0) + 1 AS misses FROM missed"
        " LEFT JOIN (SELECT * FROM internal.missing WHERE account_id = ?) m USING (candidate_id)",
        [now, account_id],
    )
    tx.execute("DELETE FROM internal.missing WHERE account_id = ?", [account_id])
    tx.execute(
        "INSERT INTO internal.missing SELECT ?, candidate_id, first_missed_at, ?, misses FROM noted",
        [account_id, now],
    )
    tx.execute("DROP TABLE noted")
    tx.execute("DROP TABLE missed")


def _ids(tx: Transaction, sql: str, values: Sequence[str | datetime | int]) -> tuple[str, ...]:
    return tuple(row[0] for row in tx.rows(sql, values))
