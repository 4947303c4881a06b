"""Rates the candidate in Workable: one rating of a member and stage, whose comment carries the mark."""

from agent.effects import results, timeline
from agent.effects.change import Change, Context, Receipt
from agent.rules import notes


def send(ctx: Context) -> Receipt:
    result = results.of(ctx)
    given = ctx.effect.payload
    ctx.work.workable.rate(
        ctx.candidate_id,
        member_id=ctx.member_id,
        scale=given["scale"],
        grade=given["grade"],
        comment=notes.rating_comment(result, ctx.effect.mark),
        stage_id=given["stage_id"] or None,
        lane=ctx.lane,
    )
    return Receipt()


CHANGE = Change(timeline.find, send, by_member=True, needs_live_job=True)
