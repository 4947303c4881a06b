"""The published copy: what is in it, who can open it, and what happens to older ones."""

import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from storage.mirror import Mirror
from storage.mirror_candidates import PERSONAL
from storage.mirror_errors import StorageProblem
from storage.mirror_lists import upsert_jobs
from storage.mirror_pipelines import DEFAULT_PIPELINE, replace_pipeline
from storage.mirror_walks import mark_deleted
from storage.publish import Published, publish
from storage.published import open_published
from storage.records import Job
from tests.storage.mirrors import ACCOUNT, NOW, PIPELINE, candidate, later, rows, take

STREAMS = pa.table(
    {
        "account_id": [ACCOUNT, ACCOUNT, ACCOUNT],
        "stream": ["candidates", "jobs", "members"],
        "last_completed_at": pa.array([NOW, later(hours=-1), None], pa.timestamp("us", tz="UTC")),
        "every_seconds": [60, 900, 900],
    }
)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    yield mirror
    mirror.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "published"


def published(
    mirror: Mirror,
    folder: Path,
    *,
    reports: Mapping[str, pa.Table] | None = None,
    comments: Mapping[str, str] | None = None,
    at: datetime = NOW,
    keep: int = 3,
) -> Published:
    return publish(mirror, folder, reports=reports or {}, comments=comments or {}, now=at, keep=keep)


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with open_published(folder) as connection:
        return connection.execute(sql).fetchall()


