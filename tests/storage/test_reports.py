"""What the ledger gives to the published copy: everything reportable, explained, and no secret."""

import re
from pathlib import Path
from typing import get_args

import pytest

from storage import reports
from storage.ledger import applicants, events, platform_members, requests, runs, schema
from storage.ledger.columns import PRIVATE, metadata
from storage.ledger.database import Ledger
from storage.ledger.hooks import HookState
from storage.ledger.requests import Kind
from storage.mirror import Mirror
from storage.publish import publish
from storage.published import open_published
from tests.storage.ledgers import NOON, TOKEN, after, candidate, connect


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


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("subscriptions.state", list(HookState)),
        ("applicants.state", get_args(applicants.State)),
        ("provisioned.state", get_args(platform_members.State)),
    ],
)
def test_what_a_state_can_be_is_listed_where_it_is_explained(column: str, values: list[str]) -> None:
    told = re.findall(r"\w+", reports.comments()[column])
    assert [value for value in values if value not in told] == []


def test_the_reports_have_times_without_a_zone_and_no_token(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx, token=TOKEN)
        tables = reports.tables(tx)

    assert tables["accounts"].column("connected_at").to_pylist() == [NOON.replace(tzinfo=None)]
    assert not any(TOKEN[-4:] in str(table.to_pylist()) for table in tables.values())
    assert "tokens" not in tables


def test_what_people_are_called_or_said_and_what_is_sealed_is_in_no_published_table(ledger: Ledger) -> None:
    published = {id(table): name for name, (table, _) in reports.TABLES.items()}
    with ledger.write() as tx:
        tables = reports.tables(tx)
    private = {
        (published[id(table)], column.name)
        for table in metadata.tables.values()
        for column in table.c
        if column.info == PRIVATE and id(table) in published
    }
    assert ("invites", "result") in private
    assert ("deliveries", "payload") in private
    assert not [(name, column) for name, column in private if column in tables[name].column_names]
    assert not [f"{name}.{column}" for name, column in private if f"{name}.{column}" in reports.comments()]


def test_a_table_whose_key_does_not_grow_is_bounded_by_its_age(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reports.NEWEST, "applicants", 2)
    with ledger.write() as tx:
        for name, minute in (("c", 1), ("a", 2), ("b", 3)):
            values = {"applicant_id": name, "job_shortcode": "J1", "state": "seen", "seen_at": after(minute)}
            tx.execute(schema.applicants.insert().values(**values))
        assert reports.tables(tx)["applicants"].column("applicant_id").to_pylist() == ["a", "b"]


def test_only_the_newest_rows_of_what_grows_are_published(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("runs", "events", "audit", "requests"):
        monkeypatch.setitem(reports.NEWEST, name, 3)
    with ledger.write() as tx:
        for n in range(5):
            connect(tx, f"account-{n}")
            runs.start(tx, "acme", "sync", "agent-1", after(n))
            events.observe(tx, "acme", [candidate(f"c{n}")], baseline_before=NOON, now=after(n))
            requests.file(tx, f"account-{n}", Kind.SYNC, {}, actor="ann@example.com", now=after(n))
        tables = reports.tables(tx)
    assert tables["accounts"].num_rows == 5
    assert tables["runs"].column("run_id").to_pylist() == [3, 4, 5]
    assert tables["events"].column("event_id").to_pylist() == [3, 4, 5]
    assert tables["requests"].column("request_id").to_pylist() == [3, 4, 5]
    assert tables["audit"].column("audit_id").to_pylist() == [8, 9, 10]


def test_runs_are_published_for_a_week_back_from_the_one_that_began_last(ledger: Ledger) -> None:
    week = 7 * 24 * 60
    with ledger.write() as tx:
        for minute in (-1, 0, 9 * week, week):  # the third was begun under a clock that was wrong
            runs.start(tx, "acme", "sync", "agent-1", after(minute))
        assert reports.tables(tx)["runs"].column("run_id").to_pylist() == [2, 3, 4]


def test_rows_fetched_in_several_chunks_are_all_published_and_an_empty_table_keeps_its_columns(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "CHUNK", 2)
    with ledger.write() as tx:
        for n in range(5):
            runs.start(tx, "acme", "sync", "agent-1", after(n))
        tables = reports.tables(tx)
    assert tables["runs"].column("run_id").num_chunks == 3
    assert tables["runs"].column("run_id").to_pylist() == [1, 2, 3, 4, 5]
    assert tables["events"].num_rows == 0
    assert tables["events"].column_names == [c.name for c in schema.events.c]
