"""Changes of the mirror's schema: each commits with its record, none is run twice."""

import duckdb
import pytest

from storage.schema_mirror import MIGRATIONS, Migration, NewerSchema, migrate

NEXT = Migration(MIGRATIONS[-1].number + 1, "next", ("CREATE TABLE workable.tags (tag VARCHAR)",))
BROKEN = Migration(
    NEXT.number, "broken", ("CREATE TABLE workable.tags (tag VARCHAR)", "SELECT no_such_function()")
)


def tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT sql FROM duckdb_tables() ORDER BY ALL").fetchall()


def recorded(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT number, name FROM internal.migrations ORDER BY number").fetchall()


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_a_fresh_file_gets_every_change_once(connection: duckdb.DuckDBPyConnection) -> None:
    migrate(connection)
    migrate(connection)

    assert recorded(connection) == [(m.number, m.name) for m in MIGRATIONS]


def test_numbers_are_unique_and_ascend() -> None:
    numbers = [m.number for m in MIGRATIONS]

    assert numbers == sorted(set(numbers))


def test_an_older_file_gets_what_it_lacks_and_then_equals_a_fresh_one(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    migrate(connection)
    migrate(connection, (*MIGRATIONS, NEXT))
    fresh = duckdb.connect()
    migrate(fresh, (*MIGRATIONS, NEXT))

    assert (tables(connection), recorded(connection)) == (tables(fresh), recorded(fresh))


def test_a_change_that_fails_leaves_neither_itself_nor_a_record(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    migrate(connection)
    before = tables(connection)

    with pytest.raises(duckdb.Error):
        migrate(connection, (*MIGRATIONS, BROKEN))

    assert (tables(connection), recorded(connection)) == (before, [(m.number, m.name) for m in MIGRATIONS])


def test_a_file_that_knows_more_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    migrate(connection, (*MIGRATIONS, NEXT))

    with pytest.raises(NewerSchema, match=f"migration {NEXT.number}"):
        migrate(connection)