def versions(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_holds_the_mirror_and_the_mirror_goes_on(mirror: Mirror, folder: Path) -> None:
    take(mirror, candidate())

    made = published(mirror, folder)
    take(mirror, candidate(2))

    assert (made.number, made.path.name, made.bytes) == (1, "workable-1.duckdb", made.path.stat().st_size)
    assert asked(folder, "SELECT name FROM workable.candidates") == [("Robin Example 1",)]
    assert rows(mirror, "SELECT count(*) FROM workable.candidates") == [(2,)]


def test_the_copy_is_closed_to_writing_and_nothing_else_is_left_in_the_folder(
    mirror: Mirror, folder: Path
) -> None:
    made = published(mirror, folder)

    assert versions(folder) == ["analytics.duckdb", "workable-1.duckdb"]
    assert (stat.S_IMODE(made.path.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o444, 0o755)
    assert (folder / "analytics.duckdb").readlink() == Path("workable-1.duckdb")


def test_numbers_grow_and_only_the_newest_are_kept(mirror: Mirror, folder: Path) -> None:
    for _ in range(4):
        published(mirror, folder, keep=2)

    assert versions(folder) == ["analytics.duckdb", "workable-3.duckdb", "workable-4.duckdb"]
    assert asked(folder, "SELECT number, published_at FROM sync.publication") == [
        (4, NOW.replace(tzinfo=None))
    ]


def test_a_number_is_never_used_twice_even_if_its_file_was_removed_by_hand(
    mirror: Mirror, folder: Path
) -> None:
    published(mirror, folder)
    published(mirror, folder).path.unlink()

    assert published(mirror, folder).number == 3


def test_what_is_internal_is_not_published(mirror: Mirror, folder: Path) -> None:
    published(mirror, folder)

    schemas = "SELECT DISTINCT schema_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
    assert asked(folder, schemas) == [("sync",), ("workable",)]
    assert rows(mirror, "SELECT count(*) FROM internal.cursors") == [(0,)]


def test_reports_are_tables_of_schema_sync_with_their_comments_and_naive_utc_times(
    mirror: Mirror, folder: Path
) -> None:
    published(
        mirror,
        folder,
        reports={"streams": STREAMS},
        comments={"streams": "Streams", "streams.stream": "The stream's name"},
    )

    assert asked(folder, "SELECT stream, last_completed_at FROM sync.streams LIMIT 1") == [
        ("candidates", NOW.replace(tzinfo=None))
    ]
    said = "SELECT comment FROM duckdb_tables() WHERE table_name = 'streams' UNION ALL SELECT comment FROM duckdb_columns() WHERE table_name = 'streams' AND column_name = 'stream'"
    assert asked(folder, said) == [("Streams",), ("The stream's name",)]


def test_every_table_view_and_column_of_ours_is_explained(mirror: Mirror, folder: Path) -> None:
    published(mirror, folder, reports={"streams": STREAMS})

    unexplained = """
        SELECT schema_name, table_name, '' FROM duckdb_tables() WHERE comment IS NULL AND NOT internal
        UNION ALL SELECT schema_name, view_name, '' FROM duckdb_views() WHERE comment IS NULL AND NOT internal
        UNION ALL SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal
    """
    assert {row for row in asked(folder, unexplained) if row[1] != "streams"} == set()


def test_marts_show_nothing_personal(mirror: Mirror, folder: Path) -> None:
    published(mirror, folder, reports={"streams": STREAMS})

    found = asked(folder, "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'marts'")
    assert {name for name, _ in found} == {
        "applications",
        "funnel",
        "stage_visits",
        "time_in_stage",
        "sync_freshness",
    }
    assert {column for _, column in found}.isdisjoint({*PERSONAL, "raw"})


def test_the_funnel_counts_who_reached_a_stage_and_who_is_there_now(mirror: Mirror, folder: Path) -> None:
    with mirror.transaction() as tx:
        upsert_jobs(
            tx,
            ACCOUNT,
            [Job("5b", "GROOV001", "Engineer", "published", None, False, None, None, "{}")],
            now=NOW,
        )
        replace_pipeline(tx, ACCOUNT, DEFAULT_PIPELINE, PIPELINE, now=NOW)
        replace_pipeline(tx, ACCOUNT, "GROOV001", PIPELINE, now=NOW)
    take(mirror, *(candidate(n) for n in range(4)), candidate(9, job_shortcode="OTHER"))
    take(mirror, candidate(1, stage_name="Interview", updated_at=later(seconds=1)))
    take(mirror, candidate(2, is_disqualified=True, updated_at=later(seconds=1)))
    with mirror.transaction() as tx:
        mark_deleted(tx, ACCOUNT, [candidate(3).candidate_id], now=NOW)

    published(mirror, folder)

    asks = "SELECT job_title, stage_position, stage_name, stage_slug, reached, active, disqualified FROM marts.funnel ORDER BY job_shortcode, stage_position"
    assert asked(folder, asks) == [
        ("Engineer", 1, "Applied", "applied", 4, 1, 1),
        ("Engineer", 2, "Phone Screen", "phone-screen", 0, 0, 0),
        ("Engineer", 3, "Interview", "interview", 1, 1, 0),
        (None, 1, "Applied", "applied", 1, 1, 0),
    ]


def test_time_in_stage_counts_stays_seen_from_their_start_to_their_end(mirror: Mirror, folder: Path) -> None:
    take(mirror, candidate(1, created_at=NOW), candidate(2))
    take(
        mirror,
        candidate(1, created_at=NOW, stage_name="Interview", updated_at=later(hours=6)),
        candidate(2, stage_name="Interview", updated_at=later(hours=30)),
    )
    published(mirror, folder)

    visits = (
        "SELECT stage_name, hours, is_lower_bound FROM marts.stage_visits ORDER BY candidate_id, entered_at"
    )
    assert asked(folder, visits) == [
        ("Applied", 6.0, False),
        ("Interview", None, False),
        ("Applied", 30.0, True),
        ("Interview", None, False),
    ]
    summed = "SELECT stage_name, visits, median_hours, p90_hours FROM marts.time_in_stage"
    assert asked(folder, summed) == [("Applied", 1, 6.0, 6.0)]


def test_freshness_is_told_for_the_moment_of_the_copy(mirror: Mirror, folder: Path) -> None:
    published(mirror, folder, reports={"streams": STREAMS}, at=later(minutes=2))

    asks = "SELECT stream, age_seconds, is_late FROM marts.sync_freshness ORDER BY stream"
    assert asked(folder, asks) == [("candidates", 120, False), ("jobs", 3720, True), ("members", None, True)]


def test_freshness_is_left_out_where_no_streams_are_reported(mirror: Mirror, folder: Path) -> None:
    published(mirror, folder, reports={"streams": STREAMS.drop_columns("every_seconds")})

    assert ("sync_freshness",) not in asked(
        folder, "SELECT view_name FROM duckdb_views() WHERE schema_name = 'marts'"
    )


def test_before_the_first_copy_there_is_a_sentence(folder: Path) -> None:
    with pytest.raises(StorageProblem, match="Nothing is published"):
        open_published(folder)


def test_the_link_can_be_opened_directly_too(mirror: Mirror, folder: Path) -> None:
    take(mirror, candidate())
    published(mirror, folder)

    with duckdb.connect(folder / "analytics.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM workable.candidates").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*) FROM marts.applications").fetchall() == [(1,)]


def test_a_copy_that_fails_leaves_the_old_one_published_and_no_draft(mirror: Mirror, folder: Path) -> None:
    published(mirror, folder)

    with pytest.raises(duckdb.BinderException, match="no_such_column"):
        published(
            mirror, folder, reports={"streams": STREAMS}, comments={"streams.no_such_column": "Nothing"}
        )

    assert versions(folder) == ["analytics.duckdb", "workable-1.duckdb"]
    assert take(mirror, candidate()).inserted == 1


def test_what_a_dead_publisher_left_makes_room_before_the_next_copy(mirror: Mirror, folder: Path) -> None:
    folder.mkdir()
    for name in (".draft-1.duckdb", ".draft-1.duckdb.wal", ".draft-analytics.duckdb"):
        (folder / name).touch()
    found: list[list[str]] = []

    publish(
        mirror, folder, reports={}, comments={}, now=NOW, on_step=lambda _: found.append(versions(folder))
    )

    assert found[0] == [".draft-1.duckdb"]


def test_a_folder_that_is_a_file_is_told_in_a_sentence(mirror: Mirror, folder: Path) -> None:
    folder.write_text("in the way")

    with pytest.raises(StorageProblem, match="published"):
        published(mirror, folder)
