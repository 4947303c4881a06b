"""Judges, before a candidate is moved, whether the move is still right where they stand now."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from agent.rules import stages
from storage.ledger.mappings import MappedStage
from storage.records import Stage


class Verdict(msgspec.Struct, frozen=True):
    """`send`: to `target_slug`. `done`: nothing is left to do. `park`: a person must look, `sentence` why."""

    action: Literal["send", "done", "park"]
    target_slug: str = ""
    sentence: str = ""


def judge(pipeline: Sequence[Stage], *, present: str, invited_at: str, target: MappedStage) -> Verdict:
    """`present` and `invited_at` are slugs: where the candidate stands and where the invite was made.

    Whoever has moved the candidate meanwhile is not overruled: only from where the invite was made, or on
    the way from there to the target, does the candidate go on.
    """
    resolved = stages.resolve(target, pipeline)
    if resolved.stage is None or not resolved.stage.slug:
        return _park(_lost(target, resolved.problem))
    ordered = sorted(pipeline, key=lambda stage: stage.position)
    places = {stage.slug: place for place, stage in enumerate(ordered) if stage.slug}
    goal = resolved.stage
    if present not in places:
        return _park("The stage in which the candidate is now is not in the job's pipeline as it is known.")
    if present == goal.slug:
        return Verdict("done", sentence=f"The candidate is in {goal.name} already.")
    if present == invited_at:
        return Verdict("send", target_slug=goal.slug)
    if invited_at not in places:
        return _park("The stage from which the candidate was invited is no longer in the job's pipeline.")
    names = {stage.slug: stage.name for stage in ordered}
    return _after_a_move(places, names, present, invited_at, goal.slug)


def _after_a_move(
    places: dict[str, int], names: dict[str, str], present: str, invited_at: str, target: str
) -> Verdict:
    """Somebody has moved the candidate since the invite, yet not to the target."""
    now, start, goal = places[present], places[invited_at], places[target]
    if start < goal < now:
        return Verdict("done", sentence=f"The candidate is in {names[present]}, past {names[target]}.")
    if start < now < goal:
        return Verdict("send", target_slug=target)
    where = "back to " if now < start < goal else "to "
    return _park(
        f"Somebody has moved the candidate {where}{names[present]} since the invite. "
        f"Move on to {names[target]} by hand if that is still right."
    )


def _lost(target: MappedStage, problem: stages.Problem | None) -> str:
    if problem == "ambiguous":
        return f"Several stages of the job could be {target.name}. Choose the stage again in the mapping."
    return f"The stage {target.name} is no longer in the job's pipeline. Choose another one in the mapping."


def _park(sentence: str) -> Verdict:
    return Verdict("park", sentence=sentence)
