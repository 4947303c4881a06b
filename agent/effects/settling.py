"""Writes to the outbox what is about to be sent and what came of it, each in one fenced transaction."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from agent.effects import checks, waited
from agent.effects.change import Change, Context, Receipt, Service
from agent.effects.table import CHANGES
from agent.work import Work
from storage import references
from storage.ledger import decisions, holding, invites, outbox, problems, templates
from storage.ledger.outbox import Effect, EffectKind, EffectState
from storage.records import Candidate

PLATFORM_REFUSED = "platform_refused"
S = EffectState


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an effect comes to. `pause` is how long it rests before it is due again."""

    state: EffectState
    reason: str | None = None
    sentence: str | None = None
    status: int | None = None
    pause: timedelta = timedelta()


def context(work: Work, effect: Effect) -> Context:
    """The effect with its invite, and the candidate's id after whatever relocation we know of."""
    with work.tools.ledger.read() as tx:
        invite = None if effect.invite_id is None else invites.get(tx, effect.invite_id)
        names = {one.template_id: one.name for one in templates.every(tx)} if invite else {}
        known_as = decisions.known_as(tx, work.account_id, effect.candidate_id) if effect.candidate_id else []
    template = "" if invite is None else names.get(invite.template_id, "")
    return Context(work, effect, invite, known_as[0] if known_as else "", template)


def claim(ctx: Context, member_id: str) -> Context | None:
    """Committed before anything leaves. None when the effect has changed, or no invite may go just now."""
    work, candidate = ctx.work, waited.renewed(ctx)
    with work.ledger_write() as tx:
        if checks.exceeds_cap(tx, work, ctx.effect):
            return None
        number = outbox.claim(
            tx, ctx.effect,
            agent_id=work.tools.agent_id, fence=work.fence, member_id=member_id or None, now=work.now(),
        )  # fmt: skip
        if number is None:
            return None
        if candidate is not None:
            _renew(tx, ctx, candidate)
        return replace(ctx, effect=outbox.get(tx, ctx.effect.effect_id), member_id=member_id)


def _renew(tx: Connection, ctx: Context, candidate: Candidate) -> None:
    """An invite that has waited goes to the candidate as they are called and reached now."""
    payload, email = ctx.effect.payload, candidate.email or ""
    body = payload["body"] | {"candidate": waited.person(candidate)}
    outbox.change_payload(tx, ctx.effect.effect_id, payload | {"body": body})
    digest = references.email_digest(ctx.work.account_id, email)
    invites.update(tx, ctx.about.invite_id, email_digest=digest)


def confirm(ctx: Context, change: Change, receipt: Receipt) -> None:
    """The change stands: what follows from it is written with it."""
    work, effect, now = ctx.work, ctx.effect, ctx.work.now()
    with work.ledger_write() as tx:
        receipt.note(tx, now)
        outbox.settle(
            tx, effect, S.CONFIRMED, now=now, sentence=receipt.sentence, remote_id=receipt.remote_id
        )
        if change.service == "platform":
            problems.resolve(tx, work.account_id, PLATFORM_REFUSED, now=now)


def settle(ctx: Context, outcome: Outcome) -> Effect | None:
    """The effect as it is then; None when somebody has changed it since it was read."""
    work, effect, now = ctx.work, ctx.effect, ctx.work.now()
    with work.ledger_write() as tx:
        present = outbox.get(tx, effect.effect_id)
        if (present.state, present.attempts) != (effect.state, effect.attempts):
            return None
        outbox.settle(
            tx, effect, outcome.state,
            now=now, reason=outcome.reason, sentence=outcome.sentence,
            due_at=now + outcome.pause, status=outcome.status,
        )  # fmt: skip
        if outcome.state in (S.FAILED, S.CANCELLED):
            holding.fail_applicant(tx, effect, outcome.sentence)
        if outcome.state == S.CANCELLED and effect.kind == EffectKind.INVITE:
            _drop_invite(tx, ctx, now)
        return outbox.get(tx, effect.effect_id)


def _drop_invite(tx: Connection, ctx: Context, now: datetime) -> None:
    """An invite that is not sent any more is over; its note goes with it."""
    if invites.get(tx, ctx.about.invite_id).state == "planned":
        invites.update(tx, ctx.about.invite_id, state="dropped", ended_at=now)


def put_off(ctx: Context, service: Service, pause: timedelta) -> None:
    """The account's other effects for that service wait as long."""
    kinds = [kind for kind, change in CHANGES.items() if change.service == service]
    with ctx.work.ledger_write() as tx:
        holding.put_off(tx, ctx.work.account_id, kinds, ctx.work.now() + pause)


def report_platform(ctx: Context, sentence: str) -> None:
    with ctx.work.ledger_write() as tx:
        problems.report(
            tx, ctx.work.account_id, PLATFORM_REFUSED, sentence, now=ctx.work.now(), needs_person=True
        )
