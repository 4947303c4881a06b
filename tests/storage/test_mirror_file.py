"""The mirror's file: opened late, owned by one process, refused, damaged, rebuilt, closed for a copy."""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from storage.mirror import Mirror
from storage.mirror_errors import MirrorBusy, MirrorDamaged, MirrorTooNew
from storage.mirror_reads import live_count
from tests.storage.mirrors import ACCOUNT, NOW, candidate, later, rows, said, started, take

HOLD_OPEN = """
import sys
from pathlib import Path
from storage.mirror import Mirror
with Mirror(Path(sys.argv[1])).transaction():
    print("open", flush=True)
    sys.stdin.readline()
"""

FILL_A_SMALL_DISK = """
import resource, sys
from pathlib import Path
from storage.mirror import Mirror
from storage.mirror_errors import StorageProblem
from tests.storage.mirrors import candidate, take, rows
mirror = Mirror(Path(sys.argv[1]))
take(mirror, candidate(0))
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
try:
    for n in range(1, 100):
        take(mirror, *(candidate(n * 1000 + i) for i in range(1000)))
except StorageProblem as problem:
    print(problem)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
take(mirror, candidate(999_999))
print(rows(mirror, "SELECT count(*) % 1000 FROM workable.candidates"))
"""

OPEN_WHERE_NOTHING_MAY_BE_WRITTEN = """
import os, sys
from pathlib import Path
from storage.mirror import Mirror
from storage.mirror_errors import StorageProblem
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    with Mirror(Path("private/mirror.duckdb")).transaction():
        pass
except StorageProblem as problem:
    print(problem)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "mirror.duckdb"


@pytest.fixture
def mirror(path: Path) -> Iterator[Mirror]:
    mirror = Mirror(path)
    yield mirror
    mirror.close()


def wal(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def garbage(path: Path) -> None:
    path.write_bytes(b"certainly no database " * 1000)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def sqlite(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE candidates (id)")
    connection.close()


def foreign(path: Path) -> None:
    path.unlink()
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE candidates (id INTEGER)")


def torn(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000] ^= 0xFF
    path.write_bytes(content)


def wal_of_another(path: Path) -> None:
    other = path.with_name("other.duckdb")
    connection = duckdb.connect(other)
    connection.execute("CREATE TABLE a (b INTEGER)")
    connection.execute("CHECKPOINT")
    connection.execute("INSERT INTO a VALUES (1)")
    shutil.copy(wal(other), wal(path))
    connection.close()
    other.unlink()


def test_nothing_is_made_before_the_first_use(path: Path, mirror: Mirror) -> None:
    assert not path.parent.exists()
    rows(mirror, "SELECT 1")

    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_what_was_committed_is_there_after_the_next_start(path: Path, mirror: Mirror) -> None:
    take(mirror, candidate())
    mirror.close()

    assert rows(Mirror(path), "SELECT name FROM workable.candidates") == [("Robin Example 1",)]


def test_the_file_is_of_the_format_that_clients_of_the_last_year_open(mirror: Mirror) -> None:
    tags = rows(
        mirror,
        "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = current_database()",
    )

    assert tags == [("v1.4.0+",)]


def test_every_table_and_column_is_explained(mirror: Mirror) -> None:
    unexplained = """
        SELECT schema_name, table_name, NULL FROM duckdb_tables() WHERE comment IS NULL AND database_name = 'store'
        UNION ALL SELECT schema_name, table_name, column_name FROM duckdb_columns()
        WHERE comment IS NULL AND database_name = 'store' AND NOT internal
    """
    assert {name for _, name, _ in rows(mirror, unexplained)} == {"migrations"}


def test_a_name_in_a_statement_never_means_a_python_variable(mirror: Mirror) -> None:
    with pytest.raises(duckdb.CatalogException):
        rows(mirror, "SELECT * FROM sql")  # which is a variable where statements are executed


def test_a_transaction_within_a_transaction_is_refused_at_once(mirror: Mirror) -> None:
    with mirror.transaction() as tx, pytest.raises(RuntimeError, match="already inside"):
        rows(mirror, "SELECT 1")

    with pytest.raises(RuntimeError, match="has ended"):
        tx.rows("SELECT 1")


def test_threads_take_turns(mirror: Mirror) -> None:
    def work(thread: int) -> None:
        for n in range(5):
            take(mirror, candidate(100 * thread + n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows(mirror, "SELECT count(*) FROM workable.candidates") == [(20,)]


def test_a_time_without_a_zone_is_refused(mirror: Mirror) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        rows(mirror, "SELECT ?", [NOW.replace(tzinfo=None)])


def test_a_statement_that_fails_stays_the_engines_error_and_the_mirror_works_on(mirror: Mirror) -> None:
    take(mirror, candidate())
    with pytest.raises(duckdb.BinderException):
        rows(mirror, "DELETE FROM workable.candidates; SELECT no_such_column FROM workable.candidates")

    assert rows(mirror, "SELECT count(*) FROM workable.candidates") == [(1,)]


def test_an_open_mirror_is_busy_for_every_other_process(path: Path, mirror: Mirror) -> None:
    other = started(HOLD_OPEN, path)
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"

    with pytest.raises(MirrorBusy, match="Only one agent may run"):
        take(mirror, candidate())
    other.communicate("done\n")
    assert take(mirror, candidate()).inserted == 1


def test_the_lock_is_held_again_after_a_copy(path: Path, mirror: Mirror, tmp_path: Path) -> None:
    take(mirror, candidate())
    with mirror.closed_for_copy() as source:
        shutil.copyfile(source, tmp_path / "copy.duckdb")

    other = started(HOLD_OPEN, path)
    assert "MirrorBusy" in other.communicate()[1]


def test_a_copy_is_whole_and_nobody_works_in_the_mirror_meanwhile(mirror: Mirror, tmp_path: Path) -> None:
    take(mirror, candidate())

    with mirror.closed_for_copy() as source:
        assert not wal(source).exists()
        shutil.copyfile(source, tmp_path / "copy.duckdb")
        with pytest.raises(RuntimeError, match="already inside"):
            take(mirror, candidate(2))

    assert rows(Mirror(tmp_path / "copy.duckdb"), "SELECT count(*) FROM workable.candidates") == [(1,)]
    assert take(mirror, candidate(2)).inserted == 1


@pytest.mark.parametrize("damage", [garbage, nothing, sqlite, foreign, torn, flipped, wal_of_another])
def test_b26_a_damaged_mirror_is_told_from_other_trouble_and_rebuilt(
    path: Path, damage: Callable[[Path], None]
) -> None:
    before = Mirror(path)
    take(before, *(candidate(n) for n in range(500)))
    before.close()
    damage(path)
    mirror = Mirror(path)

    with pytest.raises(MirrorDamaged, match="rebuilt"):
        take(mirror, candidate())
    aside = mirror.rebuild("it did not open", now=NOW)

    assert aside is not None
    assert aside.name == "mirror-damaged-20260723T120000000000Z.duckdb"
    assert aside.exists()
    with mirror.transaction() as tx:
        assert live_count(tx, ACCOUNT) == 0
        assert tx.rows("SELECT reason, kept_as FROM internal.rebuilds") == [("it did not open", aside.name)]
    mirror.close()


def test_b26_a_mirror_removed_while_it_is_open_is_noticed(path: Path, mirror: Mirror) -> None:
    take(mirror, candidate())
    path.unlink()

    with pytest.raises(MirrorDamaged, match="removed or replaced"):
        take(mirror, candidate())
    mirror.rebuild("removed", now=NOW)
    assert take(mirror, candidate()).inserted == 1


def test_only_the_last_two_damaged_files_are_kept(path: Path, mirror: Mirror) -> None:
    for minute in range(4):
        take(mirror, candidate())
        mirror.rebuild("again", now=later(minutes=minute))

    kept = sorted(p.name for p in path.parent.glob("mirror-damaged-*"))
    assert kept == [
        "mirror-damaged-20260723T120200000000Z.duckdb",
        "mirror-damaged-20260723T120300000000Z.duckdb",
    ]


def test_a_mirror_of_a_newer_release_is_refused_and_left_as_it_is(path: Path, mirror: Mirror) -> None:
    take(mirror, candidate())
    with mirror.transaction() as tx:
        tx.execute("INSERT INTO internal.migrations VALUES (999, 'from the future', ?)", [NOW])
    mirror.close()

    with pytest.raises(MirrorTooNew, match="migration 999"):
        take(mirror, candidate(2))
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM workable.candidates").fetchall() == [(1,)]


def test_a_full_disk_says_so_and_loses_only_what_was_not_committed(path: Path) -> None:
    out = said(started(FILL_A_SMALL_DISK, path))

    assert "is full" in out
    assert "Free some space" in out
    assert out.endswith("[(2,)]\n")


def test_a_folder_that_cannot_be_written_says_what_to_do() -> None:
    # Folders of pytest are closed to other users, and a closed one above is not what is tested here.
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o555)
        assert "Set IVW_DATA_DIR" in said(started(OPEN_WHERE_NOTHING_MAY_BE_WRITTEN, folder))
    finally:
        shutil.rmtree(folder)
