"""The mapped stage is found again by what identifies it, and never guessed."""

import doctest
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules import stages
from agent.rules.stages import Resolved, resolve
from storage.ledger.mappings import MappedStage
from storage.records import Stage

APPLIED = Stage("11", "applied", "Applied", "applied", 1)
CALL = Stage("12", "phone-screen", "Phone Screen", "phone-screen", 2)
INTERVIEW = Stage("13", "interview", "Interview", "interview", 3)
VIDEO = Stage("14", "video-screening", "Video Screening", "interview", 4)
PIPELINE = [APPLIED, CALL, INTERVIEW, VIDEO]

words = st.sampled_from(["", "a", "b", "c"])
stage_lists = st.lists(st.builds(Stage, words, words, words, words, st.integers(0, 9)), max_size=6)
mapped_stages = st.builds(MappedStage, words, words, words, words)


def mapped(stage: Stage) -> MappedStage:
    return MappedStage(stage.stage_id, stage.slug, stage.kind, stage.name)


def test_the_examples_in_docstrings_are_true() -> None:
    outcome = doctest.testmod(stages)

    assert (outcome.attempted > 0, outcome.failed) == (True, 0)


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_that_did_not_change_is_found(stage: Stage) -> None:
    assert resolve(mapped(stage), PIPELINE) == Resolved(stage)


def test_b08_a_renamed_stage_is_found_by_its_id_and_shown_as_renamed() -> None:
    renamed = Stage("14", "ai-round", "AI Round", "interview", 4)

    assert resolve(mapped(VIDEO), [APPLIED, INTERVIEW, renamed]) == Resolved(renamed, is_renamed=True)


def test_b08_another_stage_that_took_the_former_slug_is_not_preferred_to_the_id() -> None:
    renamed = Stage("14", "ai-round", "AI Round", "interview", 4)
    taker = Stage("99", "video-screening", "Video Screening", "interview", 5)

    assert resolve(mapped(VIDEO), [taker, renamed]).stage == renamed


def test_b08_a_pipeline_with_ids_of_its_own_is_matched_by_slug_though_others_share_the_kind() -> None:
    own = Stage("77", "video-screening", "Video Screening", "interview", 4)

    assert resolve(mapped(VIDEO), [INTERVIEW, own]) == Resolved(own)


def test_b08_a_stage_of_workables_own_is_matched_by_kind_when_it_is_the_only_one() -> None:
    own = Stage("77", "first-talk", "First Talk", "phone-screen", 2)

    assert resolve(mapped(CALL), [APPLIED, own, INTERVIEW]) == Resolved(own, is_renamed=True)


def test_b09_a_deleted_stage_is_missing() -> None:
    assert resolve(mapped(CALL), [APPLIED, INTERVIEW, VIDEO]) == Resolved(None, "missing")
    assert resolve(mapped(CALL), []) == Resolved(None, "missing")


def test_b09_a_deleted_custom_stage_is_not_replaced_by_the_stage_of_its_kind() -> None:
    assert resolve(mapped(VIDEO), [APPLIED, CALL, INTERVIEW]) == Resolved(None, "missing")


@pytest.mark.parametrize(
    "fits",
    [
        [Stage("13", "x", "X", "interview", 1), Stage("13", "y", "Y", "interview", 2)],
        [Stage("1", "interview", "X", "interview", 1), Stage("2", "interview", "Y", "interview", 2)],
        [Stage("1", "x", "X", "interview", 1), Stage("2", "y", "Y", "interview", 2)],
    ],
    ids=["id", "slug", "kind"],
)
def test_b09_two_stages_that_fit_are_ambiguous(fits: list[Stage]) -> None:
    assert resolve(mapped(INTERVIEW), [APPLIED, *fits]) == Resolved(None, "ambiguous")


def test_what_the_mapping_left_empty_fits_nothing() -> None:
    nameless = Stage("", "", "Somewhere", "", 1)

    assert resolve(MappedStage("", "", "", "Somewhere"), [nameless]) == Resolved(None, "missing")


@given(mapped_stages, stage_lists)
def test_there_is_either_a_stage_of_the_pipeline_or_a_problem(
    wanted: MappedStage, pipeline: list[Stage]
) -> None:
    found = resolve(wanted, pipeline)

    assert (found.stage is None) == (found.problem is not None)
    assert found.stage is None or found.stage in pipeline


@given(mapped_stages, stage_lists, st.randoms())
def test_the_order_of_the_pipeline_changes_nothing(
    wanted: MappedStage, pipeline: list[Stage], random: Random
) -> None:
    shuffled = list(pipeline)
    random.shuffle(shuffled)

    assert resolve(wanted, shuffled) == resolve(wanted, pipeline)
