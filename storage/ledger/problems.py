"""Problems that are open now: one row for each account, kind and subject, from first seen to resolved."""

from datetime import datetime

from sqlalchemy import Connection

from storage.ledger import schema

P = schema.problems


def report(
    tx: Connection,
    account_id: str,
    code: str,
    sentence: str,
    *,
    now: datetime,
    subject: str = "",
    needs_person: bool = False,
) -> None:
    """Open the problem, or note that it is still there. `sentence` is what staff read."""
    open_one = (
        P.c.account_id == account_id,
        P.c.code == code,
        P.c.subject == subject,
        P.c.resolved_at.is_(None),
    )
    values = {"sentence": sentence, "needs_person": needs_person, "last_seen_at": now}
    seen = tx.execute(P.update().where(*open_one).values(times=P.c.times + 1, **values))
    if seen.rowcount == 0:
        tx.execute(
            P.insert().values(account_id=account_id, code=code, subject=subject, since=now, times=1, **values)
        )


def resolve(tx: Connection, account_id: str, code: str, *, now: datetime, subject: str | None = None) -> None:
    """Close the problem if it is open; every subject of it when none is given."""
    which = [P.c.account_id == account_id, P.c.code == code, P.c.resolved_at.is_(None)]
    if subject is not None:
        which.append(P.c.subject == subject)
    tx.execute(P.update().where(*which).values(resolved_at=now))


def resolve_all(tx: Connection, account_id: str, *, now: datetime) -> None:
    tx.execute(
        P.update().where(P.c.account_id == account_id, P.c.resolved_at.is_(None)).values(resolved_at=now)
    )
