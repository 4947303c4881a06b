"""The mirror's schema: numbered changes, each committed together with the row that records it."""

from collections.abc import Sequence

import duckdb
import msgspec

from storage.schema_mirror import m0001_first, m0002_employees


class Migration(msgspec.Struct, frozen=True):
    number: int
    name: str
    statements: Sequence[str]


MIGRATIONS = (
    Migration(1, "first", m0001_first.STATEMENTS),
    Migration(2, "employees", m0002_employees.STATEMENTS),
)
_RECORD = """
CREATE SCHEMA IF NOT EXISTS internal;
CREATE TABLE IF NOT EXISTS internal.migrations
    (number INTEGER NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL);
"""


class ForeignFile(Exception):
    """A DuckDB file that something else wrote."""


class NewerSchema(Exception):
    """The file has a migration that this release does not know."""


def migrate(connection: duckdb.DuckDBPyConnection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the open file up to date. Raises ForeignFile or NewerSchema, and then has changed nothing."""
    done = _done(connection)
    unknown = done - {m.number for m in migrations}
    if unknown:
        raise NewerSchema(
            f"it has migration {max(unknown)}, this release knows up to {migrations[-1].number}"
        )
    for migration in migrations:
        if migration.number not in done:
            _apply(connection, migration)


def _done(connection: duckdb.DuckDBPyConnection) -> set[int]:
    tables = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        " WHERE database_name = current_database() AND NOT internal"
    ).fetchall()
    if ("internal.migrations",) in tables:
        return {row[0] for row in connection.execute("SELECT number FROM internal.migrations").fetchall()}
    if tables:
        raise ForeignFile("it holds tables of another program")
    return set()


def _apply(connection: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    connection.execute("BEGIN")
    try:
        for statement in (_RECORD, *migration.statements):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO internal.migrations VALUES (?, ?, make_timestamp(epoch_us(now())))",
            [migration.number, migration.name],
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
