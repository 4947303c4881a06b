"""A move is sent only when nobody has decided otherwise since the invite (behaviours, section 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.moves import Verdict, judge
from storage.ledger.mappings import MappedStage
from storage.records import Stage

NAMES = ["Applied", "Screening", "Interview", "Assessment", "Offer", "Hired"]
PIPELINE = [Stage(str(n), name.lower(), name, name.lower(), n) for n, name in enumerate(NAMES)]
SLUGS = [stage.slug for stage in PIPELINE]


def mapped(slug: str) -> MappedStage:
    stage = PIPELINE[SLUGS.index(slug)]
    return MappedStage(stage.stage_id, stage.slug, stage.kind, stage.name)


def verdict(present: str, invited_at: str, target: str, pipeline: list[Stage] = PIPELINE) -> Verdict:
    return judge(pipeline, present=present, invited_at=invited_at, target=mapped(target))


@pytest.mark.parametrize(
    ("present", "invited_at", "target", "action"),
    [
        ("screening", "screening", "assessment", "send"),
        ("interview", "screening", "assessment", "send"),
        ("assessment", "screening", "assessment", "done"),
        ("offer", "screening", "assessment", "done"),
        ("hired", "screening", "assessment", "done"),
        ("applied", "screening", "assessment", "park"),
        ("interview", "interview", "applied", "send"),
        ("applied", "interview", "applied", "done"),
        ("screening", "interview", "applied", "park"),
        ("offer", "interview", "applied", "park"),
        ("applied", "interview", "screening", "park"),
        ("interview", "interview", "interview", "done"),
        ("offer", "interview", "interview", "park"),
        ("applied", "interview", "interview", "park"),
    ],
)
def test_where_the_candidate_stands_decides(present: str, invited_at: str, target: str, action: str) -> None:
    found = verdict(present, invited_at, target)

    assert found.action == action
    assert found.target_slug == (target if action == "send" else "")
    assert bool(found.sentence) == (action != "send")


def test_who_was_moved_past_the_target_is_told_as_such() -> None:
    assert (
        verdict("offer", "screening", "assessment").sentence == "The candidate is in Offer, past Assessment."
    )


def test_who_was_moved_back_is_told_as_such() -> None:
    sentence = verdict("applied", "screening", "assessment").sentence

    assert sentence.startswith("Somebody has moved the candidate back to Applied since the invite.")


def test_the_order_is_that_of_the_positions_not_of_the_list() -> None:
    assert verdict("interview", "screening", "assessment", PIPELINE[::-1]).action == "send"
    assert verdict("offer", "screening", "assessment", PIPELINE[::-1]).action == "done"


def test_b08_the_slug_that_a_renamed_target_has_now_is_sent() -> None:
    renamed = [*PIPELINE[:3], Stage("3", "skills-test", "Skills Test", "assessment", 3), *PIPELINE[4:]]

    assert verdict("interview", "interview", "assessment", renamed) == Verdict("send", "skills-test")


def test_b09_a_deleted_target_is_parked() -> None:
    found = verdict("interview", "interview", "assessment", [*PIPELINE[:3], *PIPELINE[4:]])

    assert found.action == "park"
    assert found.sentence.startswith("The stage Assessment is no longer in the job's pipeline.")


def test_b09_a_target_that_two_stages_fit_is_parked() -> None:
    twins = [
        Stage("71", "test-a", "Test A", "assessment", 3),
        Stage("72", "test-b", "Test B", "assessment", 4),
    ]
    found = verdict("interview", "interview", "assessment", [*PIPELINE[:3], *twins])

    assert found.action == "park"
    assert found.sentence.startswith("Several stages of the job could be Assessment.")


def test_a_present_stage_that_is_not_in_the_pipeline_is_parked() -> None:
    assert verdict("elsewhere", "interview", "assessment").action == "park"
    assert verdict("", "", "assessment").action == "park"
    assert verdict("elsewhere", "elsewhere", "assessment").action == "park"


def test_when_the_stage_of_the_invite_is_gone_only_the_target_itself_is_judged() -> None:
    assert verdict("assessment", "elsewhere", "assessment").action == "done"
    assert verdict("interview", "elsewhere", "assessment").action == "park"


def test_a_target_without_a_slug_cannot_be_moved_to() -> None:
    nameless = Stage("3", "", "Assessment", "assessment", 3)

    assert verdict("interview", "interview", "assessment", [*PIPELINE[:3], nameless]).action == "park"
    assert verdict("", "interview", "assessment", [*PIPELINE[:3], nameless]).action == "park"


def test_an_unknown_present_stage_is_not_taken_for_another_stage_without_a_slug() -> None:
    nameless = Stage("9", "", "Backlog", "applied", 9)

    assert verdict("", "", "assessment", [*PIPELINE, nameless]).action == "park"


@given(st.sampled_from(SLUGS), st.sampled_from(SLUGS), st.sampled_from(SLUGS))
def test_nobody_is_ever_sent_away_from_where_a_person_put_them_off_the_way(
    present: str, invited_at: str, target: str
) -> None:
    found = verdict(present, invited_at, target)
    now, start, goal = (SLUGS.index(slug) for slug in (present, invited_at, target))

    assert (found.action == "send") == (present != target and (now == start or start < now < goal))
    assert (found.action == "done") == (now == goal or start < goal < now)
