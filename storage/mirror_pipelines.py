"""Keeps the pipelines of an account, and follows a renamed stage through what is stored."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import pyarrow as pa

from storage.mirror import Transaction
from storage.mirror_staging import NUMBER, TEXT, Columns, arrow_table
from storage.records import Candidate, Stage

DEFAULT_PIPELINE = ""
COLUMNS: Columns = {"stage_id": TEXT, "slug": TEXT, "name": TEXT, "kind": TEXT, "position": NUMBER}
NAMED_STAGES = (
    "SELECT job_shortcode, name, first(slug ORDER BY is_deleted, position) AS slug"
    " FROM workable.stages WHERE account_id = ? GROUP BY ALL"
)


class Renamed(msgspec.Struct, frozen=True):
    stage_id: str
    old: str
    new: str


class PipelineChange(msgspec.Struct, frozen=True):
    """`renamed` has only stages of which it is clear who stood in them: names that no other stage shared."""

    renamed: tuple[Renamed, ...] = ()
    gone: tuple[Stage, ...] = ()
    added: tuple[Stage, ...] = ()


def pipeline(tx: Transaction, account_id: str, job_shortcode: str = DEFAULT_PIPELINE) -> list[Stage]:
    """The stages Workable has now, in their order; of the account's default pipeline if no job is named."""
    rows = tx.rows(
        f"SELECT {', '.join(COLUMNS)} FROM workable.stages"
        " WHERE account_id = ? AND job_shortcode = ? AND NOT is_deleted ORDER BY position, stage_id",
        [account_id, job_shortcode],
    )
    return [Stage(*row) for row in rows]


def pipelines(tx: Transaction, account_id: str) -> dict[str, list[Stage]]:
    """The stages of every pipeline of the account, by job shortcode."""
    rows = tx.rows(
        f"SELECT job_shortcode, {', '.join(COLUMNS)} FROM workable.stages"
        " WHERE account_id = ? AND NOT is_deleted ORDER BY job_shortcode, position, stage_id",
        [account_id],
    )
    found: dict[str, list[Stage]] = {}
    for shortcode, *stage in rows:
        found.setdefault(shortcode, []).append(Stage(*stage))
    return found


def replace_pipeline(
    tx: Transaction, account_id: str, job_shortcode: str, stages: Sequence[Stage], *, now: datetime
) -> PipelineChange:
    """Make `stages` the pipeline. A rename is no move: stored rows get the new name, and no entry is added.

    An empty list changes nothing: no pipeline is empty, so the answer was wrong.
    """
    before = {s.stage_id: s for s in pipeline(tx, account_id, job_shortcode)}
    after = {s.stage_id: s for s in stages}
    written = [s for s in after.values() if before.get(s.stage_id) != s]
    gone = [s for s in before.values() if s.stage_id not in after] if after else []
    if not written and not gone:
        return PipelineChange()
    renamed = [
        Renamed(i, before[i].name, s.name)
        for i, s in after.items()
        if i in before and before[i].name != s.name
    ]
    _write(tx, account_id, job_shortcode, written, now)
    _mark_gone(tx, account_id, job_shortcode, gone, now)
    clear = tuple(r for r in renamed if _is_clear(r, before))
    _rename(tx, account_id, job_shortcode, clear)
    _resolve_slugs(tx, account_id, job_shortcode)
    added = tuple(s for s in written if s.stage_id not in before)
    return PipelineChange(renamed=clear, gone=tuple(gone), added=added)


def jobs_with_unknown_stage(tx: Transaction, account_id: str, rows: Sequence[Candidate]) -> set[str]:
    """Jobs in which a candidate stands in a stage whose name the job's stored pipeline lacks.

    Read these pipelines before the rows are stored: otherwise a renamed stage looks like a move.
    """
    with tx.staged("incoming", arrow_table(rows, {"job_shortcode": TEXT, "stage_name": TEXT})):
        found = tx.rows(
            "SELECT DISTINCT job_shortcode FROM incoming"
            " WHERE job_shortcode IS NOT NULL AND stage_name IS NOT NULL"
            " AND (job_shortcode, stage_name) NOT IN"
            " (SELECT (job_shortcode, name) FROM workable.stages WHERE account_id = ? AND NOT is_deleted)",
            [account_id],
        )
    return {row[0] for row in found}


