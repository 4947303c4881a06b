"""What the ledger gives to the published copy: everything reportable, explained, and no secret."""

from pathlib import Path

from storage import reports
from storage.ledger.database import Ledger
from storage.mirror import Mirror
from storage.publish import publish
from storage.published import open_published
from tests.storage.ledgers import NOON, TOKEN, connect


def test_every_table_and_column_of_the_published_copy_says_what_it_means(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.write() as tx:
        connect(tx)
        tables = reports.tables(tx)
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    publish(mirror, tmp_path / "published", reports=tables, comments=reports.comments(), now=NOON)
    mirror.close()

    with open_published(tmp_path / "published") as copy:
        silent = copy.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
            " WHERE schema_name IN ('workable', 'sync') AND comment IS NULL AND table_name <> 'publication'"
            " UNION ALL SELECT schema_name, table_name, '' FROM duckdb_tables()"
            " WHERE schema_name IN ('workable', 'sync') AND comment IS NULL AND table_name <> 'publication'"
        ).fetchall()

    assert silent == []


def test_the_reports_have_times_without_a_zone_and_no_token(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx, token=TOKEN)
        tables = reports.tables(tx)

    assert tables["accounts"].column("connected_at").to_pylist() == [NOON.replace(tzinfo=None)]
    assert not any(TOKEN[-4:] in str(table.to_pylist()) for table in tables.values())
    assert "tokens" not in tables
