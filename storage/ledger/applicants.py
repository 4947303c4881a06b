"""People who began an interview from a job's open link, each noted once; no personal data is kept here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

A = schema.applicants
State = Literal["planned", "created", "off", "unknown_job", "ambiguous", "failed"]
UNPLACED = ("unknown_job", "ambiguous")


class Applicant(msgspec.Struct, frozen=True):
    """`state` planned: is to become a candidate; off: the job's mapping takes no applicants;
    unknown_job and ambiguous: no account, or more than one, has the job.
    """

    applicant_id: str
    account_id: str | None
    job_shortcode: str
    candidate_id: str | None
    state: State
    sentence: str | None
    seen_at: datetime


def note(tx: Connection, applicant: Applicant) -> bool:
    """Write it down; False when it was settled before. One without a place may get one later."""
    values = msgspec.structs.asdict(applicant)
    row = insert(A).values(**values)
    changed = row.on_conflict_do_update(
        index_elements=["applicant_id"],
        set_=values,
        where=A.c.state.in_(UNPLACED) & (row.excluded.state != A.c.state),
    )
    return tx.execute(changed).rowcount == 1


def created(tx: Connection, applicant_id: str, candidate_id: str | None) -> None:
    """The applicant is a candidate now; None when Workable did not tell the id."""
    values = {"state": "created", "candidate_id": candidate_id, "sentence": None}
    tx.execute(A.update().where(A.c.applicant_id == applicant_id).values(**values))


def unplaced_jobs(tx: Connection) -> set[str]:
    """Shortcodes for which people applied before it was clear whose they are."""
    return set(tx.execute(select(A.c.job_shortcode).where(A.c.state.in_(UNPLACED)).distinct()).scalars())


def give_up(tx: Connection, shortcodes: Sequence[str], sentence: str) -> None:
    """Those of these jobs who are still without a place do not get one any more."""
    which = (A.c.job_shortcode.in_(shortcodes), A.c.state.in_(UNPLACED))
    tx.execute(A.update().where(*which).values(state="failed", sentence=sentence))


def listing(tx: Connection, account_id: str | None = None, limit: int = 200) -> list[Applicant]:
    """The last seen first; of an account, or all."""
    query = select(A).order_by(A.c.seen_at.desc(), A.c.applicant_id.desc()).limit(limit)
    if account_id is not None:
        query = query.where(A.c.account_id == account_id)
    rows = tx.execute(query)
    return [Applicant(*(getattr(row, name) for name in Applicant.__struct_fields__)) for row in rows]


def homes(tx: Connection, shortcodes: Iterable[str]) -> dict[str, list[str]]:
    """Which accounts have each of these jobs; revoked ones do not count."""
    jobs, accounts = schema.board_jobs.c, schema.accounts.c
    query = select(jobs.shortcode, jobs.account_id).where(
        jobs.shortcode.in_(sorted(shortcodes)),
        jobs.account_id == accounts.account_id,
        accounts.state != "revoked",
    )
    found: dict[str, list[str]] = {}
    for shortcode, account_id in tx.execute(query.order_by(jobs.account_id)):
        found.setdefault(shortcode, []).append(account_id)
    return found
