"""What the ledger's tables are made of: kinds of columns, and the metadata that all tables belong to."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Dialect, Integer, MetaData, String, TypeDecorator, text

PRIVATE = {
    "private": True
}  # of a column that is never published: secrets, and what people said or are called


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC; SQLite has no zones, so there it rests naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- its base has it
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData()


def text_column(name: str, **kw: Any) -> Column[str]:
    return Column(name, String, nullable=False, **kw)


def maybe(name: str, **kw: Any) -> Column[str | None]:
    return Column(name, String, **kw)


def at(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("0"))