def _is_clear(rename: Renamed, before: dict[str, Stage]) -> bool:
    # Candidates carry only the name; where two stages shared it, nobody can say whose they are.
    return sum(s.name == rename.old for s in before.values()) == 1


def _write(
    tx: Transaction, account_id: str, job_shortcode: str, stages: Sequence[Stage], now: datetime
) -> None:
    names = ", ".join(COLUMNS)
    with tx.staged("incoming", arrow_table(stages, COLUMNS)):
        tx.execute(
            "DELETE FROM workable.stages WHERE account_id = ? AND job_shortcode = ?"
            " AND stage_id IN (SELECT stage_id FROM incoming)",
            [account_id, job_shortcode],
        )
        tx.execute(
            f"INSERT INTO workable.stages (account_id, job_shortcode, {names}, synced_at, is_deleted)"
            f" SELECT ?, ?, {names}, ?, false FROM incoming",
            [account_id, job_shortcode, now],
        )


def _mark_gone(
    tx: Transaction, account_id: str, job_shortcode: str, stages: Sequence[Stage], now: datetime
) -> None:
    tx.execute(
        "UPDATE workable.stages SET is_deleted = true, deleted_at = ?"
        " WHERE account_id = ? AND job_shortcode = ? AND stage_id IN (SELECT unnest(?::VARCHAR[]))",
        [now, account_id, job_shortcode, [s.stage_id for s in stages]],
    )


def _rename(tx: Transaction, account_id: str, job_shortcode: str, renamed: Sequence[Renamed]) -> None:
    if not renamed:
        return
    names = pa.table({"old": [r.old for r in renamed], "new": [r.new for r in renamed]})
    columns = (
        ("workable.candidates", "job_shortcode", "stage_name"),
        ("workable.stage_entries", "job_shortcode", "stage_name"),
        ("workable.stage_entries", "previous_job_shortcode", "previous_stage_name"),
    )
    with tx.staged("renamed", names):
        # One statement for all names at once, so that two stages may swap theirs.
        for table, job, column in columns:
            tx.execute(
                f"UPDATE {table} t SET {column} = r.new FROM renamed r"
                f" WHERE t.account_id = ? AND t.{column} = r.old AND {_of_pipeline(f't.{job}')}",
                [account_id, job_shortcode, job_shortcode, account_id],
            )


def _resolve_slugs(tx: Transaction, account_id: str, job_shortcode: str) -> None:
    tx.execute(
        f"UPDATE workable.candidates t SET stage_slug = found.slug FROM (WITH named AS ({NAMED_STAGES})"
        " SELECT c.candidate_id, coalesce(own.slug, usual.slug) AS slug FROM workable.candidates c"
        " LEFT JOIN named own ON own.job_shortcode = c.job_shortcode AND own.name = c.stage_name"
        " LEFT JOIN named usual ON usual.job_shortcode = '' AND usual.name = c.stage_name"
        " WHERE c.account_id = ?) found"
        " WHERE t.account_id = ? AND t.candidate_id = found.candidate_id"
        " AND t.stage_slug IS DISTINCT FROM found.slug AND (? = '' OR t.job_shortcode = ?)",
        [account_id, account_id, account_id, job_shortcode, job_shortcode],
    )


def _of_pipeline(job: str) -> str:
    """Whether a row's job uses the pipeline; the default one serves jobs without stages of their own."""
    return (
        f"({job} = ? OR (? = '' AND NOT EXISTS (SELECT 1 FROM workable.stages own"
        f" WHERE own.account_id = ? AND own.job_shortcode <> '' AND own.job_shortcode = {job})))"
    )
