"""A small copy of jobs, stages and the hiring team for the dashboard, which never opens the mirror."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from storage.ledger import schema


class BoardJob(msgspec.Struct, frozen=True):
    """`stage_counts`: candidates not deleted, by stage name."""

    shortcode: str
    title: str
    state: str
    department: str | None
    is_sample: bool
    candidates: int
    stage_counts: dict[str, int]


class BoardStage(msgspec.Struct, frozen=True):
    """`job_shortcode` is '' for the account's default pipeline."""

    job_shortcode: str
    stage_id: str
    slug: str
    name: str
    kind: str
    position: int


class BoardMember(msgspec.Struct, frozen=True):
    member_id: str
    name: str
    role: str | None
    is_active: bool


def replace(
    tx: Connection,
    account_id: str,
    jobs: Sequence[BoardJob],
    stages: Sequence[BoardStage],
    members: Sequence[BoardMember] = (),
) -> None:
    """Make the copy equal to what is given; nothing is written when it already is."""
    _replace(tx, schema.board_jobs, account_id, [msgspec.to_builtins(j) for j in jobs])
    _replace(tx, schema.board_stages, account_id, [msgspec.to_builtins(s) for s in stages])
    _replace(tx, schema.board_members, account_id, [msgspec.to_builtins(m) for m in members])


def _replace(tx: Connection, table: Table, account_id: str, rows: list[dict[str, Any]]) -> None:
    mine = table.c.account_id == account_id
    names = [c.name for c in table.c if c.name != "account_id"]
    stored = [
        dict(zip(names, row, strict=True))
        for row in tx.execute(select(*(table.c[n] for n in names)).where(mine))
    ]
    if sorted(map(repr, stored)) == sorted(repr({n: row[n] for n in names}) for row in rows):
        return
    tx.execute(table.delete().where(mine))
    if rows:
        tx.execute(table.insert(), [row | {"account_id": account_id} for row in rows])
