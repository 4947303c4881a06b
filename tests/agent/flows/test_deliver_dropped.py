"""What was given up keeps nothing of the person, and whoever it was for is told of as failed."""

import pytest

from agent import wiring
from agent.flows import account as turns
from agent.flows import interviews
from storage.ledger import interventions
from storage.ledger.outbox import Effect, EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import by_key, plan_alone, platform_down
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
