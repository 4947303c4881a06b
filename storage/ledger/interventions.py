"""What a person does about invites and pushes: let one go again, give one up, take an invite back.

Each is written to the audit trail in the same transaction, and answered with a sentence for whoever asked.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from storage import references
from storage.ledger import audit, holding, invites, outbox, schema
from storage.ledger.invites import Invite
from storage.ledger.outbox import Effect, EffectKind, EffectState, NewEffect, SendLane

NOT_SENT = (EffectState.PLANNED, EffectState.WAITING, EffectState.PARKED, EffectState.FAILED)
UNDER_WAY = {
    EffectState.PLANNED: "It is about to be sent.",
    EffectState.WAITING: "It is tried again by itself.",
    EffectState.SENDING: "It is being sent now.",
    EffectState.UNKNOWN: (
        "It may have been sent and is being looked for; it is sent again by itself if it is not there."
    ),
    EffectState.CONFIRMED: "It is done already.",
    EffectState.CANCELLED: "It was given up before.",
}
DROPPED, BY_PERSON = "dropped", "Dropped by {actor}."


class InterventionProblem(Exception):
    """It cannot be done to this one; the message says why."""


def retry(tx: Connection, effect_id: int, *, actor: str, now: datetime) -> str:
    """Let a parked or failed push go; for an invite that waits for a person this is the approval."""
    effect = _effect(tx, effect_id)
    if not outbox.retry(tx, effect_id, now):
        raise InterventionProblem(f"It cannot be tried again. {UNDER_WAY[effect.state]}")
    _note(tx, effect, "retried", actor, now)
    if effect.kind == EffectKind.INVITE and effect.attempts == 0:
        return "Approved: the invite is sent within seconds."
    return "It is tried again within seconds."


def drop(tx: Connection, effect_id: int, *, actor: str, now: datetime) -> str:
    """Give a push up that is not on its way. An invite goes with everything that was to follow it."""
    effect = _effect(tx, effect_id)
    if not _give_up(tx, effect, actor, now):
        raise InterventionProblem(f"It cannot be dropped. {UNDER_WAY[effect.state]}")
    _note(tx, effect, "dropped", actor, now)
    if effect.kind == EffectKind.INVITE and effect.invite_id is not None:
        _end_invite(tx, effect.invite_id, actor, now)
        return "The invite was dropped. Nobody is invited by it."
    return "Dropped. It will not be sent."


def cancel_invite(tx: Connection, invite_id: int, *, actor: str, now: datetime) -> str:
    """Take an invite back: before it is sent it is dropped, afterwards the platform is asked to end it."""
    invite = _invite(tx, invite_id)
    if invite.state not in invites.OPEN:
        raise InterventionProblem(
            f"The interview is over already ({invite.state}), so it cannot be cancelled."
        )
    if invite.state != "planned":
        return _ask_platform(tx, invite, actor, now)
    asks = [e for e in outbox.of_invite(tx, invite_id) if e.kind == EffectKind.INVITE]
    if any(ask.state not in NOT_SENT for ask in asks):
        raise InterventionProblem("The invite is being sent right now. Try again in a minute.")
    _end_invite(tx, invite_id, actor, now)
    audit.note(tx, now, actor, invite.account_id, "invite.dropped", candidate=invite.candidate_id)
    return "The invite was dropped before it was sent. Nobody is invited by it."


def _ask_platform(tx: Connection, invite: Invite, actor: str, now: datetime) -> str:
    """Once more when it was asked before and the interview is open all the same."""
    before = [e for e in outbox.of_invite(tx, invite.invite_id) if e.kind == EffectKind.CANCEL]
    if not before or before[-1].state in (EffectState.CONFIRMED, EffectState.CANCELLED):
        outbox.plan(tx, _cancel(invite, len(before), actor), now)
    elif not outbox.retry(tx, before[-1].effect_id, now):
        raise InterventionProblem("The platform is being asked to end this interview already.")
    audit.note(tx, now, actor, invite.account_id, "invite.cancelled", candidate=invite.candidate_id)
    return "The interview platform is asked to end the interview within seconds."


def _cancel(invite: Invite, number: int, actor: str) -> NewEffect:
    key = references.key(invite.account_id, invite.external_id, EffectKind.CANCEL, number)
    return NewEffect(
        account_id=invite.account_id,
        kind=EffectKind.CANCEL,
        lane=SendLane.INVITES,
        effect_key=key,
        mark=references.mark(key),
        payload={},
        actor=actor,
        candidate_id=invite.candidate_id,
        invite_id=invite.invite_id,
    )


def _effect(tx: Connection, effect_id: int) -> Effect:
    e = schema.effects.c
    if tx.execute(select(e.effect_id).where(e.effect_id == effect_id)).first() is None:
        raise InterventionProblem(f"There is no push {effect_id}.")
    return outbox.get(tx, effect_id)


def _invite(tx: Connection, invite_id: int) -> Invite:
    i = schema.invites.c
    if tx.execute(select(i.invite_id).where(i.invite_id == invite_id)).first() is None:
        raise InterventionProblem(f"There is no invite {invite_id}.")
    return invites.get(tx, invite_id)


def _give_up(tx: Connection, effect: Effect, actor: str, now: datetime) -> bool:
    sentence = BY_PERSON.format(actor=actor)
    is_dropped = outbox.drop(tx, effect.effect_id, DROPPED, sentence, now)
    if is_dropped:
        holding.fail_applicant(tx, effect, sentence)
    return is_dropped


def _end_invite(tx: Connection, invite_id: int, actor: str, now: datetime) -> None:
    for effect in outbox.of_invite(tx, invite_id):
        if effect.state in NOT_SENT:
            _give_up(tx, effect, actor, now)
    invites.update(tx, invite_id, state="dropped", ended_at=now)


def _note(tx: Connection, effect: Effect, done: str, actor: str, now: datetime) -> None:
    detail = {"push": effect.kind.value, "mark": effect.mark, "candidate": effect.candidate_id}
    audit.note(tx, now, actor, effect.account_id, f"push.{done}", **detail)
