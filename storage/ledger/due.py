"""Which accounts have something to do for their interviews now."""

from datetime import datetime

from sqlalchemy import Connection, select, union

from storage.ledger import schema
from storage.ledger.outbox import IS_DUE, held_up


def accounts_due(tx: Connection, now: datetime) -> set[str]:
    """Accounts with a message to read, a candidate to look at, or an effect to send that nothing holds up."""
    k, e, i = schema.looks.c, schema.effects.c, schema.inbox.c
    query = union(
        select(k.account_id).where(k.not_before <= now),
        select(e.account_id).where(IS_DUE, e.due_at <= now, ~held_up()),
        select(i.account_id).where(i.handled_at.is_(None), i.account_id != ""),
    )
    return {str(account_id) for account_id in tx.execute(query).scalars()}


def has_callbacks(tx: Connection) -> bool:
    i = schema.inbox.c
    waiting = select(i.inbox_id).where(i.handled_at.is_(None), i.account_id == "")
    return tx.execute(waiting.limit(1)).first() is not None
