"""Writes notes to the timeline: that somebody was invited, that an interview ended, and the sample card."""

from collections.abc import Callable

from agent.effects import timeline
from agent.effects.change import Change, Context, Receipt
from agent.rules import notes


def _change(text: Callable[[Context], str], *, needs_live_job: bool) -> Change:
    def send(ctx: Context) -> Receipt:
        written = ctx.work.workable.comment(
            ctx.candidate_id,
            member_id=ctx.member_id,
            body=text(ctx),
            policy=ctx.effect.payload.get("policy"),
            lane=ctx.lane,
        )
        return Receipt(written)

    return Change(timeline.find, send, by_member=True, needs_live_job=needs_live_job)


def _invited(ctx: Context) -> str:
    return notes.invite_note(ctx.template, ctx.about.interview_url, ctx.effect.mark)


def _ended(ctx: Context) -> str:
    return notes.end_note(ctx.effect.payload["status"], ctx.template, ctx.effect.mark)


def _sample(ctx: Context) -> str:
    return notes.sample_card(ctx.effect.mark)


INVITE_NOTE = _change(_invited, needs_live_job=True)
END_NOTE = _change(_ended, needs_live_job=True)
SAMPLE_CARD = _change(_sample, needs_live_job=False)
