"""Finds the stage that was mapped in a pipeline as it is now; never guesses (behaviours B08, B09)."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from storage.ledger.mappings import MappedStage
from storage.records import Stage

Problem = Literal["missing", "ambiguous"]


class Resolved(msgspec.Struct, frozen=True):
    """Either `stage` or `problem` is filled. `is_renamed`: found, under another name than when mapped."""

    stage: Stage | None
    problem: Problem | None = None
    is_renamed: bool = False


def resolve(mapped: MappedStage, pipeline: Sequence[Stage]) -> Resolved:
    """By its id; else by its slug; else, for a stage that Workable itself named, as the only one of its kind.

    Several custom stages may share a kind, so that another stage of a lost custom stage's kind is no proof.

    >>> phone = Stage("7", "phone-screen", "Phone Screen", "phone-screen", 3)
    >>> resolve(MappedStage("7", "call", "phone-screen", "Call"), [phone]).is_renamed
    True
    >>> resolve(MappedStage("8", "offer", "offer", "Offer"), [phone]).problem
    'missing'
    """
    for name in ("stage_id", "slug"):
        wanted = getattr(mapped, name)
        fits = [stage for stage in pipeline if wanted and getattr(stage, name) == wanted]
        if fits:
            return _only(fits, mapped)
    fits = [stage for stage in pipeline if mapped.kind and stage.kind == mapped.kind]
    is_custom = mapped.slug != mapped.kind
    if len(fits) == 1 and is_custom:
        return Resolved(None, "missing")
    return _only(fits, mapped)


def _only(fits: Sequence[Stage], mapped: MappedStage) -> Resolved:
    if len(fits) != 1:
        return Resolved(None, "ambiguous" if fits else "missing")
    return Resolved(fits[0], is_renamed=fits[0].name != mapped.name)
