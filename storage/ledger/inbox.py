"""The inbox: what others send by webhook is stored before it is answered, and dealt with later, once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

N = schema.inbox
Source = Literal["workable", "platform"]
PLATFORM = ""  # the account of what the interview platform sends: it does not know accounts


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What came: `body` is the bytes as signed, `digest` makes a repeated delivery known again.

    `resource_id` is '' where the body did not tell.
    """

    source: Source
    account_id: str
    event: str
    resource_id: str
    digest: str
    body: bytes
    received_at: datetime


class Message(msgspec.Struct, frozen=True):
    """A delivery that waits to be dealt with."""

    inbox_id: int
    account_id: str
    event: str
    resource_id: str
    body: bytes
    received_at: datetime


def put_many(tx: Connection, deliveries: Sequence[Delivery]) -> None:
    """Store what is new among them; a delivery that came before changes nothing."""
    if deliveries:
        row = insert(N).on_conflict_do_nothing(index_elements=["source", "account_id", "digest"])
        tx.execute(row, [msgspec.structs.asdict(one) for one in deliveries])


def waiting(tx: Connection, account_id: str, limit: int) -> list[Message]:
    """The oldest first."""
    query = select(N).where(N.c.account_id == account_id, N.c.handled_at.is_(None))
    rows = tx.execute(query.order_by(N.c.inbox_id).limit(limit))
    return [Message(**{name: getattr(row, name) for name in Message.__struct_fields__}) for row in rows]


def done(tx: Connection, inbox_id: int, outcome: str, now: datetime) -> None:
    """The message is dealt with; what it said of people goes."""
    which = N.c.inbox_id == inbox_id
    tx.execute(N.update().where(which).values(handled_at=now, outcome=outcome, body=None))


def dismiss(tx: Connection, account_id: str, outcome: str, now: datetime) -> None:
    """Nobody will deal with what waits for this account any more."""
    waits = (N.c.account_id == account_id, N.c.handled_at.is_(None))
    tx.execute(N.update().where(*waits).values(handled_at=now, outcome=outcome, body=None))


def prune(tx: Connection, older_than: timedelta, now: datetime, limit: int = 1000) -> bool:
    """Forget a slice of what was dealt with long ago; True when more is left.

    A replay of what is forgotten counts as new; it can only cause a reading.
    """
    old = select(N.c.inbox_id).where(N.c.handled_at < now - older_than).limit(limit)
    return tx.execute(N.delete().where(N.c.inbox_id.in_(old))).rowcount == limit
