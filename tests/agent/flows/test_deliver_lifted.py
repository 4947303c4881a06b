"""What held many effects back is over when its reason is: a raised cap, nothing left that waits."""

import pytest

from agent import wiring
from storage.ledger import accounts, interventions
from storage.ledger.outbox import EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import Plan, deliver_now
from tests.agent.flows.interview_rig import InterviewRig

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews(settings={"invites_per_hour": 2})
    made.map()
    return made


def _drop(rig: InterviewRig, plan: Plan) -> None:
    invite = plan.effect(K.INVITE)
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        interventions.drop(tx, invite.effect_id, actor="a test", now=rig.clock())


def test_b11_a_raised_cap_lets_the_waiting_invites_go_at_once(rig: InterviewRig) -> None:
    for _ in range(5):
        Plan(rig)
    deliver_now(rig)
    assert "invite_cap" in rig.problems()
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        accounts.change(tx, "acme", {"invites_per_hour": 50}, actor="a test", now=rig.clock())
    deliver_now(rig)
    assert len(rig.interviews()) == 5
    assert "invite_cap" not in rig.problems()


def test_b11_a_cap_that_nothing_waits_for_is_told_no_more(rig: InterviewRig) -> None:
    plans = [Plan(rig) for _ in range(3)]
    deliver_now(rig)
    (held,) = [plan for plan in plans if plan.effect(K.INVITE).state == S.PLANNED]
    _drop(rig, held)
    deliver_now(rig)
    assert rig.problems() == {}


def test_a_platform_that_refuses_us_is_told_only_while_something_waits_for_it(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.running.world.platform.token = "another"
    deliver_now(rig)
    assert "platform_refused" in rig.problems()
    _drop(rig, plan)
    deliver_now(rig)
    assert rig.problems() == {}
