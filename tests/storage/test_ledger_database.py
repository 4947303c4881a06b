"""The ledger's file: how it is made, migrated and refused, and what each trouble with it says."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError

from storage.ledger import database, schema
from storage.ledger.database import Ledger, LedgerProblem, open_ledger
from tests.storage.ledgers import NOON, audit_actions, connect, rows, size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "ledger.sqlite3"


@pytest.fixture
def broken_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release whose second migration makes a table and then fails."""
    copy = tmp_path / "migrations"
    (copy / "versions").mkdir(parents=True)
    for source in [database.MIGRATIONS / "env.py", *database.MIGRATIONS.glob("versions/*.py")]:
        (copy / source.relative_to(database.MIGRATIONS)).write_text(source.read_text())
    head = ScriptDirectory(str(database.MIGRATIONS)).get_current_head()
    (copy / "versions" / "9999_breaks.py").write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = {head!r}\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (x)')\n    op.execute('no such statement')\n"
    )
    monkeypatch.setattr(database, "MIGRATIONS", copy)
    return copy


def said(path: Path) -> str:
    with pytest.raises(LedgerProblem) as problem:
        open_ledger(path).close()
    return str(problem.value)


def test_migrations_lead_to_exactly_the_tables_of_the_code(ledger: Ledger) -> None:
    with ledger.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), schema.metadata) == []


def definitions(connection_ledger: Ledger) -> dict[str, str]:
    """Each table's and index's own statement, without what only differs in writing."""
    with connection_ledger.read() as tx:
        found = tx.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
        return {
            name: " ".join(sql.split()).replace('"', "") for name, sql in found if name != "alembic_version"
        }


def test_migrated_tables_and_indexes_have_the_same_definition_as_fresh_ones(
    ledger: Ledger, tmp_path: Path
) -> None:
    fresh = Ledger(tmp_path / "fresh.sqlite3")
    with fresh.write() as tx:
        schema.metadata.create_all(tx)
    made, expected = definitions(ledger), definitions(fresh)
    fresh.close()
    assert made.keys() == expected.keys()
    for name, statement in expected.items():
        assert sorted(made[name].split(", ")) == sorted(statement.split(", ")), name


def test_a_partial_index_keeps_its_condition(ledger: Ledger) -> None:
    made = definitions(ledger)
    assert made["one_open_request"].endswith("WHERE state IN ('queued','running')")
    for name in ("one_current_token", "one_current_mapping"):
        assert made[name].endswith("WHERE replaced_at IS NULL")
    assert made["one_open_problem"].endswith("WHERE resolved_at IS NULL")


