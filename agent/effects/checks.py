"""What has to hold before an effect is sent; else it waits for a job or a person, or is given up."""

from datetime import timedelta

import msgspec
from sqlalchemy import Connection

from agent.effects import waited
from agent.effects.change import Change, Context
from agent.effects.jobs import Jobs
from agent.work import Work
from storage.ledger import holding, problems
from storage.ledger.outbox import Effect, EffectKind, EffectState

NOT_LIVE = "job_not_live"
NOT_MADE = "invite_not_made"
CAP = "invite_cap"
CAP_SPAN = timedelta(hours=1)
RESULTS = (EffectKind.RATING, EffectKind.RESULT_COMMENT, EffectKind.MOVE)
NEVER_MADE = ("cancelled", "dropped")
S = EffectState


class Hold(msgspec.Struct, frozen=True):
    """The state in which the effect stays instead of being sent, and why."""

    state: EffectState
    reason: str
    sentence: str


def hold(ctx: Context, change: Change) -> Hold | None:
    """None: it may go."""
    return (
        _superseded(ctx)
        or _moved_before(ctx)
        or _without_invite(ctx)
        or _not_wanted(ctx)
        or _shut(ctx, change)
        or _too_old(ctx)
    )


def _superseded(ctx: Context) -> Hold | None:
    """A newer result is there, and writes itself (behaviours 3.9)."""
    if ctx.effect.kind not in RESULTS or ctx.effect.revision >= ctx.about.revision:
        return None
    newer = ctx.about.revision
    return Hold(S.CANCELLED, "superseded", f"The platform has sent revision {newer} of the result.")


def _moved_before(ctx: Context) -> Hold | None:
    """An older move whose answer was lost may be found after a newer one was planned."""
    if ctx.effect.kind != EffectKind.MOVE:
        return None
    with ctx.work.tools.ledger.read() as tx:
        moved = holding.was_moved(tx, ctx.about.invite_id)
    if not moved:
        return None
    sentence = "An earlier result has moved the candidate: where to go from there is for people to decide."
    return Hold(S.CANCELLED, "moved_before", sentence)


def _without_invite(ctx: Context) -> Hold | None:
    if ctx.effect.kind == EffectKind.INVITE and ctx.about.state != "planned":
        return Hold(S.CANCELLED, "invite_over", "The invite was given up before it was sent.")
    if ctx.effect.kind != EffectKind.INVITE_NOTE:
        return None
    with ctx.work.tools.ledger.read() as tx:
        state = holding.state_of_invite(tx, ctx.about.invite_id)
    if state == S.CANCELLED or ctx.about.state in NEVER_MADE:
        return Hold(S.CANCELLED, "invite_over", "The invite was given up, so there is nothing to note.")
    if state in (None, S.CONFIRMED):
        return None
    return Hold(S.PARKED, NOT_MADE, "The invite was not made so far; the note follows when it is.")


def _not_wanted(ctx: Context) -> Hold | None:
    """Behaviours B07, for an invite that had to wait. That the stage was left is no reason (B04)."""
    if ctx.effect.kind != EffectKind.INVITE or (found := waited.refusal(ctx)) is None:
        return None
    return Hold(S.CANCELLED, found.reason, found.sentence)


def _shut(ctx: Context, change: Change) -> Hold | None:
    """Behaviours B10."""
    if not change.needs_live_job:
        return None
    job = ctx.invite.job_shortcode if ctx.invite else ctx.effect.payload.get("job_shortcode")
    if not Jobs.of(ctx.work, [ctx.candidate_id]).is_shut(ctx.effect.kind, ctx.candidate_id, job):
        return None
    return Hold(
        S.PARKED, NOT_LIVE, "The job is archived or a draft. This resumes when the job is open again."
    )


def _too_old(ctx: Context) -> Hold | None:
    """Nobody is surprised by an invite long after they reached the stage, unless a person wants it (B12)."""
    if ctx.effect.kind != EffectKind.INVITE or ctx.effect.is_approved:
        return None
    hours = ctx.work.settings.invite_age_hours
    if ctx.work.now() - ctx.about.entered_at <= timedelta(hours=hours):
        return None
    return Hold(
        S.PARKED, "too_old",
        f"The candidate reached the stage more than {hours} hours ago, so the invite was not sent. "
        "Send it all the same, or drop it.",
    )  # fmt: skip


def most_invites(work: Work) -> int:
    """How many may go out within an hour."""
    return work.account.invites_per_hour or work.settings.invites_per_hour


def exceeds_cap(tx: Connection, work: Work, effect: Effect) -> bool:
    """True when the account has no invite left in this hour: then all that wait are put off, and it is told.

    Behaviours B11.
    """
    if effect.kind != EffectKind.INVITE:
        return False
    now, most = work.now(), most_invites(work)
    until = holding.invite_slot(tx, work.account_id, effect.effect_id, most=most, span=CAP_SPAN, now=now)
    if until is None:
        problems.resolve(tx, work.account_id, CAP, now=now)
        return False
    waiting = holding.hold_invites(tx, work.account_id, effect.effect_id, until)
    sentence = (
        f"{most} invites went out within an hour, which is the most for this customer. {waiting} more wait; "
        "they go out as the hour passes. Raise the cap if so many are meant."
    )
    problems.report(tx, work.account_id, CAP, sentence, now=now)
    return True
