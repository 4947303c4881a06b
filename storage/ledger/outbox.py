"""The outbox: each intended change in the outside world is a row, and so is each attempt at it.

An effect is claimed by a committed `sending` row before anything leaves (behaviours B02). Effects of one
candidate go in their order; a later one waits while an earlier one is open.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, literal_column, or_, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import schema

E = schema.effects
T = schema.attempts


class EffectKind(StrEnum):
    INVITE = "invite"  # the platform is asked for an interview
    CANCEL = "cancel"  # and asked to end one
    INVITE_NOTE = "invite_note"
    RATING = "rating"
    RESULT_COMMENT = "result_comment"
    MOVE = "move"
    END_NOTE = "end_note"  # expired, bounced or cancelled
    SAMPLE_CARD = "sample_card"
    CREATE_CANDIDATE = "create_candidate"
    PUT_MEMBER = "put_member"
    DEACTIVATE_MEMBER = "deactivate_member"


class EffectState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"  # may be on its way; after a crash it is unknown
    WAITING = "waiting"  # was not done, is tried again
    UNKNOWN = "unknown"  # may have been done; is looked for before it is sent again
    PARKED = "parked"  # waits for a person or for a job to open again
    CONFIRMED = "confirmed"
    FAILED = "failed"  # refused for good
    CANCELLED = "cancelled"


# Their payloads hold names and addresses.
PERSONAL = (
    EffectKind.INVITE,
    EffectKind.CREATE_CANDIDATE,
    EffectKind.PUT_MEMBER,
    EffectKind.DEACTIVATE_MEMBER,
)


class SendLane(IntEnum):
    RESULTS = 0
    INVITES = 1
    NOTES = 2


S = EffectState
OPEN = (S.PLANNED, S.SENDING, S.WAITING, S.UNKNOWN, S.PARKED)
DUE = (S.PLANNED, S.WAITING, S.UNKNOWN)
# Spelled as in the index `effects_due`, which is used for that only.
IS_DUE = E.c.state.in_([literal_column(f"'{state}'") for state in DUE])
MOVING = (*DUE, S.SENDING)  # goes on without a person


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """`mark` is the visible reference that finds it again; `attempts` counts the sends."""

    effect_id: int
    account_id: str
    kind: EffectKind
    lane: SendLane
    effect_key: str
    mark: str
    candidate_id: str | None
    invite_id: int | None
    revision: int
    state: EffectState
    reason: str | None
    sentence: str | None
    payload: dict[str, Any]
    member_id: str | None
    attempts: int
    planned_at: datetime
    due_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    approved_at: datetime | None
    remote_id: str | None
    actor: str

    @property
    def is_approved(self) -> bool:
        """A person has let it go although it was held."""
        return self.approved_at is not None


class NewEffect(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is planned, or parked with `reason` and `sentence` when a person has to agree first."""

    account_id: str
    kind: EffectKind
    lane: SendLane
    effect_key: str
    mark: str
    payload: dict[str, Any]
    actor: str
    candidate_id: str | None = None
    invite_id: int | None = None
    revision: int = 0
    member_id: str | None = None
    state: EffectState = S.PLANNED
    reason: str | None = None
    sentence: str | None = None


def plan(tx: Connection, new: NewEffect, now: datetime) -> int | None:
    """The new effect's key; None when one of that `effect_key` is there already."""
    values = msgspec.structs.asdict(new) | {"planned_at": now, "due_at": now, "attempts": 0}
    row = insert(E).values(**values).on_conflict_do_nothing(index_elements=["effect_key"])
    return tx.execute(row.returning(E.c.effect_id)).scalar()


def _effect(row: Row[Any]) -> Effect:
    return msgspec.convert({name: getattr(row, name) for name in Effect.__struct_fields__}, Effect)


def get(tx: Connection, effect_id: int) -> Effect:
    return _effect(tx.execute(select(E).where(E.c.effect_id == effect_id)).one())


def by_key(tx: Connection, effect_key: str) -> Effect | None:
    row = tx.execute(select(E).where(E.c.effect_key == effect_key)).first()
    return None if row is None else _effect(row)


