"""Triggers when something is wrong: timelines that cannot be read, and errors of our own."""

from collections.abc import Sequence

import pytest

from agent.flows import account as turns
from agent.flows.candidates import WalkKind
from agent.rules import triggers
from storage.records import Activity, Candidate
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    """An account that was read completely, with 'Phone Screen' mapped."""
    made = make_interviews()
    made.map()
    return made


def _reasons(rig: InterviewRig, *candidate_ids: str) -> list[str]:
    return [decision.reason for decision in rig.decisions(*candidate_ids)]


def test_b13_while_timelines_cannot_be_read_the_mirror_goes_on_and_nobody_is_invited(
    rig: InterviewRig,
) -> None:
    somebody = rig.candidate()
    rig.move(somebody)
    rig.fault("server_error", "/activities$", times=None)
    with rig.work() as work:
        run = turns.poll(work, every=None)
        assert run.error is None
        rig.step(work)
    assert rig.interviews() == []
    assert rig.problems()["triggers_paused"].startswith("Triggers paused")
    assert rig.mirror(f"SELECT stage_slug FROM workable.candidates WHERE candidate_id = '{somebody}'") == [
        ("phone-screen",)
    ]
    rig.running.world.faults.clear()
    rig.clock.forward(minutes=11)
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert "triggers_paused" not in rig.problems()


@pytest.mark.parametrize(
    "fault", ["empty_page", "short_page", "html", "truncated", "not_found", "unknown_fields"]
)
def test_b13_a_timeline_that_came_wrong_is_read_again_before_anything_is_decided(
    rig: InterviewRig, fault: str
) -> None:
    somebody = rig.candidate()
    rig.go_on()
    rig.move(somebody)
    rig.fault(fault, f"/{somebody}/activities$")
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, somebody) == ["invited"]


def test_one_unreadable_timeline_is_asked_for_less_and_less_often_and_told_apart(rig: InterviewRig) -> None:
    bad, good = rig.candidate(), rig.candidate()
    for one in (bad, good):
        rig.move(one)
    rig.fault("server_error", f"/{bad}/activities$", times=None)
    rig.poll()
    rig.forget_requests()
    for _ in range(40):
        rig.go_on(polls=False)
        rig.clock.forward(minutes=3)
    asked = [r for r in rig.asked() if r["path"].endswith(f"/{bad}/activities")]
    assert len(rig.interviews()) == 1
    assert len(asked) < 100, "each look tries four times"
    assert "1 candidates" in rig.problems()["timelines_unread"]
    assert "triggers_paused" not in rig.problems()


def test_an_error_of_our_own_about_one_candidate_keeps_nobody_else_waiting(
    rig: InterviewRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlucky, lucky = rig.candidate(), rig.candidate()
    for one in (unlucky, lucky):
        rig.move(one)
    known = triggers.entries

    def trips(activities: Sequence[Activity], candidate: Candidate) -> list[triggers.Entry]:
        if candidate.candidate_id == unlucky:
            raise ValueError("a mistake")
        return known(activities, candidate)

    monkeypatch.setattr(triggers, "entries", trips)
    rig.go_on()
    assert [i.candidate_id for i in rig.invited(lucky, unlucky)] == [lucky]
    monkeypatch.undo()
    rig.clock.forward(minutes=11)
    rig.go_on()
    assert len(rig.interviews()) == 2


def test_a_first_sync_after_an_invite_looks_at_nobody_who_was_there_before(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews(synced=False)
    with rig.work() as work:
        turns.poll(work, every=None)  # learns the stages
    rig.map()
    rig.move(rig.candidate())
    rig.go_on()
    assert len(rig.interviews()) == 1
    rig.forget_requests()
    with rig.work() as work:
        turns.walk(work, WalkKind.FIRST, lambda _rows, _newest: None)
    rig.go_on(polls=False)
    assert [r for r in rig.asked() if r["path"].endswith("/activities")] == []
