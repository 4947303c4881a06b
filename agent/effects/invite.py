"""Asks the platform to interview somebody: once for each external id, whatever happens to the answer."""

from datetime import datetime

from sqlalchemy import Connection

from agent.effects.change import Change, Context, Receipt
from agent.errors import AgentError, Refused, Stopped
from agent.platform import Created
from storage.ledger import invites


def find(ctx: Context) -> Receipt | None:
    """Only the creation tells the link, and the same key tells it again; it is not worth waiting for."""
    interview = ctx.work.platform.find(ctx.about.external_id)
    if interview is None:
        return None
    try:
        created = _asked(ctx)
    except Stopped:
        raise
    except AgentError:
        return _made(ctx, interview.interview_id, None)
    return _made(ctx, interview.interview_id, created.interview_url)


def send(ctx: Context) -> Receipt:
    try:
        created = _asked(ctx)
    except Refused as refusal:
        # The key stood for another body, so that an interview may be there all the same.
        interview = ctx.work.platform.find(ctx.about.external_id) if refusal.status == 409 else None
        if interview is None:
            raise
        return _made(ctx, interview.interview_id, None)
    return _made(ctx, created.interview_id, created.interview_url)


def _asked(ctx: Context) -> Created:
    payload = ctx.effect.payload
    return ctx.work.platform.create(payload["body"], payload["key"])


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


CHANGE = Change(find, send, service="platform", needs_live_job=True, forgets=True)
