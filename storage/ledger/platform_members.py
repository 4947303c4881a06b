"""People whom this product has made members of the interview platform, and how each stands there."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

P = schema.platform_members
State = Literal["active", "deactivated", "kept_last_admin"]


class PlatformMember(msgspec.Struct, frozen=True):
    """`role` is the platform's: viewer, reviewer or admin; an external recruiter's id begins `recruiter:`."""

    account_id: str
    member_id: str
    email: str
    role: str
    state: State
    sentence: str | None
    changed_at: datetime

    @property
    def is_active(self) -> bool:
        return self.state != "deactivated"


def listing(tx: Connection, account_id: str) -> list[PlatformMember]:
    rows = tx.execute(select(P).where(P.c.account_id == account_id).order_by(P.c.member_id))
    return [_member(row) for row in rows]


def active(tx: Connection) -> list[PlatformMember]:
    """Of every account: the platform is one for all of them."""
    rows = tx.execute(select(P).where(P.c.state != "deactivated").order_by(P.c.account_id, P.c.member_id))
    return [_member(row) for row in rows]


def put(tx: Connection, account_id: str, member_id: str, *, email: str, role: str, now: datetime) -> None:
    """The platform has taken the member with that role."""
    values = {"email": email, "role": role, "state": "active", "sentence": None, "changed_at": now}
    row = insert(P).values(account_id=account_id, member_id=member_id, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["account_id", "member_id"], set_=values))


def end(
    tx: Connection, account_id: str, member_id: str, *, email: str, state: State, sentence: str, now: datetime
) -> None:
    """What came of taking the member off; nothing when the row is about another address by now."""
    mine = (P.c.account_id == account_id, P.c.member_id == member_id, P.c.email == email)
    tx.execute(P.update().where(*mine).values(state=state, sentence=sentence, changed_at=now))


def _member(row: object) -> PlatformMember:
    return PlatformMember(*(getattr(row, name) for name in PlatformMember.__struct_fields__))
