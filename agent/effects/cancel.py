"""Asks the platform to end an interview that is still open."""

from datetime import datetime

from sqlalchemy import Connection

from agent.effects import planning
from agent.effects.change import Change, Context, Receipt
from agent.errors import NotFound, Refused
from storage.ledger import invites


def find(ctx: Context) -> Receipt | None:
    interview = ctx.work.platform.find(ctx.about.external_id)
    return _ended(ctx) if interview is not None and interview.status == "cancelled" else None


def send(ctx: Context) -> Receipt:
    interview_id = ctx.about.interview_id
    if interview_id is None:
        return Receipt(sentence="No interview had been made, so there was nothing to cancel.")
    try:
        ctx.work.platform.cancel(interview_id)
    except NotFound:
        return _ended(ctx, "The platform does not have this interview any more.")
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return Receipt(interview_id, "The interview was completed before it could be cancelled.")
    return _ended(ctx)


def _ended(ctx: Context, sentence: str | None = None) -> Receipt:
    invite = ctx.about

    def note(tx: Connection, now: datetime) -> None:
        invites.update(tx, invite.invite_id, state="cancelled", ended_at=now)
        planning.plan_end_note(tx, invite, planning.rule_of(tx, invite), "cancelled", now)

    return Receipt(invite.interview_id, sentence, note)


CHANGE = Change(find, send, service="platform")
