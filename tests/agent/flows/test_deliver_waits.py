"""What cannot be sent now waits for its time, its job or a person, and is never sent twice for that."""

from datetime import timedelta

import pytest

from agent import wiring
from agent.errors import Stopped
from agent.flows.deliver import deliver
from sandbox.stamps import hex_id
from storage.ledger import decisions, outbox, schema
from storage.ledger.outbox import EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import Plan, by_key, deliver_all, deliver_now, plan_alone, platform_down
from tests.agent.flows.interview_rig import InterviewRig

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    """An account that was read completely, with 'Phone Screen' mapped."""
    made = make_interviews()
    made.map()
    return made


def _states(plan: Plan) -> list[tuple[str, str | None]]:
    kinds = (K.INVITE, K.INVITE_NOTE)
    return [(plan.effect(kind).state, plan.effect(kind).reason) for kind in kinds]


def test_b02_a_lost_answer_is_looked_for_after_a_while_and_nothing_is_sent_twice(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.fault("answer_lost", "/comments$")
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).state == S.UNKNOWN
    deliver_now(rig)
    assert not _asked(rig, "GET", "/activities")
    rig.clock.forward(seconds=16)
    deliver_now(rig)
    note = plan.effect(K.INVITE_NOTE)
    (comment,) = plan.timeline("comment")
    assert (note.state, note.remote_id, note.attempts) == (S.CONFIRMED, comment["id"], 1)


def test_b02_what_is_certainly_not_there_is_sent_as_a_second_attempt(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.fault("reset", "/comments$")
    deliver_all(rig)
    note = plan.effect(K.INVITE_NOTE)
    assert (note.state, note.attempts, len(plan.timeline("comment"))) == (S.CONFIRMED, 2, 1)
    outcomes = rig.from_ledger(lambda tx: [row.outcome for row in tx.execute(schema.attempts.select())])
    assert outcomes == ["confirmed", "unknown", "confirmed"]


@pytest.mark.parametrize("kind", ["server_error", "wrong_type", "truncated", "html"])
def test_b02_an_unreadable_timeline_proves_nothing_and_the_effect_stays_unknown(
    rig: InterviewRig, kind: str
) -> None:
    plan = Plan(rig)
    rig.fault("answer_lost", "/comments$")
    params = {"field": "created_at", "value": 12} if kind == "wrong_type" else {}
    rig.fault(kind, "/activities$", times=None, params=params)
    deliver_now(rig)
    rig.clock.forward(seconds=16)
    deliver_now(rig)
    note = plan.effect(K.INVITE_NOTE)
    assert note.state == S.UNKNOWN
    assert note.sentence
    assert note.due_at > rig.clock()
    rig.running.world.faults.clear()
    deliver_all(rig)
    assert len(plan.timeline("comment")) == 1


def test_b02_what_a_person_lets_go_again_is_looked_for_before_it_is_sent(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.fault("answer_lost", "/comments$")
    deliver_now(rig)
    account = rig.running.world.account("acme")
    rig.fault("not_found", f"/candidates/{plan.candidate_id}", times=None)
    rig.clock.forward(seconds=16)
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).reason == "gone"
    rig.running.world.faults.clear()
    rig.retry(plan.effect(K.INVITE_NOTE).effect_id)
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).state == S.CONFIRMED
    assert [a.action for a in account.candidate(plan.candidate_id).activities].count("comment") == 1


def test_b06_what_is_lost_by_a_relocation_goes_on_under_the_new_id(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.fault("answer_lost", "/comments$")
    deliver_now(rig)
    other = next(
        job.shortcode
        for job in rig.running.world.account("acme").jobs.values()
        if job.state == "published" and job.shortcode != plan.job
    )
    new = hex_id(rig.running.world.account("acme").relocate(plan.candidate_id, other).id)
    rig.clock.forward(seconds=16)
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).reason == "gone"
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        decisions.follow(tx, "acme", plan.candidate_id, new, rig.clock())
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).state == S.CONFIRMED
    assert len(rig.timeline(new, "comment")) == 1