def due(tx: Connection, account_id: str, now: datetime, limit: int = 20) -> list[Effect]:
    """What may go now, in the order in which it should: by lane, then by age."""
    mine = and_(E.c.account_id == account_id, IS_DUE, E.c.due_at <= now)
    query = select(E).where(mine, ~held_up()).order_by(E.c.lane, E.c.effect_id).limit(limit)
    return [_effect(row) for row in tx.execute(query)]


def next_due(tx: Connection, account_id: str) -> datetime | None:
    """When the next effect that nothing holds up may go."""
    query = select(E.c.due_at).where(E.c.account_id == account_id, IS_DUE, ~held_up())
    return tx.execute(query.order_by(E.c.due_at).limit(1)).scalar()


def held_up() -> ColumnElement[bool]:
    """Whether an earlier effect of the same candidate has to be over first.

    Of the same invite each that is open, for a move also what failed; of other invites each that is on its
    way by itself. Taking an interview back waits for nothing but the invite.
    """
    earlier = E.alias("earlier")
    is_same = earlier.c.invite_id.is_not_distinct_from(E.c.invite_id)
    is_moving = earlier.c.state.in_(MOVING)
    is_invite = and_(is_same, earlier.c.kind == EffectKind.INVITE)
    failed = and_(E.c.kind == EffectKind.MOVE, earlier.c.state == S.FAILED)
    stays = and_(is_same, or_(earlier.c.state == S.PARKED, failed))
    return exists().where(
        earlier.c.account_id == E.c.account_id,
        earlier.c.candidate_id == E.c.candidate_id,
        earlier.c.effect_id < E.c.effect_id,
        or_(
            and_(is_moving, or_(E.c.kind != EffectKind.CANCEL, is_invite)),
            and_(E.c.kind != EffectKind.CANCEL, stays),
        ),
    )


def claim(
    tx: Connection, effect: Effect, *, agent_id: str, fence: int, member_id: str | None, now: datetime
) -> int | None:
    """Take the effect for one attempt; its number, or None when it has changed since it was read."""
    number = effect.attempts + 1
    same = (E.c.effect_id == effect.effect_id, E.c.state == effect.state, E.c.attempts == effect.attempts)
    values = {"state": S.SENDING, "attempts": number, "sent_at": now, "member_id": member_id}
    if tx.execute(E.update().where(*same).values(**values)).rowcount != 1:
        return None
    tx.execute(
        T.insert().values(
            effect_id=effect.effect_id, number=number, account_id=effect.account_id,
            agent_id=agent_id, fence=fence, sent_at=now,
        )
    )  # fmt: skip
    return number


def settle(
    tx: Connection,
    effect: Effect,
    state: EffectState,
    *,
    now: datetime,
    reason: str | None = None,
    sentence: str | None = None,
    due_at: datetime | None = None,
    remote_id: str | None = None,
    status: int | None = None,
) -> None:
    """What came of the attempt, or of looking for an earlier one."""
    ended = state in (S.CONFIRMED, S.FAILED, S.CANCELLED)
    values = {
        "state": state,
        "reason": reason,
        "sentence": sentence,
        "due_at": due_at or now,
        "remote_id": remote_id or effect.remote_id,
        "ended_at": now if ended else None,
    }
    tx.execute(E.update().where(E.c.effect_id == effect.effect_id).values(**values))
    open_attempt = (T.c.effect_id == effect.effect_id, T.c.ended_at.is_(None))
    told = {"ended_at": now, "outcome": state, "status": status, "sentence": sentence}
    tx.execute(T.update().where(*open_attempt).values(**told))
    if ended:
        forget_person(tx, effect.effect_id)


def change_payload(tx: Connection, effect_id: int, payload: dict[str, Any]) -> None:
    tx.execute(E.update().where(E.c.effect_id == effect_id).values(payload=payload))


def forget_person(tx: Connection, effect_id: int) -> None:
    """Who is written about was needed only for sending, and goes once the effect is over."""
    over = (E.c.effect_id == effect_id, E.c.kind.in_(PERSONAL), E.c.state.in_((S.CONFIRMED, S.CANCELLED)))
    tx.execute(E.update().where(*over).values(payload={}))


