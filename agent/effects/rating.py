"""Rates the candidate in Workable: one rating of a member and stage, whose comment carries the mark."""

from agent.effects import results, timeline
from agent.effects.change import Change, Context, Receipt
from agent.rules import notes
from storage import mirror_pipelines, mirror_reads


def send(ctx: Context) -> Receipt:
    result = results.of(ctx)
    given = ctx.effect.payload
    ctx.work.workable.rate(
        ctx.candidate_id,
        member_id=ctx.member_id,
        scale=given["scale"],
        grade=given["grade"],
        comment=notes.rating_comment(result, ctx.effect.mark),
        stage_id=_stage_id(ctx),
        lane=ctx.lane,
    )
    return Receipt()


def _stage_id(ctx: Context) -> str | None:
    """The stage of the interview; None, which means the present one, when the job no longer has it."""
    given: str = ctx.effect.payload["stage_id"]
    account_id = ctx.work.account_id
    with ctx.work.tools.mirror.transaction() as tx:
        stored = mirror_reads.candidate(tx, account_id, ctx.candidate_id)
        job = (stored and stored.candidate.job_shortcode) or ctx.about.job_shortcode
        pipeline = mirror_pipelines.pipeline(tx, account_id, job)
    is_gone = bool(pipeline) and all(stage.stage_id != given for stage in pipeline)
    return None if is_gone or not given else given


CHANGE = Change(timeline.find, send, by_member=True, needs_live_job=True)
