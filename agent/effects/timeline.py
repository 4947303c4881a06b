"""Looks for our marks on a candidate's timeline."""

from agent.effects.change import Context, Receipt
from storage import references


def find(ctx: Context) -> Receipt | None:
    """The activity that carries the effect's mark; None when the whole timeline is without it.

    Raises NotFound when Workable does not know the candidate, TryLater when not all of it could be read.
    """
    for activity in ctx.work.workable.activities(ctx.candidate_id, lane=ctx.lane):
        if references.is_marked(activity.body, ctx.effect.mark):
            return Receipt(activity.activity_id)
    return None
