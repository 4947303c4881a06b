"""Scores become grades on Workable's scales, counted from zero; the edges of each grade are golden."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules import scores
from agent.rules.scores import USUAL, grade, has_passed
from storage.ledger.mappings import GRADES


def test_the_examples_in_docstrings_are_true() -> None:
    outcome = doctest.testmod(scores)

    assert (outcome.attempted > 0, outcome.failed) == (True, 0)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("thumbs", {0: 0, 49: 0, 50: 1, 79: 1, 80: 2, 100: 2}),
        ("stars", {0: 0, 19: 0, 20: 1, 39: 1, 40: 2, 59: 2, 60: 3, 79: 3, 80: 4, 100: 4}),
        (
            "numbers",
            {0: 0, 9: 0, 10: 1, 19: 1, 20: 2, 29: 2, 30: 3, 39: 3, 40: 4, 49: 4, 50: 5}
            | {59: 5, 60: 6, 69: 6, 70: 7, 79: 7, 80: 8, 89: 8, 90: 9, 100: 9},
        ),
    ],
)
def test_the_usual_grades_begin_exactly_at_their_thresholds(scale: str, expected: dict[int, int]) -> None:
    assert {score: grade(score, scale, None) for score in expected} == expected


def test_a_mappings_own_thresholds_count_instead_of_the_usual_ones() -> None:
    own = (70, 95)

    assert [grade(score, "thumbs", own) for score in (0, 69, 70, 94, 95, 100)] == [0, 0, 1, 1, 2, 2]


def test_each_scale_that_a_mapping_can_have_has_as_many_usual_thresholds_as_it_needs() -> None:
    assert {scale: len(bounds) + 1 for scale, bounds in USUAL.items()} == GRADES


@given(st.sampled_from(sorted(GRADES)), st.data(), st.integers(), st.integers())
def test_a_grade_is_on_the_scale_and_never_falls_with_a_higher_score(
    scale: str, data: st.DataObject, one: int, other: int
) -> None:
    count = GRADES[scale] - 1
    bounds = st.sets(st.integers(1, 100), min_size=count, max_size=count).map(lambda s: tuple(sorted(s)))
    own = data.draw(st.none() | bounds)
    low, high = sorted((one, other))

    assert 0 <= grade(low, scale, own) <= grade(high, scale, own) < GRADES[scale]


@pytest.mark.parametrize(("score", "expected"), [(0, False), (59, False), (60, True), (100, True)])
def test_passed_is_from_the_pass_score_on_whatever_the_platform_graded(score: int, *, expected: bool) -> None:
    assert has_passed(score, "failed", 60) is expected
    assert has_passed(score, "excelled", 60) is expected


def test_a_pass_score_of_zero_lets_everybody_pass() -> None:
    assert has_passed(0, "failed", 0)


def test_without_a_pass_score_only_what_the_platform_failed_has_failed() -> None:
    graded = {word: has_passed(50, word, None) for word in ("failed", "passed", "excelled")}

    assert graded == {"failed": False, "passed": True, "excelled": True}
