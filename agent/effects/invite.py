"""Asks the platform to interview somebody: once for each external id, whatever happens to the answer."""

from datetime import datetime

from sqlalchemy import Connection

from agent.effects.change import Change, Context, Receipt
from agent.errors import Refused
from storage.ledger import invites


def find(ctx: Context) -> Receipt | None:
    interview = ctx.work.platform.find(ctx.about.external_id)
    return None if interview is None else _made(ctx, interview.interview_id, interview.interview_url)


def send(ctx: Context) -> Receipt:
    payload = ctx.effect.payload
    try:
        created = ctx.work.platform.create(payload["body"], payload["key"])
    except Refused as refusal:
        # The key stood for another body, so that an interview may be there all the same.
        there = find(ctx) if refusal.status == 409 else None
        if there is None:
            raise
        return there
    return _made(ctx, created.interview_id, created.interview_url)


def _made(ctx: Context, interview_id: str, url: str | None) -> Receipt:
    invite = ctx.about

    def note(tx: Connection, now: datetime) -> None:
        present = invites.get(tx, invite.invite_id)
        state = "pending" if present.state == "planned" else present.state
        known_url = url or present.interview_url
        invites.update(
            tx, invite.invite_id, interview_id=interview_id, interview_url=known_url,
            state=state, invited_at=present.invited_at or now,
        )  # fmt: skip

    return Receipt(interview_id, note=note)


CHANGE = Change(find, send, service="platform", needs_live_job=True)
