"""What was given up keeps nothing of the person, and whoever it was for is told of as failed."""

import pytest

from agent import wiring
from agent.flows import account as turns
from agent.flows import interviews
from storage.ledger import applicants, interventions
from storage.ledger.outbox import Effect, EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import by_key, deliver_now, plan_alone, plan_applicant, platform_down
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import taken

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews()
    made.map()
    return made


def _drop(rig: InterviewRig, effect: Effect) -> None:
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        interventions.drop(tx, effect.effect_id, actor="ann@example.com", now=rig.clock())


def _waiting(rig: InterviewRig) -> str:
    somebody = rig.candidate()
    rig.move(somebody)
    with platform_down(rig), rig.agent() as engine:
        work = taken(engine)
        turns.poll(work, every=None)
        rig.clock.forward(seconds=3)
        interviews.turn(work)
    return somebody


def _invite(rig: InterviewRig, somebody: str) -> Effect:
    return next(effect for effect in rig.effects(somebody) if effect.kind == K.INVITE)


def test_a_dropped_invite_keeps_no_name_and_no_address(rig: InterviewRig) -> None:
    somebody = _waiting(rig)
    _drop(rig, _invite(rig, somebody))
    assert (_invite(rig, somebody).state, _invite(rig, somebody).payload) == (S.CANCELLED, {})


def test_an_invite_that_is_withheld_keeps_no_name_and_no_address(rig: InterviewRig) -> None:
    somebody = _waiting(rig)
    rig.running.world.account("acme").disqualify(somebody)
    rig.clock.forward(minutes=30)
    rig.go_on()
    assert (_invite(rig, somebody).state, _invite(rig, somebody).payload) == (S.CANCELLED, {})


def test_a_dropped_change_of_a_member_keeps_no_name_and_no_address(rig: InterviewRig) -> None:
    member = {"member_id": "m1", "email": "ann@example.com", "name": "Ann", "role": "reviewer"}
    key = plan_alone(rig, K.PUT_MEMBER, member)
    _drop(rig, by_key(rig, key))
    assert by_key(rig, key).payload == {}


def test_an_applicant_whose_push_is_dropped_is_told_of_as_failed(rig: InterviewRig) -> None:
    key = plan_applicant(rig, 1)
    _drop(rig, by_key(rig, key))
    (row,) = rig.from_ledger(lambda tx: applicants.listing(tx, "acme"))
    assert (row.state, row.sentence) == ("failed", "Dropped by ann@example.com.")
    assert by_key(rig, key).payload == {}


def test_an_applicant_whom_workable_refuses_for_good_is_told_of_as_failed(rig: InterviewRig) -> None:
    key = plan_applicant(rig, 1)
    rig.fault("server_error", "/jobs/[^/]+/candidates$", method="POST", params={"status": 422})
    deliver_now(rig)
    assert by_key(rig, key).state == S.FAILED
    (row,) = rig.from_ledger(lambda tx: applicants.listing(tx, "acme"))
    assert (row.state, row.sentence) == ("failed", by_key(rig, key).sentence)
    rig.retry(by_key(rig, key).effect_id)
    deliver_now(rig)
    (row,) = rig.from_ledger(lambda tx: applicants.listing(tx, "acme"))
    assert (row.state, row.sentence) == ("created", None)
