"""Invites: one for each application, job, interview template and round, from the plan to the result."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

I = schema.invites  # noqa: E741 -- a table's initial, as everywhere here
State = Literal[
    "planned", "pending", "started", "completed", "rejected", "expired", "bounced", "cancelled", "dropped"
]
OPEN = ("planned", "pending", "started")


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """`first_candidate_id` is the id when invited, `candidate_id` the present one.

    The stage is the one entered, `entered_at` is Workable's time and `platform_updated_at` the platform's,
    `result` is what the platform sent.
    """

    invite_id: int
    account_id: str
    first_candidate_id: str
    candidate_id: str
    job_shortcode: str
    template_id: str
    round: int
    mapping_id: int | None
    external_id: str
    state: State
    interview_id: str | None
    interview_url: str | None
    email_digest: str | None
    stage_id: str
    stage_slug: str
    stage_name: str
    entered_at: datetime
    planned_at: datetime
    invited_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    bounced_at: datetime | None
    ended_at: datetime | None
    platform_updated_at: datetime | None
    revision: int
    score: int | None
    grade: str | None
    result: dict[str, Any] | None
    actor: str


class NewInvite(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    candidate_id: str
    job_shortcode: str
    template_id: str
    round: int
    mapping_id: int
    external_id: str
    email_digest: str
    stage_id: str
    stage_slug: str
    stage_name: str
    entered_at: datetime
    planned_at: datetime
    actor: str


def plan(tx: Connection, new: NewInvite) -> int | None:
    """The new invite's key; None when this round of the interview was planned before."""
    values = msgspec.structs.asdict(new)
    row = insert(I).values(first_candidate_id=new.candidate_id, state="planned", **values)
    return tx.execute(row.on_conflict_do_nothing().returning(I.c.invite_id)).scalar()


def _invite(row: Row[Any]) -> Invite:
    return Invite(**{name: getattr(row, name) for name in Invite.__struct_fields__})


def get(tx: Connection, invite_id: int) -> Invite:
    return _invite(tx.execute(select(I).where(I.c.invite_id == invite_id)).one())


def any_of(tx: Connection, account_id: str) -> bool:
    """True when the account has ever had an invite."""
    query = select(I.c.invite_id).where(I.c.account_id == account_id).limit(1)
    return tx.execute(query).first() is not None


def by_external_id(tx: Connection, external_id: str) -> Invite | None:
    row = tx.execute(select(I).where(I.c.external_id == external_id)).first()
    return None if row is None else _invite(row)


def by_interview_id(tx: Connection, interview_id: str) -> Invite | None:
    row = tx.execute(select(I).where(I.c.interview_id == interview_id)).first()
    return None if row is None else _invite(row)


def of_candidate(tx: Connection, account_id: str, candidate_ids: list[str]) -> list[Invite]:
    """Of the application under any of its ids, the oldest first."""
    mine = (I.c.account_id == account_id, I.c.candidate_id.in_(candidate_ids))
    return [_invite(row) for row in tx.execute(select(I).where(*mine).order_by(I.c.invite_id))]


def last_of_email(tx: Connection, account_id: str, digest: str, since: datetime) -> Invite | None:
    """The newest invite of the address planned since then, whatever the job; dropped ones do not count."""
    mine = (I.c.account_id == account_id, I.c.email_digest == digest, I.c.planned_at >= since)
    sent = I.c.state.not_in(("dropped", "cancelled"))
    row = tx.execute(select(I).where(*mine, sent).order_by(I.c.invite_id.desc()).limit(1)).first()
    return None if row is None else _invite(row)


def update(tx: Connection, invite_id: int, **values: Any) -> None:
    tx.execute(I.update().where(I.c.invite_id == invite_id).values(**values))
