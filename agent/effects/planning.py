"""Plans effects of an invite: each once, with the key by which it is known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from storage import references
from storage.ledger import mappings, outbox
from storage.ledger.invites import Invite
from storage.ledger.mappings import Rule
from storage.ledger.outbox import EffectKind, EffectState, NewEffect, SendLane

LANES = {
    EffectKind.RATING: SendLane.RESULTS,
    EffectKind.RESULT_COMMENT: SendLane.RESULTS,
    EffectKind.MOVE: SendLane.RESULTS,
    EffectKind.INVITE: SendLane.INVITES,
    EffectKind.CANCEL: SendLane.INVITES,
}


class Asking(msgspec.Struct, frozen=True):
    """Why an effect waits for a person before it is sent."""

    reason: str
    sentence: str


def plan_effect(
    tx: Connection,
    invite: Invite,
    kind: EffectKind,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    revision: int = 0,
    asking: Asking | None = None,
    actor: str | None = None,
) -> int | None:
    """An effect of the invite; None when it was planned before."""
    key = references.key(invite.account_id, invite.external_id, kind, revision)
    new = NewEffect(
        account_id=invite.account_id,
        kind=kind,
        lane=LANES.get(kind, SendLane.NOTES),
        effect_key=key,
        mark=references.mark(key),
        payload=dict(payload),
        actor=actor or invite.actor,
        candidate_id=invite.candidate_id,
        invite_id=invite.invite_id,
        revision=revision,
        state=EffectState.PARKED if asking else EffectState.PLANNED,
        reason=asking.reason if asking else None,
        sentence=asking.sentence if asking else None,
    )
    return outbox.plan(tx, new, now)


def rule_of(tx: Connection, invite: Invite) -> Rule | None:
    """The mapping as it is now, unless it is about another interview by now: then the one invited under."""
    rule = mappings.effective(tx, invite.account_id, invite.job_shortcode)
    if rule is not None and rule.template_id == invite.template_id:
        return rule
    return None if invite.mapping_id is None else mappings.get(tx, invite.mapping_id)


def plan_end_note(tx: Connection, invite: Invite, rule: Rule | None, status: str, now: datetime) -> None:
    """One note that the interview has ended without a result, if the mapping wishes it."""
    if rule is not None and rule.notes_ends:
        told = None if rule.visibility is None else list(rule.visibility)
        plan_effect(tx, invite, EffectKind.END_NOTE, {"status": status, "policy": told}, now=now)
