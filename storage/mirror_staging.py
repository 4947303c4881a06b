"""Turns records into columnar tables, the quick way into the mirror."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

TEXT = pa.string()
FLAG = pa.bool_()
NUMBER = pa.int32()
MOMENT = pa.timestamp("us", tz="UTC")
AT_REST = pa.timestamp("us")
Columns = Mapping[str, pa.DataType]


class Changes(msgspec.Struct, frozen=True):
    """What a batch did: `stale` rows were older than stored ones, `gone` ones missing from a full list."""

    read: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    stale: int = 0
    gone: int = 0


def arrow_table(
    rows: Sequence[Any], columns: Columns, attributes: Mapping[str, str] | None = None
) -> pa.Table:
    """One column for each name, and `arrival`, the row's place. Aware times become naive UTC.

    `attributes` names the record's attribute where it is not called like the column.
    """
    named = attributes or {}
    arrays = {
        name: _array([getattr(row, named.get(name, name)) for row in rows], kind)
        for name, kind in columns.items()
    }
    return pa.table({**arrays, "arrival": pa.array(range(len(rows)), NUMBER)})


def _array(values: Sequence[Any], kind: pa.DataType) -> "pa.Array[Any]":
    array = pa.array(values, kind)
    return array.cast(AT_REST) if kind == MOMENT else array
