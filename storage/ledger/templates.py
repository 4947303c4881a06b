"""The interview templates that the platform has, and those it had."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

T = schema.templates


class Template(msgspec.Struct, frozen=True):
    """`gone_at` is None while the platform lists it."""

    template_id: str
    name: str
    seen_at: datetime
    gone_at: datetime | None


def replace(tx: Connection, rows: Sequence[tuple[str, str]], now: datetime) -> None:
    """`rows`, ids and names, are all that the platform has now; what is missing is kept as gone."""
    for template_id, name in rows:
        values = {"name": name, "seen_at": now, "gone_at": None}
        row = insert(T).values(template_id=template_id, **values)
        tx.execute(row.on_conflict_do_update(index_elements=["template_id"], set_=values))
    missing = T.c.template_id.not_in([template_id for template_id, _ in rows])
    tx.execute(T.update().where(missing, T.c.gone_at.is_(None)).values(gone_at=now))


def listing(tx: Connection) -> list[Template]:
    """Those that the platform has now, by name; none before it was read for the first time."""
    return [one for one in every(tx) if one.gone_at is None]


def every(tx: Connection) -> list[Template]:
    """Gone ones among them, by name."""
    rows = tx.execute(select(T).order_by(T.c.name, T.c.template_id))
    return [Template(*(getattr(row, name) for name in Template.__struct_fields__)) for row in rows]