def test_a_deleted_candidate_is_written_to_no_more(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.running.world.account("acme").delete(plan.candidate_id)
    deliver_all(rig)
    assert _states(plan)[1] == (S.PARKED, "gone")
    assert "gone" not in rig.problems()


def test_what_waits_for_a_deleted_candidate_is_given_up_when_the_mirror_knows_it(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.poll()
    rig.running.world.account("acme").delete(plan.candidate_id)
    deliver_all(rig)
    assert _states(plan)[1] == (S.PARKED, "gone")
    rig.two_sweeps()
    deliver_now(rig)
    assert _states(plan)[1] == (S.PARKED, "gone"), "it may be a relocation that has not shown so far"
    rig.clock.forward(hours=1)
    deliver_now(rig)
    assert _states(plan)[1] == (S.CANCELLED, "deleted")


def test_a_single_404_is_not_believed(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.fault("not_found", "/comments$")
    rig.fault("not_found", f"/candidates/{plan.candidate_id}$")
    deliver_now(rig)
    assert plan.effect(K.INVITE_NOTE).reason == "member_refused"


def test_what_surely_was_not_done_is_tried_again_with_growing_pauses(rig: InterviewRig) -> None:
    plan = Plan(rig)
    pauses = []
    with platform_down(rig):
        for _ in range(4):
            deliver_now(rig)
            invite = plan.effect(K.INVITE)
            assert (invite.state, invite.reason) == (S.WAITING, "unreachable")
            pauses.append(round((invite.due_at - rig.clock()).total_seconds()))
            rig.clock.ahead += invite.due_at - rig.clock()
    assert pauses == [2, 4, 8, 16]
    deliver_now(rig)
    assert plan.asked_of_platform() == ["invite"]


def test_what_a_service_asks_to_wait_is_waited(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.fault("rate_limited", "/platform/interviews", params={"retry_after": 40})
    deliver_now(rig)
    invite = plan.effect(K.INVITE)
    assert round((invite.due_at - rig.clock()).total_seconds()) == 40


def test_while_the_platform_is_down_results_go_on_and_invites_do_not_all_try(rig: InterviewRig) -> None:
    finished = Plan(rig)
    deliver_now(rig)
    waiting = [Plan(rig) for _ in range(3)]
    finished.plan_result()
    with platform_down(rig):
        deliver_now(rig)
    assert finished.effect(K.MOVE, 1).state == S.CONFIRMED
    assert sum(plan.effect(K.INVITE).attempts for plan in waiting) == 1


def test_what_an_agent_was_sending_when_it_died_is_given_time_to_arrive(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    card = plan_alone(rig, K.SAMPLE_CARD, {"policy": None}, candidate_id=plan.candidate_id)
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        effect = outbox.by_key(tx, card)
        assert effect is not None
        outbox.claim(tx, effect, agent_id="dead", fence=1, member_id=rig.member(), now=rig.clock())
    deliver_now(rig)
    assert by_key(rig, card).state == S.UNKNOWN
    rig.clock.forward(seconds=16)
    deliver_now(rig)
    assert by_key(rig, card).state == S.CONFIRMED


def test_an_agent_that_has_lost_the_account_sends_nothing(rig: InterviewRig) -> None:
    plan = Plan(rig)
    with rig.work() as work:
        with work.tools.ledger.write() as tx:
            tx.execute(schema.leases.update().values(fence=work.fence + 1))
        with pytest.raises(Stopped):
            deliver(work)
    assert plan.asked_of_platform() == []


def test_one_effect_that_is_never_answered_does_not_hold_up_the_others(rig: InterviewRig) -> None:
    stuck, others = Plan(rig), [Plan(rig) for _ in range(3)]
    rig.fault("server_error", f"/{stuck.candidate_id}/comments$", times=None)
    for _ in range(6):
        deliver_now(rig)
        rig.clock.forward(seconds=5)
    assert [plan.journal() for plan in others] == [["comment"]] * 3
    assert stuck.effect(K.INVITE_NOTE).attempts > 1


def test_b10_writes_to_an_archived_job_wait_and_late_invites_are_asked_for(rig: InterviewRig) -> None:
    finished = Plan(rig)
    deliver_now(rig)
    late = Plan(rig)
    finished.plan_result()
    account = rig.running.world.account("acme")
    account.set_job_state(finished.job, "archived")
    rig.turn()
    deliver_all(rig)
    assert finished.effect(K.RATING, 1).reason == "job_not_live"
    assert _states(late)[0] == (S.PARKED, "job_not_live")
    assert finished.journal() == ["comment"]
    account.set_job_state(finished.job, "published")
    rig.clock.forward(hours=1)
    rig.turn()
    deliver_all(rig)
    assert finished.journal() == ["comment", "rate", "comment", "move"]
    assert _states(late) == [(S.PARKED, "ask"), (S.PLANNED, None)]
    assert "1 invite waits for a person" in rig.problems()["invites_wait"]
    rig.retry(late.effect(K.INVITE).effect_id)
    deliver_all(rig)
    assert (late.asked_of_platform(), late.journal()) == (["invite"], ["comment"])
    assert rig.problems() == {}


def test_b10_what_a_job_archived_unseen_refuses_resumes_with_the_job(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    account = rig.running.world.account("acme")
    account.set_job_state(plan.job, "archived")
    plan.plan_result()
    deliver_now(rig)
    assert plan.effect(K.MOVE, 1).reason == "member_refused"
    rig.clock.forward(hours=1)
    rig.turn()
    deliver_all(rig)
    assert plan.effect(K.MOVE, 1).reason == "job_not_live"
    account.set_job_state(plan.job, "published")
    rig.clock.forward(hours=1)
    rig.turn()
    deliver_all(rig)
    assert plan.effect(K.MOVE, 1).state == S.CONFIRMED


def test_b11_invites_over_the_hourly_cap_wait_and_it_is_told(make_interviews: MakeInterviews) -> None:
    rig = make_interviews(settings={"invites_per_hour": 2})
    rig.map()
    plans = [Plan(rig) for _ in range(5)]
    deliver_now(rig)
    assert len(rig.interviews()) == 2
    assert "2 invites went out within an hour" in rig.problems()["invite_cap"]
    assert "3 more wait" in rig.problems()["invite_cap"]
    rig.clock.forward(minutes=59)
    deliver_now(rig)
    assert len(rig.interviews()) == 2
    rig.clock.forward(minutes=2)
    deliver_now(rig)
    assert len(rig.interviews()) == 4
    rig.clock.forward(minutes=61)
    deliver_now(rig)
    assert [plan.asked_of_platform() for plan in plans] == [["invite"]] * 5
    assert "invite_cap" not in rig.problems()


def test_b11_invites_that_never_reached_the_platform_do_not_use_up_the_cap(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews(settings={"invites_per_hour": 2})
    rig.map()
    plans = [Plan(rig) for _ in range(3)]
    with platform_down(rig):
        while min(plan.effect(K.INVITE).attempts for plan in plans) == 0:
            deliver_now(rig)
            rig.clock.forward(seconds=3)
    rig.clock.forward(seconds=20)
    deliver_now(rig)
    assert len(rig.interviews()) == 2


def test_b12_invites_wait_for_the_platform_and_old_ones_are_asked_for(rig: InterviewRig) -> None:
    young, old = Plan(rig), Plan(rig, entered=timedelta(hours=23))
    with platform_down(rig):
        deliver_now(rig)
        rig.clock.forward(hours=2)
        deliver_now(rig)
    deliver_all(rig)
    assert young.asked_of_platform() == ["invite"]
    assert _states(old) == [(S.PARKED, "too_old"), (S.PLANNED, None)]
    assert "more than 24 hours ago" in rig.problems()["invites_wait"]
    rig.retry(old.effect(K.INVITE).effect_id)
    with platform_down(rig):
        deliver_now(rig)
    deliver_all(rig)
    assert old.asked_of_platform() == ["invite"]
    assert rig.problems() == {}


def _asked(rig: InterviewRig, method: str, path: str) -> bool:
    return any(row["method"] == method and row["path"].endswith(path) for row in rig.asked())
