"""Makes and ends members of the interview platform. Both may be sent again: they say how things should be."""

from datetime import datetime

from sqlalchemy import Connection

from agent.effects.change import Change, Context, Receipt
from agent.errors import NotFound, Refused
from storage.ledger import platform_members
from storage.ledger.platform_members import State


def _never_found(_ctx: Context) -> Receipt | None:
    """The platform does not tell who its members are; putting it right again is no second change."""
    return None


def put(ctx: Context) -> Receipt:
    given = ctx.effect.payload
    ctx.work.platform.put_member(given["email"], given["name"], given["role"])

    def note(tx: Connection, now: datetime) -> None:
        platform_members.put(
            tx, ctx.effect.account_id, given["member_id"], email=given["email"], role=given["role"], now=now
        )

    return Receipt(note=note)


def deactivate(ctx: Context) -> Receipt:
    try:
        ctx.work.platform.deactivate_member(ctx.effect.payload["email"])
    except NotFound:
        return _ended(ctx, "deactivated", "The platform had no such member any more.")
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return _ended(ctx, "kept_last_admin", "The platform keeps its last admin.")
    return _ended(ctx, "deactivated", "Taken off the platform.")


def _ended(ctx: Context, state: State, sentence: str) -> Receipt:
    given = ctx.effect.payload

    def note(tx: Connection, now: datetime) -> None:
        platform_members.end(
            tx, ctx.effect.account_id, given["member_id"],
            email=given["email"], state=state, sentence=sentence, now=now,
        )  # fmt: skip

    return Receipt(sentence=sentence, note=note)


PUT = Change(_never_found, put, service="platform")
DEACTIVATE = Change(_never_found, deactivate, service="platform")
