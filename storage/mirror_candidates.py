"""Takes pages of candidates into the mirror: what is new, what changed, and which stages were entered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from storage.mirror import Transaction
from storage.mirror_pipelines import NAMED_STAGES
from storage.mirror_staging import FLAG, MOMENT, TEXT, Changes, Columns, arrow_table
from storage.records import Candidate

COLUMNS: Columns = {
    "candidate_id": TEXT,
    "job_shortcode": TEXT,
    "name": TEXT,
    "firstname": TEXT,
    "lastname": TEXT,
    "headline": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "address": TEXT,
    "stage_name": TEXT,
    "stage_kind": TEXT,
    "is_disqualified": FLAG,
    "disqualification_reason": TEXT,
    "is_anonymized": FLAG,
    "is_sourced": FLAG,
    "domain": TEXT,
    "outlet": TEXT,
    "common_source": TEXT,
    "common_source_category": TEXT,
    "profile_url": TEXT,
    "has_resume": FLAG,
    "hired_at": MOMENT,
    "moved_to_offer_at": MOMENT,
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "raw": TEXT,
}
PERSONAL = ("name", "firstname", "lastname", "headline", "email", "phone", "address", "profile_url")
_UNTRACKED = {"candidate_id", "created_at", "updated_at", "raw", "firstname", "lastname"}
TRACKED = tuple(column for column in COLUMNS if column not in _UNTRACKED)
# A page may have been on its way when we learnt of a deletion, or of another version of the same second;
# a page taken in later than this after it was not.
IN_FLIGHT = timedelta(minutes=15)


def upsert_candidates(
    tx: Transaction, account_id: str, rows: Sequence[Candidate], *, now: datetime, walk_id: str | None = None
) -> Changes:
    """Store a batch; of several versions of one candidate the newest counts, of equally new ones the last.

    Taking the same batch again, now or after others, changes nothing. With `walk_id` the ids count as listed.
    """
    if not rows:
        return Changes()
    with tx.staged("incoming", arrow_table(rows, COLUMNS)):
        _note_listed(tx, account_id, walk_id)
        _judge(tx, account_id, now)
    _remember_superseded(tx, account_id, now)
    _add_history(tx, account_id, now)
    _add_stage_entries(tx, account_id, now)
    _forget_anonymized(tx, account_id)
    _store(tx, account_id, now)
    return _counted(tx, len(rows))


def forget_personal_history(tx: Transaction, account_id: str, source: str) -> None:
    """Blank the personal values in the history of all `candidate_id` that the query `source` gives."""
    tx.execute(
        "UPDATE workable.candidate_history SET old_value = NULL, new_value = NULL"
        f" WHERE account_id = ? AND field IN ({_listed(PERSONAL)}) AND candidate_id IN ({source})",
        [account_id],
    )


def _note_listed(tx: Transaction, account_id: str, walk_id: str | None) -> None:
    seen = "SELECT DISTINCT candidate_id FROM incoming"
    tx.execute(
        f"DELETE FROM internal.missing WHERE account_id = ? AND candidate_id IN ({seen})", [account_id]
    )
    if walk_id is not None:
        tx.execute(f"INSERT INTO internal.walk_ids SELECT ?, ?, * FROM ({seen})", [account_id, walk_id])


def _judge(tx: Transaction, account_id: str, now: datetime) -> None:
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE arrived AS SELECT *, md5(raw) AS raw_hash,"
        " row_number() OVER (PARTITION BY candidate_id ORDER BY updated_at DESC NULLS LAST, arrival DESC)"
        " AS place FROM incoming"
    )
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE stored AS SELECT * FROM workable.candidates"
        " WHERE account_id = ? AND candidate_id IN (SELECT candidate_id FROM arrived)",
        [account_id],
    )
    tx.execute(
        "DELETE FROM internal.superseded WHERE account_id = ? AND superseded_at <= ?",
        [account_id, now - IN_FLIGHT],
    )
    tx.execute(_JUDGED, [account_id, account_id, now - IN_FLIGHT])


_JUDGED = f"""
CREATE OR REPLACE TEMP TABLE judged AS
WITH named AS ({NAMED_STAGES}), late AS (
    SELECT DISTINCT candidate_id, updated_at, raw_hash
    FROM internal.superseded WHERE account_id = ?
)
SELECT n.* EXCLUDE (place), coalesce(own.slug, usual.slug) AS stage_slug, CASE
    WHEN s.candidate_id IS NULL THEN 'inserted'
    WHEN n.updated_at < s.updated_at OR (n.updated_at IS NULL AND s.updated_at IS NOT NULL) THEN 'stale'
    WHEN n.raw = s.raw AND NOT s.is_deleted THEN 'unchanged'
    WHEN n.updated_at = s.updated_at AND late.candidate_id IS NOT NULL THEN 'stale'
    WHEN s.is_deleted AND s.deleted_at > ? AND coalesce(n.updated_at <= s.deleted_at, true) THEN 'stale'
    ELSE 'changed' END AS verdict