def release_sending(tx: Connection, now: datetime) -> None:
    """What a dead agent was sending may have been done. Call only while holding the agent lock."""
    tx.execute(E.update().where(E.c.state == S.SENDING).values(state=S.UNKNOWN, due_at=now))
    told = {"ended_at": now, "outcome": S.UNKNOWN, "sentence": "The agent ended before the answer came."}
    tx.execute(T.update().where(T.c.ended_at.is_(None)).values(**told))


def of_invite(tx: Connection, invite_id: int) -> list[Effect]:
    query = select(E).where(E.c.invite_id == invite_id).order_by(E.c.effect_id)
    return [_effect(row) for row in tx.execute(query)]


def of_candidate(tx: Connection, account_id: str, candidate_ids: Sequence[str]) -> list[Effect]:
    """In the order in which they were planned."""
    mine = (E.c.account_id == account_id, E.c.candidate_id.in_(candidate_ids))
    return [_effect(row) for row in tx.execute(select(E).where(*mine).order_by(E.c.effect_id))]


def retry(tx: Connection, effect_id: int, now: datetime) -> bool:
    """A person lets a parked or failed effect go again; False when it is neither."""
    which = (E.c.effect_id == effect_id, E.c.state.in_((S.PARKED, S.FAILED)))
    values = {"state": S.PLANNED, "reason": "retried", "sentence": None, "due_at": now, "ended_at": None}
    values["approved_at"] = now
    return tx.execute(E.update().where(*which).values(**values)).rowcount == 1


def drop(tx: Connection, effect_id: int, reason: str, sentence: str, now: datetime) -> bool:
    """Give up an effect that is not on its way; False when it is, or is over."""
    which = (E.c.effect_id == effect_id, E.c.state.in_((S.PLANNED, S.WAITING, S.PARKED, S.FAILED)))
    values = {"state": S.CANCELLED, "reason": reason, "sentence": sentence, "ended_at": now}
    if tx.execute(E.update().where(*which).values(**values)).rowcount != 1:
        return False
    forget_person(tx, effect_id)
    return True


def owners(tx: Connection, account_id: str, remote_ids: Sequence[str]) -> set[str]:
    """The candidates on whose timelines we have written these activities."""
    mine = (E.c.account_id == account_id, E.c.remote_id.in_(remote_ids))
    comments = (EffectKind.INVITE_NOTE, EffectKind.RESULT_COMMENT, EffectKind.END_NOTE)
    rows = tx.execute(select(E.c.candidate_id, E.c.kind).where(*mine))
    return {str(row.candidate_id) for row in rows if row.candidate_id and row.kind in comments}


def has_created(tx: Connection, account_id: str, candidate_id: str, email: str | None) -> bool:
    """True when we made that candidate, or may just have made one of that address."""
    mine = (E.c.account_id == account_id, E.c.kind == EffectKind.CREATE_CANDIDATE)
    open_or_it = or_(E.c.remote_id == candidate_id, E.c.state.in_((S.SENDING, S.UNKNOWN)))
    for row in tx.execute(select(E.c.remote_id, E.c.payload).where(*mine, open_or_it)):
        if row.remote_id == candidate_id or (email and row.payload.get("person", {}).get("email") == email):
            return True
    return False


def written_to(
    tx: Connection, account_id: str, kinds: Sequence[EffectKind], since: datetime, limit: int
) -> list[str]:
    """Candidates on whom such effects were confirmed since then, the last one first."""
    mine = (
        E.c.account_id == account_id,
        E.c.kind.in_(kinds),
        E.c.state == S.CONFIRMED,
        E.c.ended_at >= since,
    )
    query = select(E.c.candidate_id).where(*mine, E.c.candidate_id.is_not(None))
    newest = func.max(E.c.ended_at).desc()
    return list(tx.execute(query.group_by(E.c.candidate_id).order_by(newest).limit(limit)).scalars())
