"""What waits for what: results that overtake each other, invites taken back, and rounds after one another."""

from typing import Any

import pytest

from agent import wiring
from agent.flows import interviews, platform
from storage.ledger import interventions
from storage.ledger.outbox import EffectKind, EffectState
from storage.ledger.requests import Kind
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import taken

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    return make_interviews()


def _invited(rig: InterviewRig, **mapping: Any) -> str:
    rig.map(**mapping)
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    return somebody


def _complete(rig: InterviewRig, verb: str = "complete", **how: Any) -> None:
    getattr(rig.running.world.platform, verb)(rig.interviews()[-1]["id"], **how)
    rig.clock.forward(seconds=1)


def _cancel(rig: InterviewRig, somebody: str) -> str:
    invite = rig.invited(somebody)[-1]
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        return interventions.cancel_invite(tx, invite.invite_id, actor="a test", now=rig.clock())


@pytest.mark.parametrize(("fault", "moves"), [("reset", ["applied"]), ("answer_lost", ["interview"])])
def test_a_move_without_an_answer_is_made_no_more_when_a_newer_result_says_otherwise(
    rig: InterviewRig, fault: str, moves: list[str]
) -> None:
    """When the older one was made after all, people decide where to go from there."""
    somebody = _invited(rig, pass_score=60, pass_stage="interview", fail_stage="applied")
    _complete(rig, score=80)
    rig.fault(fault, "/move$", times=1)
    with rig.agent() as engine:
        work = taken(engine)
        assert engine.tools.platform is not None
        platform.look(engine.tools, engine.tools.platform)
        interviews.turn(work)
    _complete(rig, "amend", score=10)
    rig.go_on()
    assert [change["target"] for change in rig.changes("move")] == moves
    older, newer = [effect for effect in rig.effects(somebody) if effect.kind == K.MOVE]
    if fault == "reset":
        assert (older.state, older.reason, newer.state) == (S.CANCELLED, "superseded", S.CONFIRMED)
    else:
        assert (older.state, newer.state, newer.reason) == (S.CONFIRMED, S.CANCELLED, "moved_before")


def test_an_interview_is_taken_back_although_its_note_waits_for_a_person(rig: InterviewRig) -> None:
    somebody = _invited(rig, member_id=None)
    _cancel(rig, somebody)
    rig.go_on()
    assert [one["status"] for one in rig.interviews()] == ["cancelled"]
    assert [invite.state for invite in rig.invited(somebody)] == ["cancelled"]


def test_another_round_does_not_wait_for_a_person_to_look_at_the_former_one(rig: InterviewRig) -> None:
    somebody = _invited(rig, pass_score=60, pass_stage="interview")
    rig.move(somebody, "applied")
    _complete(rig, score=80)
    rig.go_on()
    assert (K.MOVE, S.PARKED) in {(effect.kind, effect.state) for effect in rig.effects(somebody)}
    rig.obeyed(Kind.REINVITE, candidate_id=somebody)
    rig.go_on()
    assert len(rig.interviews()) == 2


def test_an_interview_that_the_platform_has_not_any_more_is_over(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    rig.running.world.platform.interviews.clear()
    _cancel(rig, somebody)
    rig.go_on()
    (invite,) = rig.invited(somebody)
    assert invite.state == "cancelled"
    assert invite.ended_at is not None
    rig.obeyed(Kind.REINVITE, candidate_id=somebody)
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_an_interview_that_is_still_open_after_a_cancel_may_be_cancelled_once_more(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    _complete(rig, score=80)
    _cancel(rig, somebody)
    with rig.agent() as engine:
        interviews.turn(taken(engine))
    assert rig.invited(somebody)[0].state == "pending"
    assert "asked" in _cancel(rig, somebody)
    rig.go_on()
    assert [e.state for e in rig.effects(somebody) if e.kind == K.CANCEL] == [S.CONFIRMED] * 2


@pytest.mark.parametrize("wished", [True, False])
def test_an_interview_that_was_taken_back_leaves_one_note_if_wished(
    rig: InterviewRig, *, wished: bool
) -> None:
    somebody = _invited(rig, notes_ends=wished)
    _cancel(rig, somebody)
    for _ in range(2):
        rig.go_on()
        rig.clock.forward(minutes=10)
    notes = [effect for effect in rig.effects(somebody) if effect.kind == K.END_NOTE]
    assert len(notes) == wished
    assert len(rig.timeline(somebody, "comment")) == 1 + wished
