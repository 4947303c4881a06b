"""What holds effects back, and lets them go again: parked and failed ones, and the hourly cap of invites."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from storage.ledger import schema
from storage.ledger.outbox import IS_DUE, MOVING, Effect, EffectKind, EffectState, forget_person

E = schema.effects
I = schema.invites  # noqa: E741 -- a table's initial, as everywhere here
A = schema.aliases
P = schema.problems
S = EffectState
OWN_ERROR = "own_error"  # the reason of an effect that is tried again after a mistake of the agent's
MAY_HAVE_INVITED = (S.SENDING, S.UNKNOWN, S.CONFIRMED)


class Stuck(msgspec.Struct, frozen=True):
    """An effect that does not go on as usual since then; `job_shortcode` is the job it was meant for."""

    effect_id: int
    kind: EffectKind
    state: EffectState
    reason: str | None
    sentence: str | None
    candidate_id: str | None
    invite_id: int | None
    since: datetime
    job_shortcode: str | None


def stuck(tx: Connection, account_id: str) -> list[Stuck]:
    """Parked, failed, and tried again after an error of our own; in the order in which they were planned."""
    states = E.c.state.in_((S.PARKED, S.FAILED, S.WAITING, S.UNKNOWN))
    is_stuck = E.c.state.in_((S.PARKED, S.FAILED)) | (E.c.reason == OWN_ERROR)
    query = (
        select(E, I.c.job_shortcode)
        .outerjoin(I, I.c.invite_id == E.c.invite_id)
        .where(E.c.account_id == account_id, states, is_stuck)
        .order_by(E.c.effect_id)
    )
    return [
        Stuck(
            row.effect_id, EffectKind(row.kind), EffectState(row.state), row.reason, row.sentence,
            row.candidate_id, row.invite_id, row.due_at,
            row.job_shortcode or row.payload.get("job_shortcode"),
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def change_parked(
    tx: Connection,
    one: Stuck,
    state: EffectState,
    *,
    reason: str | None,
    sentence: str | None,
    now: datetime,
) -> None:
    """Let a parked effect go on, or park it for another reason; nothing when it has changed meanwhile."""
    same = (E.c.effect_id == one.effect_id, E.c.state == S.PARKED, E.c.reason.is_(one.reason))
    ended = now if state == S.CANCELLED else None
    values = {"state": state, "reason": reason, "sentence": sentence, "due_at": now, "ended_at": ended}
    tx.execute(E.update().where(*same).values(**values))
    forget_person(tx, one.effect_id)


def followed_since(tx: Connection, account_id: str, candidate_id: str, since: datetime) -> bool:
    """True when the candidate got this id by a relocation that was noticed after `since`."""
    mine = (A.c.account_id == account_id, A.c.candidate_id == candidate_id, A.c.seen_at >= since)
    return tx.execute(select(A.c.former_id).where(*mine).limit(1)).first() is not None


def invite_slot(
    tx: Connection, account_id: str, effect_id: int, *, most: int, span: timedelta, now: datetime
) -> datetime | None:
    """When the invite may go without there being more than `most` in `span`; None: now.

    Those that surely did not reach the platform are not counted.
    """
    asked = (
        E.c.account_id == account_id,
        E.c.kind == EffectKind.INVITE,
        E.c.effect_id != effect_id,
        E.c.state.in_(MAY_HAVE_INVITED),
        E.c.sent_at > now - span,
    )
    query = select(E.c.sent_at).where(*asked).order_by(E.c.sent_at.desc()).offset(most - 1).limit(1)
    oldest: datetime | None = tx.execute(query).scalar()
    return None if oldest is None else oldest + span


def release_invites(tx: Connection, account_id: str, now: datetime) -> None:
    """What the cap has held may go now."""
    waiting = (E.c.account_id == account_id, IS_DUE, E.c.kind == EffectKind.INVITE, E.c.due_at > now)
    tx.execute(E.update().where(*waiting, E.c.state != S.UNKNOWN).values(due_at=now))


def are_under_way(tx: Connection, account_id: str, kinds: Sequence[EffectKind]) -> bool:
    """True when an effect of these kinds is going to be sent by itself."""
    mine = (E.c.account_id == account_id, E.c.kind.in_(kinds), E.c.state.in_(MOVING))
    return tx.execute(select(E.c.effect_id).where(*mine).limit(1)).first() is not None


def hold_invites(tx: Connection, account_id: str, effect_id: int, until: datetime) -> int:
    """Neither this invite nor another that has not left yet goes before that; how many wait."""
    put_off(tx, account_id, [EffectKind.INVITE], until)
    tx.execute(E.update().where(E.c.effect_id == effect_id, E.c.due_at < until).values(due_at=until))
    waiting = (E.c.account_id == account_id, IS_DUE, E.c.kind == EffectKind.INVITE)
    left = tx.execute(select(E.c.effect_id).where(*waiting, E.c.state != S.UNKNOWN)).scalars()
    return len({*left, effect_id})


def put_off(tx: Connection, account_id: str, kinds: Sequence[EffectKind], until: datetime) -> None:
    """No effect of these kinds that has not left yet goes before that."""
    waiting = (E.c.account_id == account_id, IS_DUE, E.c.kind.in_(kinds), E.c.state != S.UNKNOWN)
    tx.execute(E.update().where(*waiting, E.c.due_at < until).values(due_at=until))


def open_codes(tx: Connection, account_id: str, codes: Sequence[str]) -> set[tuple[str, str]]:
    """Code and subject of the account's open problems among those codes."""
    mine = (P.c.account_id == account_id, P.c.code.in_(codes), P.c.resolved_at.is_(None))
    return {(row.code, row.subject) for row in tx.execute(select(P.c.code, P.c.subject).where(*mine))}


def fail_applicant(tx: Connection, effect: Effect, sentence: str | None) -> None:
    """Who is not made a candidate after all is told of as failed; effects of other kinds change nothing."""
    if effect.kind != EffectKind.CREATE_CANDIDATE:
        return
    applicants = schema.applicants
    which = applicants.c.applicant_id == effect.payload.get("applicant_id")
    tx.execute(applicants.update().where(which).values(state="failed", sentence=sentence))


def state_of_invite(tx: Connection, invite_id: int) -> str | None:
    """The state of the effect that asks the platform for the interview."""
    asked = (E.c.invite_id == invite_id, E.c.kind == EffectKind.INVITE)
    state: Any = tx.execute(select(E.c.state).where(*asked)).scalar()
    return None if state is None else str(state)


def was_moved(tx: Connection, invite_id: int) -> bool:
    """True when a result of the invite has moved the candidate."""
    moved = (E.c.invite_id == invite_id, E.c.kind == EffectKind.MOVE, E.c.state == S.CONFIRMED)
    return tx.execute(select(E.c.effect_id).where(*moved).limit(1)).first() is not None
