"""The audit trail: who did what, written in the transaction that does it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from storage.ledger import schema

SYSTEM = "intrvio"  # the actor of what no person asked for


def note(tx: Connection, now: datetime, actor: str, account_id: str, action: str, **detail: Any) -> None:
    """`detail` must hold neither secrets nor personal data."""
    tx.execute(
        schema.audit.insert().values(at=now, actor=actor, account_id=account_id, action=action, detail=detail)
    )