FROM arrived n
LEFT JOIN stored s USING (candidate_id)
LEFT JOIN late ON late.candidate_id = n.candidate_id
    AND late.updated_at = n.updated_at AND late.raw_hash = n.raw_hash
LEFT JOIN named own ON own.job_shortcode = n.job_shortcode AND own.name = n.stage_name
LEFT JOIN named usual ON usual.job_shortcode = '' AND usual.name = n.stage_name
WHERE n.place = 1
"""


def _remember_superseded(tx: Transaction, account_id: str, now: datetime) -> None:
    tx.execute(
        "INSERT INTO internal.superseded SELECT ?, n.candidate_id, n.updated_at, old.raw_hash, ?"
        " FROM judged n JOIN ("
        " SELECT candidate_id, updated_at, md5(raw) AS raw_hash FROM stored WHERE raw IS NOT NULL"
        " UNION SELECT candidate_id, updated_at, raw_hash FROM arrived WHERE place > 1) old"
        " USING (candidate_id, updated_at)"
        " WHERE n.verdict IN ('inserted', 'changed') AND old.raw_hash <> n.raw_hash",
        [account_id, now],
    )


def _add_history(tx: Transaction, account_id: str, now: datetime) -> None:
    pairs = ", ".join(f"{{'field': '{c}', 'old': s.{c}::VARCHAR, 'new': n.{c}::VARCHAR}}" for c in TRACKED)
    # A person who was deleted or anonymized has no earlier values any more: there is nothing to compare with.
    tx.execute(
        "INSERT INTO workable.candidate_history"
        " SELECT ?, candidate_id, one.field, one.old, one.new, coalesce(updated_at, ?), ? FROM ("
        " SELECT n.candidate_id, n.updated_at, n.arrival, s.is_deleted OR n.is_anonymized AS blank,"
        f" unnest([{pairs}]) AS one FROM judged n JOIN stored s USING (candidate_id)"
        " WHERE n.verdict = 'changed')"
        f" WHERE one.old IS DISTINCT FROM one.new AND NOT (blank AND one.field IN ({_listed(PERSONAL)}))"
        " ORDER BY arrival, one.field",
        [account_id, now, now],
    )


def _add_stage_entries(tx: Transaction, account_id: str, now: datetime) -> None:
    tx.execute(
        "INSERT INTO workable.stage_entries SELECT ?, n.candidate_id, n.job_shortcode, n.stage_name,"
        " n.stage_slug, n.stage_kind, s.job_shortcode, s.stage_name, s.candidate_id IS NULL,"
        " coalesce(n.updated_at, ?), ?"
        " FROM judged n LEFT JOIN stored s USING (candidate_id)"
        " WHERE n.stage_name IS NOT NULL AND (n.verdict = 'inserted' OR n.verdict = 'changed' AND ("
        " n.stage_name IS DISTINCT FROM s.stage_name OR n.job_shortcode IS DISTINCT FROM s.job_shortcode))"
        " ORDER BY n.arrival",
        [account_id, now, now],
    )


def _forget_anonymized(tx: Transaction, account_id: str) -> None:
    newly = (
        "SELECT n.candidate_id FROM judged n JOIN stored s USING (candidate_id)"
        " WHERE n.is_anonymized AND NOT s.is_anonymized"
    )
    if tx.rows(f"{newly} LIMIT 1"):
        forget_personal_history(tx, account_id, newly)


def _store(tx: Transaction, account_id: str, now: datetime) -> None:
    tx.execute(
        "DELETE FROM workable.candidates WHERE account_id = ?"
        " AND candidate_id IN (SELECT candidate_id FROM judged WHERE verdict = 'changed')",
        [account_id],
    )
    columns = ", ".join([*COLUMNS, "stage_slug"])
    tx.execute(
        f"INSERT INTO workable.candidates (account_id, {columns}, synced_at, is_deleted)"
        f" SELECT ?, {columns}, ?, false FROM judged"
        " WHERE verdict IN ('inserted', 'changed') ORDER BY arrival",
        [account_id, now],
    )


def _counted(tx: Transaction, read: int) -> Changes:
    verdicts: dict[str, int] = dict(tx.rows("SELECT verdict, count(*) FROM judged GROUP BY verdict"))
    for table in ("arrived", "stored", "judged"):
        tx.execute(f"DROP TABLE {table}")
    return Changes(read=read, **verdicts)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
