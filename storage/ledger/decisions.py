"""What was decided about each stage entry, once and with the reason; and which ids are one application."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

D = schema.decisions
A = schema.aliases
Outcome = Literal["invited", "asked", "not_invited"]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` asked: the invite waits for a person. `reason` is a word for machines, `sentence` for people,
    `entered_at` is Workable's time.
    """

    activity_id: str
    candidate_id: str
    kind: str
    job_shortcode: str
    stage_slug: str
    stage_name: str
    entered_at: datetime
    decided_at: datetime
    outcome: Outcome
    reason: str
    sentence: str
    mapping_id: int | None = None
    invite_id: int | None = None


def add(tx: Connection, account_id: str, decision: Decision) -> bool:
    """False when the entry was decided before; then nothing is changed."""
    values = msgspec.structs.asdict(decision)
    row = insert(D).values(account_id=account_id, **values).on_conflict_do_nothing()
    return tx.execute(row).rowcount == 1


def decided(tx: Connection, account_id: str, activity_ids: list[str]) -> dict[str, str]:
    """Of these entries the ones that are decided, each with the candidate id under which it was seen."""
    query = select(D.c.activity_id, D.c.candidate_id).where(
        D.c.account_id == account_id, D.c.activity_id.in_(activity_ids)
    )
    return {row.activity_id: row.candidate_id for row in tx.execute(query)}


def of_candidate(tx: Connection, account_id: str, candidate_ids: list[str]) -> list[Decision]:
    """In the order of the entries."""
    query = select(D).where(D.c.account_id == account_id, D.c.candidate_id.in_(candidate_ids))
    rows = tx.execute(query.order_by(D.c.entered_at, D.c.decision_id))
    return [Decision(**{n: getattr(row, n) for n in Decision.__struct_fields__}) for row in rows]


def follow(tx: Connection, account_id: str, former_id: str, candidate_id: str, now: datetime) -> None:
    """The application `former_id` was relocated and is `candidate_id` now (behaviours B06)."""
    values = {"account_id": account_id, "former_id": former_id, "candidate_id": candidate_id, "seen_at": now}
    tx.execute(insert(A).values(**values).on_conflict_do_nothing())
    mine = (A.c.account_id == account_id, A.c.candidate_id == former_id)
    tx.execute(A.update().where(*mine).values(candidate_id=candidate_id))
    for table in (schema.invites, schema.effects):
        which = (table.c.account_id == account_id, table.c.candidate_id == former_id)
        tx.execute(table.update().where(*which).values(candidate_id=candidate_id))


def known_as(tx: Connection, account_id: str, candidate_id: str) -> list[str]:
    """Every id that the application has or had, the present one first; also when asked by a former one."""
    present = tx.execute(
        select(A.c.candidate_id).where(A.c.account_id == account_id, A.c.former_id == candidate_id)
    ).scalar()
    present = present or candidate_id
    former = tx.execute(
        select(A.c.former_id).where(A.c.account_id == account_id, A.c.candidate_id == present)
    )
    return [present, *former.scalars()]
