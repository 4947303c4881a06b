"""The reportable part of the ledger as columnar tables for the published copy: no tokens, no secrets."""

import json
from typing import Any

import pyarrow as pa
from sqlalchemy import Boolean, Column, Connection, Integer, Table, select

from storage.ledger import schema
from storage.ledger.schema import UtcDateTime
from storage.report_columns import COLUMNS

TABLES: dict[str, tuple[Table, str]] = {
    "accounts": (schema.accounts, "Connected accounts and their state"),
    "status": (schema.account_status, "The latest figures of each account"),
    "runs": (schema.runs, "Every run: planned = done + skipped + failed + unknown parts"),
    "streams": (schema.streams, "Freshness of each stream of each account"),
    "requests": (schema.requests, "What staff asked for and how it ended"),
    "mappings": (
        schema.mappings,
        "Stage mappings in all versions; an empty job_shortcode is the account's default",
    ),
    "events": (schema.events, "What happened to candidates, each thing once"),
    "problems": (schema.problems, "Problems, open (resolved_at is NULL) and past"),
    "audit": (schema.audit, "Who did what"),
}


def tables(tx: Connection) -> dict[str, pa.Table]:
    """One table for each name of `TABLES`; times are UTC without a zone, JSON is text."""
    return {name: _arrow(tx, table) for name, (table, _) in TABLES.items()}


def comments() -> dict[str, str]:
    """A sentence for each table (`runs`) and each column (`runs.state`)."""
    told = {name: comment for name, (_, comment) in TABLES.items()}
    for name, (table, _) in TABLES.items():
        for column in table.c:
            told[f"{name}.{column.name}"] = COLUMNS.get(f"{name}.{column.name}") or COLUMNS[column.name]
    return told


def _arrow(tx: Connection, table: Table) -> pa.Table:
    columns = list(table.c)
    values = list(zip(*tx.execute(select(*columns)), strict=True)) or [()] * len(columns)
    return pa.table(
        {
            c.name: pa.array([_value(v) for v in data], _kind(c))
            for c, data in zip(columns, values, strict=True)
        }
    )


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
