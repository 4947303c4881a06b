"""Moves the candidate to the stage that follows the result, unless somebody has decided otherwise."""

import msgspec

from agent.effects.change import Change, Context, Parked, Receipt
from agent.rules import moves
from agent.rules.moves import Verdict
from agent.rules.stages import resolve
from storage import mirror_pipelines
from storage.ledger.mappings import MappedStage
from storage.records import Candidate, Stage


def find(ctx: Context) -> Receipt | None:
    """Done when the candidate is at or past the target. Raises Parked when a person has to look."""
    verdict = _judged(ctx)
    return Receipt(sentence=verdict.sentence) if verdict.action == "done" else None


def send(ctx: Context) -> Receipt:
    verdict = _judged(ctx)
    if verdict.action == "done":
        return Receipt(sentence=verdict.sentence)
    ctx.work.workable.move(
        ctx.candidate_id, member_id=ctx.member_id, target_slug=verdict.target_slug, lane=ctx.lane
    )
    return Receipt()


def _judged(ctx: Context) -> Verdict:
    """By where the candidate stands at this moment."""
    candidate = ctx.work.workable.candidate(ctx.candidate_id, lane=ctx.lane)
    invite = ctx.about
    if candidate.job_shortcode != invite.job_shortcode:
        raise Parked(
            "other_job", "The candidate is in another job now. Move on by hand there if that is still right."
        )
    pipeline = _pipeline(ctx, candidate)
    target = msgspec.convert(ctx.effect.payload["stage"], MappedStage)
    present, invited_at = _present(candidate, pipeline), _invited_at(ctx, pipeline)
    verdict = moves.judge(pipeline, present=present, invited_at=invited_at, target=target)
    if verdict.action == "park":
        raise Parked("moved_by_people", verdict.sentence)
    return verdict


def _pipeline(ctx: Context, candidate: Candidate) -> list[Stage]:
    """As mirrored, which saves a request; as Workable has it when a stage is not in that."""
    job = ctx.about.job_shortcode
    with ctx.work.tools.mirror.transaction() as tx:
        stages = mirror_pipelines.pipeline(tx, ctx.work.account_id, job)
    target = msgspec.convert(ctx.effect.payload["stage"], MappedStage)
    knows_both = _present(candidate, stages) and resolve(target, stages).stage is not None
    return stages if knows_both else ctx.work.workable.job_stages(job)


def _present(candidate: Candidate, pipeline: list[Stage]) -> str:
    """The slug of the present stage, which reads give by its name; '' when two stages share that."""
    named = [stage.slug for stage in pipeline if stage.name == candidate.stage_name]
    return named[0] if len(named) == 1 else ""


def _invited_at(ctx: Context, pipeline: list[Stage]) -> str:
    """The slug that the stage of the invite has by now."""
    invite = ctx.about
    same = [stage.slug for stage in pipeline if invite.stage_id and stage.stage_id == invite.stage_id]
    return same[0] if same else invite.stage_slug


CHANGE = Change(find, send, by_member=True, needs_live_job=True)
