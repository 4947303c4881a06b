"""In whose name is written, and what happens when that member is not accepted (behaviours B44)."""

import pytest

from agent import wiring
from sandbox.stamps import hex_id
from storage.ledger import outbox, schema
from storage.ledger.outbox import EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import Plan, deliver_all, deliver_now, plan_alone
from tests.agent.flows.interview_rig import InterviewRig

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    return make_interviews()


def _added(rig: InterviewRig, name: str, role: str = "admin") -> str:
    made = rig.running.world.account("acme").add_member(name, f"{name.lower()}@example.com", role=role)
    return hex_id(made.id)


def _told(rig: InterviewRig, number: int) -> list[tuple[str | None, str | None]]:
    """Members and outcomes of the attempts at the note."""
    effects = rig.from_ledger(lambda tx: tx.execute(schema.effects.select()).all())
    notes = [one.effect_id for one in effects if one.kind == K.INVITE_NOTE]
    attempts = rig.from_ledger(lambda tx: tx.execute(schema.attempts.select()).all())
    return [(one.outcome, one.status) for one in attempts if one.effect_id == notes[number]]


@pytest.mark.parametrize("status", [403, 404, 422])
def test_b44_the_fallback_member_writes_when_the_first_is_not_accepted(
    rig: InterviewRig, status: int
) -> None:
    rig.running.world.set_switches({"member_inactive_status": status})
    leaver = _added(rig, "Leaver")
    rig.map(member_id=leaver, fallback_member_id=rig.member())
    rig.running.world.account("acme").deactivate_member(leaver)
    plan = Plan(rig)
    deliver_now(rig)
    note = plan.effect(K.INVITE_NOTE)
    assert (note.state, note.member_id, note.attempts) == (S.CONFIRMED, rig.member(), 2)
    assert _told(rig, 0) == [("waiting", status), ("confirmed", None)]


@pytest.mark.parametrize("status", [403, 404, 422])
def test_b44_without_an_accepted_member_the_push_is_parked_for_a_person(
    rig: InterviewRig, status: int
) -> None:
    rig.running.world.set_switches({"member_inactive_status": status})
    leaver = _added(rig, "Leaver")
    rig.map(member_id=leaver)
    rig.running.world.account("acme").deactivate_member(leaver)
    plan = Plan(rig)
    deliver_now(rig)
    note = plan.effect(K.INVITE_NOTE)
    assert (note.state, note.reason) == (S.PARKED, "member_refused")
    assert "1 push waits for a person" in rig.problems()["push_parked"]
    rig.map(member_id=rig.member())
    rig.retry(note.effect_id)
    deliver_all(rig)
    assert plan.journal() == ["comment"]
    assert rig.problems() == {}


def test_b44_a_member_known_to_have_left_is_not_tried(rig: InterviewRig) -> None:
    leaver = _added(rig, "Leaver")
    rig.map(member_id=leaver, fallback_member_id=rig.member())
    rig.running.world.account("acme").deactivate_member(leaver)
    rig.clock.forward(hours=1)
    rig.turn()
    plan = Plan(rig)
    deliver_now(rig)
    assert (plan.effect(K.INVITE_NOTE).attempts, plan.effect(K.INVITE_NOTE).member_id) == (1, rig.member())


def test_b44_a_member_without_rights_on_the_job_gives_way_to_the_fallback(rig: InterviewRig) -> None:
    outsider = _added(rig, "Outsider", role="simple")
    rig.map(member_id=outsider, fallback_member_id=rig.member())
    plan = Plan(rig)
    deliver_now(rig)
    plan.plan_result()
    deliver_now(rig)
    assert plan.journal() == ["comment", "rate", "comment", "move"]
    assert plan.effect(K.MOVE, 1).member_id == rig.member()


def test_b44_without_any_member_a_push_waits_and_goes_on_when_one_is_chosen(rig: InterviewRig) -> None:
    rig.map(member_id=None)
    plan = Plan(rig)
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).reason == "no_member"
    assert "No acting member is chosen" in rig.problems()["push_parked"]
    rig.map(member_id=rig.member())
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).state == S.CONFIRMED
    assert rig.problems() == {}


def test_the_accounts_member_acts_where_the_mapping_names_none(rig: InterviewRig) -> None:
    rig.account_setting(member_id=_added(rig, "Common"))
    card = rig.candidate()
    plan_alone(rig, K.SAMPLE_CARD, {"policy": None}, candidate_id=card)
    deliver_now(rig)
    (written,) = rig.timeline(card, "comment")
    assert written["member"]["name"] == "Common"
    assert "TEST" in written["body"]


def test_text_that_workable_refuses_fails_and_is_not_blamed_on_the_member(rig: InterviewRig) -> None:
    rig.map(fallback_member_id=_added(rig, "Second"))
    rig.clock.forward(hours=1)
    rig.turn()
    rig.running.world.set_switches({"max_comment_length": 5})
    plan = Plan(rig)
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).state == S.FAILED
    assert "too long" in rig.problems()["push_failed"]


def test_what_has_failed_is_no_problem_any_more_when_a_person_drops_it(rig: InterviewRig) -> None:
    rig.map()
    rig.running.world.set_switches({"max_comment_length": 5})
    plan = Plan(rig)
    deliver_now(rig)
    failed = plan.effect(K.INVITE_NOTE).effect_id
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        assert outbox.drop(tx, failed, "dropped", "Not wanted.", rig.clock())
    deliver_now(rig)
    assert rig.problems() == {}
