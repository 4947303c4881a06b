"""The reportable part of the ledger as columnar tables for the published copy: no tokens, no secrets."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
from sqlalchemy import Boolean, Column, ColumnElement, Connection, Integer, Row, Select, Table, select

from storage.ledger import schema
from storage.ledger.columns import PRIVATE, UtcDateTime
from storage.report_columns import COLUMNS

CHUNK = 10_000  # rows that are Python objects at a time; tens of megabytes at most
RUNS_SPAN = timedelta(days=7)  # a week shows each weekday; older runs stay in the ledger
# The copy is made anew each time: what it holds must not grow with the age of the ledger.
NEWEST = {
    "runs": 200_000,  # 500 accounts polled each minute make that in about 7 hours
    "events": 500_000,  # entries into stages, of whatever age, stand in workable.stage_entries too
    "audit": 100_000,  # these two are made by people, who take long to fill this
    "requests": 100_000,
    "decisions": 500_000,
    "invites": 500_000,
    "deliveries": 500_000,
    "attempts": 500_000,
    "applicants": 200_000,
}
# What tells the newest rows of a table whose key does not grow.
AGES: dict[str, Column[Any]] = {"applicants": schema.applicants.c.seen_at}
TABLES: dict[str, tuple[Table, str]] = {
    "accounts": (schema.accounts, "Connected accounts and their state"),
    "status": (schema.account_status, "The latest figures of each account"),
    "runs": (
        schema.runs,
        "Runs of the last 7 days, the newest 200,000: planned = done + skipped + failed + unknown parts",
    ),
    "streams": (schema.streams, "Freshness of each stream of each account"),
    "requests": (schema.requests, "What staff asked for and how it ended, the newest 100,000"),
    "mappings": (
        schema.mappings,
        "Stage mappings in all versions; an empty job_shortcode is the account's default",
    ),
    "events": (schema.events, "What happened to candidates, each thing once, the newest 500,000"),
    "problems": (schema.problems, "Problems, open (resolved_at is NULL) and past"),
    "audit": (schema.audit, "Who did what, the newest 100,000"),
    "templates": (schema.templates, "Interview templates of the platform, those that are gone among them"),
    "decisions": (
        schema.decisions,
        "Entries into stages and what was decided about each, once, the newest 500,000",
    ),
    "invites": (schema.invites, "Interviews from the plan to the result, the newest 500,000"),
    "deliveries": (
        schema.effects,
        "What was to be changed in Workable or on the platform and how it went, the newest 500,000",
    ),
    "attempts": (schema.attempts, "Each try of each delivery, the newest 500,000"),
    "subscriptions": (schema.hooks, "Webhook subscriptions of each account and when they last delivered"),
    "applicants": (
        schema.applicants,
        "People who applied on the interview platform and what became of them, the newest 200,000",
    ),
    "provisioned": (schema.platform_members, "Members of hiring teams as users of the interview platform"),
}


def tables(tx: Connection) -> dict[str, pa.Table]:
    """One table for each name of `TABLES`; times are UTC without a zone, JSON is text."""
    return {name: _arrow(tx, table, _query(tx, name, table)) for name, (table, _) in TABLES.items()}


def comments() -> dict[str, str]:
    """A sentence for each table (`runs`) and each column (`runs.state`)."""
    told = {name: comment for name, (_, comment) in TABLES.items()}
    for name, (table, _) in TABLES.items():
        for column in _published(table):
            told[f"{name}.{column.name}"] = COLUMNS.get(f"{name}.{column.name}") or COLUMNS[column.name]
    return told


def _published(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if column.info != PRIVATE]


def _query(tx: Connection, name: str, table: Table) -> Select[Any]:
    query = select(*_published(table)).order_by(*table.primary_key.columns)
    if name in NEWEST:
        age = AGES.get(name, next(iter(table.primary_key.columns)))
        last_left_out = tx.execute(select(age).order_by(age.desc()).limit(1).offset(NEWEST[name])).scalar()
        query = query if last_left_out is None else query.where(age > last_left_out)
    return query.where(*_recent(tx)) if name == "runs" else query


def _recent(tx: Connection) -> list[ColumnElement[bool]]:
    """Counted back from the run that began last, by its key: a clock that was once wrong hides nothing."""
    r = schema.runs
    last = tx.execute(select(r.c.started_at).order_by(r.c.run_id.desc()).limit(1)).scalar()
    return [] if last is None else [r.c.started_at >= last - RUNS_SPAN]


def _arrow(tx: Connection, table: Table, query: Select[Any]) -> pa.Table:
    kinds = pa.schema([(c.name, _kind(c)) for c in _published(table)])
    chunks = tx.execute(query.execution_options(yield_per=CHUNK)).partitions()
    return pa.Table.from_batches([_batch(rows, kinds) for rows in chunks], kinds)


def _batch(rows: Sequence[Row[Any]], kinds: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(map(_value, data), kind) for data, kind in zip(columns, kinds.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=kinds)


def _kind(column: Column[Any]) -> pa.DataType:
    kinds: dict[type, pa.DataType] = {
        Integer: pa.int64(),
        Boolean: pa.bool_(),
        UtcDateTime: pa.timestamp("us"),
    }
    return next((kind for python, kind in kinds.items() if isinstance(column.type, python)), pa.string())


def _value(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value
