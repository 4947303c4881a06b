"""Candidates to look at: something happened to them in a mapped job, and only activities tell what."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, exists, func, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import mappings, schema
from storage.records import Candidate

K = schema.looks
# `updated_at` has whole seconds and follows a change within one: only after that is a version complete.
SETTLES_AFTER = timedelta(seconds=1.5)
# A new candidate is touched again by Workable itself a few seconds later.
COMPLETED_WITHIN = timedelta(seconds=10)
# Rows carry Workable's time, mappings this machine's; who is looked at in vain is judged by the activities.
CLOCKS_DIFFER = timedelta(hours=1)
# Whoever is invited already can only be found to be: our own notes would otherwise cost a request each.
INVITED_WAITS = timedelta(minutes=15)


class Look(msgspec.Struct, frozen=True):
    """`version_at` is Workable's time, the others are this machine's."""

    account_id: str
    candidate_id: str
    job_shortcode: str
    version_at: datetime
    noticed_at: datetime
    not_before: datetime
    tries: int


def notice(
    tx: Connection,
    account_id: str,
    rows: Sequence[Candidate],
    now: datetime,
    *,
    newcomers: AbstractSet[str] = frozenset(),
) -> int:
    """Note whom of these changed candidates to look at; how many.

    Changes before a mapping counted do not matter. Of the `newcomers`, seen for the first time, one made
    earlier may be somebody invited who was relocated into a job without a mapping.
    """
    watched = mappings.watched_from(tx, account_id, {c.job_shortcode for c in rows if c.job_shortcode})
    late = {c.candidate_id for c in rows if c.candidate_id in newcomers and _was_made_earlier(c)}
    followed = late if late and _has_invites(tx, account_id) else set()
    noticed = {c.candidate_id: c for c in rows if _matters(c, watched) or c.candidate_id in followed}
    if not noticed:
        return 0
    invited = _already_invited(tx, account_id, noticed)
    before = _waiting(tx, account_id, list(noticed))
    asked = []
    for candidate_id, candidate in noticed.items():
        soonest = now + SETTLES_AFTER
        wanted = now + INVITED_WAITS if candidate_id in invited else soonest
        not_before = max(soonest, min(wanted, before.get(candidate_id, wanted)))
        asked.append(_values(account_id, candidate, now) | {"not_before": not_before})
    _ask(tx, asked)
    return len(asked)


def _was_made_earlier(candidate: Candidate) -> bool:
    """A relocated candidate keeps the time at which it was created."""
    if candidate.created_at is None or candidate.updated_at is None or candidate.job_shortcode is None:
        return False
    return candidate.updated_at - candidate.created_at > COMPLETED_WITHIN


def _has_invites(tx: Connection, account_id: str) -> bool:
    query = select(schema.invites.c.invite_id).where(schema.invites.c.account_id == account_id)
    return tx.execute(query.limit(1)).first() is not None


def _matters(candidate: Candidate, watched: dict[str, datetime]) -> bool:
    if candidate.job_shortcode not in watched or candidate.updated_at is None:
        return False
    return candidate.updated_at + CLOCKS_DIFFER >= watched[candidate.job_shortcode]


def _already_invited(tx: Connection, account_id: str, noticed: dict[str, Candidate]) -> set[str]:
    """Those with an invite for the interview that their job asks for now."""
    i = schema.invites.c
    query = select(i.candidate_id, i.job_shortcode, i.template_id).where(
        i.account_id == account_id, i.candidate_id.in_(list(noticed)), i.state != "dropped"
    )
    wanted: dict[str, str | None] = {}
    found = set()
    for candidate_id, job, template_id in tx.execute(query).all():
        if job != noticed[candidate_id].job_shortcode:
            continue
        if job not in wanted:
            rule = mappings.effective(tx, account_id, job)
            wanted[job] = None if rule is None else rule.template_id
        if wanted[job] == template_id:
            found.add(candidate_id)
    return found


def _waiting(tx: Connection, account_id: str, ids: list[str]) -> dict[str, datetime]:
    query = select(K.c.candidate_id, K.c.not_before).where(
        K.c.account_id == account_id, K.c.candidate_id.in_(ids)
    )
    return {row.candidate_id: row.not_before for row in tx.execute(query)}


def _values(account_id: str, candidate: Candidate, now: datetime) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "candidate_id": candidate.candidate_id,
        "job_shortcode": candidate.job_shortcode,
        "version_at": candidate.updated_at,
        "noticed_at": now,
        "tries": 0,
        "last_error": None,
    }


def _ask(tx: Connection, asked: list[dict[str, Any]]) -> None:
    row = insert(K)
    kept = ("job_shortcode", "version_at", "not_before", "tries", "last_error")
    newer = {name: row.excluded[name] for name in kept}
    tx.execute(row.on_conflict_do_update(index_elements=["account_id", "candidate_id"], set_=newer), asked)


def due(tx: Connection, account_id: str, now: datetime, limit: int = 20) -> list[Look]:
    """Whose time has come, the longest noticed first."""
    query = select(K).where(K.c.account_id == account_id, K.c.not_before <= now)
    rows = tx.execute(query.order_by(K.c.not_before, K.c.noticed_at).limit(limit))
    return [Look(**{name: getattr(row, name) for name in Look.__struct_fields__}) for row in rows]


def next_due(tx: Connection, account_id: str) -> datetime | None:
    query = select(K.c.not_before).where(K.c.account_id == account_id).order_by(K.c.not_before).limit(1)
    return tx.execute(query).scalar()


def overlooked(
    tx: Connection, account_id: str, stages: Mapping[str, str], since: datetime, limit: int
) -> list[str]:
    """Candidates seen to enter their job's mapped stage since then and nothing was decided; oldest first.

    `stages`: the mapped stage's present name by job. Those who are to be looked at anyway are left out.
    """
    e, d = schema.events.c, schema.decisions.c
    entered = (e.account_id == account_id, e.occurred_at >= since, e.to_stage.in_(set(stages.values())))
    same = (d.account_id == e.account_id, d.candidate_id == e.candidate_id)
    decided = exists().where(*same, d.job_shortcode == e.job_shortcode)
    waits = exists().where(K.c.account_id == e.account_id, K.c.candidate_id == e.candidate_id)
    query = select(e.candidate_id, e.job_shortcode, e.to_stage, e.occurred_at)
    query = query.where(*entered, ~decided, ~waits)
    counted = mappings.watched_from(tx, account_id, stages)
    found: dict[str, None] = {}
    for row in tx.execute(query.order_by(e.event_id)):
        is_mapped = stages.get(row.job_shortcode) == row.to_stage
        if is_mapped and row.job_shortcode in counted and row.occurred_at >= counted[row.job_shortcode]:
            found[row.candidate_id] = None
    return list(found)[:limit]


def failing(tx: Connection, account_id: str, tries: int) -> int:
    """How many have been tried in vain that often."""
    query = select(func.count()).where(K.c.account_id == account_id, K.c.tries >= tries)
    return int(tx.execute(query).scalar_one())


def done(tx: Connection, look: Look) -> None:
    """The look is over, unless the candidate has changed again meanwhile."""
    tx.execute(K.delete().where(*_same(look)))


def postpone(tx: Connection, look: Look, until: datetime, error: str) -> None:
    """It could not be done and is tried again."""
    values = {"not_before": until, "tries": K.c.tries + 1, "last_error": error}
    tx.execute(K.update().where(*_same(look)).values(**values))


def _same(look: Look) -> tuple[Any, ...]:
    return (
        K.c.account_id == look.account_id,
        K.c.candidate_id == look.candidate_id,
        K.c.version_at == look.version_at,
        K.c.not_before == look.not_before,
    )