def test_opening_twice_changes_nothing(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
    again = open_ledger(ledger.path)
    with again.read() as tx:
        assert size(tx, schema.accounts) == 1
    again.close()


def test_only_its_user_may_read_the_ledger_and_its_folder(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
    for path in ledger.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE(ledger.path.parent.stat().st_mode) == 0o700


def test_every_connection_is_durable_and_patient(ledger: Ledger) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": database.BUSY_MS, "secure_delete": 1}
    for begin in (ledger.read, ledger.write):
        with begin() as tx:
            assert {name: tx.execute(text(f"PRAGMA {name}")).scalar() for name in expected} == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is a newer SQLite installed with us")
def test_the_engine_is_new_enough_for_the_mended_write_ahead_log(ledger: Ledger) -> None:
    with ledger.read() as tx:
        version = str(tx.execute(text("SELECT sqlite_version()")).scalar())
    assert tuple(map(int, version.split("."))) >= (3, 51, 3)


def test_a_transaction_that_fails_leaves_nothing_behind(ledger: Ledger) -> None:
    def interrupted() -> None:
        with ledger.write() as tx:
            connect(tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with ledger.read() as tx:
        assert size(tx, schema.accounts) == size(tx, schema.audit) == 0


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(ledger: Ledger) -> None:
    with ledger.read() as reader:
        assert size(reader, schema.accounts) == 0
        with ledger.write() as tx:
            connect(tx)
        assert size(reader, schema.accounts) == 0
    with ledger.read() as reader:
        assert size(reader, schema.accounts) == 1


def test_a_fault_of_the_program_is_not_taken_for_a_fault_of_the_disk(ledger: Ledger) -> None:
    with ledger.write() as tx:
        tx.execute(schema.meta.insert().values(key="k", value="1"))
    with pytest.raises(OperationalError, match="no such column"), ledger.write() as tx:
        tx.execute(text("SELECT no_such_column FROM meta"))
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.execute(schema.meta.insert().values(key="k", value="2"))
    with pytest.raises(FileNotFoundError), ledger.write():
        Path("no such file").read_text()


def test_a_migration_and_its_record_commit_together_or_not_at_all(
    ledger: Ledger, broken_migrations: Path
) -> None:
    before = definitions(ledger)
    with ledger.read() as tx:
        record = tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
    with pytest.raises(OperationalError, match="syntax error"):
        open_ledger(ledger.path)
    assert definitions(ledger) == before
    with ledger.read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == record


def test_a_first_migration_that_breaks_leaves_an_empty_file_that_the_mended_release_takes(
    path: Path, broken_migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OperationalError, match="syntax error"):
        open_ledger(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()
    (broken_migrations / "versions" / "9999_breaks.py").unlink()
    open_ledger(path).close()


def test_a_ledger_of_a_newer_release_is_refused_and_stays_as_it_is(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        tx.execute(text("UPDATE alembic_version SET version_num = '7777'"))
        tx.execute(text("CREATE TABLE of_the_future (x)"))
    before = definitions(ledger)
    assert said(ledger.path) == (
        f"The ledger {ledger.path} was written by a newer release (revision 7777). "
        "Start that release or a later one; this one changes nothing."
    )
    assert definitions(ledger) == before
    with ledger.read() as tx:
        assert audit_actions(tx) == [("ann@example.com", "account.connected")]


def test_a_file_that_is_no_ledger_is_named_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    garbage = b"not a database, but somebody's file" * 200
    path.write_bytes(garbage)
    assert said(path) == (
        f"The ledger {path} cannot be read (file is not a database). It holds what was done for customers: "
        "restore it from a backup; do not delete it."
    )
    assert path.read_bytes() == garbage


def test_a_damaged_ledger_is_named_when_it_is_read(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
    ledger.close()
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert said(ledger.path).startswith(f"The ledger {ledger.path} cannot be read (")


def test_a_full_disk_says_so_and_loses_nothing(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)

    @event.listens_for(ledger._writer, "begin", insert=True)
    def _no_more_room(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    with pytest.raises(LedgerProblem) as problem, ledger.write() as tx:
        tx.execute(schema.meta.insert(), [{"key": str(n), "value": "x" * 4000} for n in range(100)])
    assert str(problem.value) == (
        f"The disk under {ledger.path.parent} is full (database or disk is full). "
        "Free some space and start again; nothing was lost."
    )
    with ledger.read() as tx:
        assert size(tx, schema.meta) == 0
        assert [row["account_id"] for row in rows(tx, schema.accounts)] == ["acme"]


def test_a_ledger_that_may_not_be_written_says_which_folder(ledger: Ledger) -> None:
    @event.listens_for(ledger._writer, "begin", insert=True)
    def _only_read(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only = ON")

    with pytest.raises(LedgerProblem) as problem, ledger.write() as tx:
        connect(tx, at=NOON)
    assert str(problem.value) == (
        f"The data folder {ledger.path.parent} cannot be written (attempt to write a readonly database). "
        "Set IVW_DATA_DIR to a folder that this user may write to, or mend its permissions."
    )


# Root may write anywhere, so the child lays its rights down first.
AS_NOBODY = """
import os, sys
from pathlib import Path
from storage.ledger.database import LedgerProblem, open_ledger
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setuid(65534)
try:
    open_ledger(Path(sys.argv[2]))
except LedgerProblem as problem:
    print(problem)
"""


def said_to_nobody(folder: Path, ledger: str) -> str:
    command = [sys.executable, "-c", AS_NOBODY, str(folder), ledger]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_read_only_data_folder_says_what_to_set(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    answer = said_to_nobody(tmp_path, "private/ledger.sqlite3")
    tmp_path.chmod(0o700)
    assert answer == (
        "The data folder private cannot be written (Permission denied). "
        "Set IVW_DATA_DIR to a folder that this user may write to, or mend its permissions."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root may change")
def test_a_data_folder_of_somebody_else_is_not_taken_for_a_damaged_ledger() -> None:
    assert said(Path("/proc/self/ledger.sqlite3")) == (
        "The data folder /proc/self cannot be written (Operation not permitted). "
        "Set IVW_DATA_DIR to a folder that this user may write to, or mend its permissions."
    )


def test_a_data_folder_that_is_a_file_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert said(tmp_path / "data" / "private" / "ledger.sqlite3") == (
        f"The data folder {tmp_path}/data/private cannot be written (Not a directory). "
        "Set IVW_DATA_DIR to a folder that this user may write to, or mend its permissions."
    )
