"""What is due is sent once and in its order, and every outcome is settled in its row."""

from typing import Any

import pytest

from agent import wiring
from agent.errors import NeedsPerson
from agent.flows.deliver import deliver
from sandbox.stamps import hex_id
from storage.ledger import applicants, platform_members, schema
from storage.ledger.outbox import EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import Plan, by_key, deliver_all, deliver_now, plan_alone, plan_applicant
from tests.agent.flows.interview_rig import InterviewRig

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    """An account that was read completely, with 'Phone Screen' mapped."""
    made = make_interviews()
    made.map()
    return made


def test_an_invite_and_its_note_go_out_and_the_invite_row_tells_of_it(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    (interview,) = rig.interviews()
    invite = plan.invite
    assert (invite.state, invite.interview_id) == ("pending", interview["id"])
    assert invite.invited_at is not None
    sent = plan.effect(K.INVITE)
    assert (sent.state, sent.remote_id, sent.payload) == (S.CONFIRMED, interview["id"], {})
    (note,) = plan.timeline("comment")
    noted = plan.effect(K.INVITE_NOTE)
    assert (noted.state, noted.remote_id, noted.member_id) == (S.CONFIRMED, note["id"], rig.member())
    assert note["body"].endswith(f"Ref {noted.mark}")
    assert str(invite.interview_url) in note["body"]


def test_a_result_is_rated_then_told_then_moved(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    plan.plan_result()
    deliver_now(rig)
    assert plan.journal() == ["comment", "rate", "comment", "move"]
    (rating,) = plan.timeline("rating")
    assert (rating["rating"]["scale"], rating["rating"]["grade"]) == ("stars", 4)
    assert str(rating["action_stage"]["id"]) == plan.invite.stage_id
    _note, told = plan.timeline("comment")
    assert told["attachment"]["name"] == "interview-transcript.txt"
    assert told["visibility_roles"] == ["admin"]
    assert _stage(rig, plan) == "interview"


def test_an_amended_result_replaces_the_rating_in_the_name_of_the_same_member(rig: InterviewRig) -> None:
    plan = Plan(rig)
    plan.plan_result()
    deliver_now(rig)
    other = _other_member(rig)
    rig.map(member_id=other)
    plan.plan_result(revision=2, summary="Heard again.")
    deliver_all(rig)
    (rating,) = plan.timeline("rating")
    assert "Heard again." in rating["body"]
    assert plan.effect(K.RATING, 2).member_id != other
    assert plan.effect(K.RESULT_COMMENT, 2).member_id == other
    assert "AMENDED" in plan.timeline("comment")[-1]["body"]


def test_a_rating_that_a_newer_result_has_overtaken_is_not_sent(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    rig.fault("answer_lost", "/ratings$", method="PUT")
    rig.fault("server_error", "/activities$", times=None)
    plan.plan_result()
    deliver_now(rig)
    assert plan.effect(K.RATING, 1).state == S.UNKNOWN
    rig.running.world.account("acme").candidate(plan.candidate_id).activities.clear()  # it never arrived
    plan.plan_result(revision=2)
    rig.running.world.faults.clear()
    deliver_all(rig)
    assert (plan.effect(K.RATING, 1).state, plan.effect(K.RATING, 1).reason) == (S.CANCELLED, "superseded")
    assert [row["body"].splitlines()[-1] for row in plan.timeline("rating")] == [
        f"Ref {plan.effect(K.RATING, 2).mark}"
    ]


def test_results_of_one_go_before_the_invite_of_another(rig: InterviewRig) -> None:
    done = Plan(rig)
    deliver_now(rig)
    waiting = Plan(rig)
    done.plan_result()
    with rig.work() as work:
        for _ in range(3):
            deliver(work, limit=1)
    assert done.effect(K.MOVE, 1).state == S.CONFIRMED
    assert waiting.effect(K.INVITE).state == S.PLANNED


def test_a_candidate_who_is_past_the_target_is_not_moved_back(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.running.world.account("acme").move(plan.candidate_id, "offer")
    plan.plan_result()
    deliver_now(rig)
    assert "move" not in plan.journal()
    move = plan.effect(K.MOVE, 1)
    assert move.state == S.CONFIRMED
    assert "past" in str(move.sentence)


def test_whoever_was_moved_back_by_people_stays_there_and_staff_are_told(rig: InterviewRig) -> None:
    plan = Plan(rig)
    rig.running.world.account("acme").move(plan.candidate_id, "applied")
    plan.plan_result()
    deliver_now(rig)
    move = plan.effect(K.MOVE, 1)
    assert (move.state, move.reason) == (S.PARKED, "moved_by_people")
    assert _stage(rig, plan) == "applied"
    assert "Somebody has moved the candidate" in rig.problems()["push_parked"]


def test_a_cancelled_interview_is_ended_on_the_platform(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    plan.plan(K.CANCEL)
    deliver_now(rig)
    assert [row["status"] for row in rig.interviews()] == ["cancelled"]
    assert (plan.invite.state, plan.effect(K.CANCEL).state) == ("cancelled", S.CONFIRMED)


def test_an_interview_that_was_completed_first_is_not_taken_for_cancelled(rig: InterviewRig) -> None:
    plan = Plan(rig)
    deliver_now(rig)
    rig.running.world.platform.complete(str(plan.invite.interview_id))
    plan.plan(K.CANCEL)
    deliver_now(rig)
    cancel = plan.effect(K.CANCEL)
    assert (cancel.state, plan.invite.state) == (S.CONFIRMED, "pending")
    assert "completed" in str(cancel.sentence)


def test_an_applicant_becomes_a_candidate_and_nothing_of_the_person_is_kept(rig: InterviewRig) -> None:
    key = plan_applicant(rig, 1)
    deliver_now(rig)
    (made,) = [e["candidate"] for e in rig.changes("create")]
    assert (by_key(rig, key).remote_id, by_key(rig, key).payload) == (made, {})
    (row,) = rig.from_ledger(lambda tx: applicants.listing(tx, "acme"))
    assert (row.state, row.candidate_id) == ("created", made)


def test_an_applicant_who_is_in_the_job_already_is_that_candidate(rig: InterviewRig) -> None:
    person = {"firstname": "Ada", "lastname": "Example", "email": "applicant1@example.com"}
    there = rig.running.world.account("acme").create_candidate(rig.job(), person)
    key = plan_applicant(rig, 1)
    deliver_now(rig)
    assert rig.changes("create") == []
    assert by_key(rig, key).remote_id == hex_id(there.id)


def test_b45_members_are_made_and_ended_and_the_last_admin_stays(rig: InterviewRig) -> None:
    for name, role in (("ann", "admin"), ("bob", "reviewer")):
        plan_alone(rig, K.PUT_MEMBER, _member(name) | {"name": name.title(), "role": role})
    deliver_now(rig)
    for name in ("ann", "bob"):
        plan_alone(rig, K.DEACTIVATE_MEMBER, _member(name))
    deliver_now(rig)
    rows = rig.from_ledger(lambda tx: platform_members.listing(tx, "acme"))
    assert {row.member_id: row.state for row in rows} == {"ann": "kept_last_admin", "bob": "deactivated"}
    members = rig.running.world.platform.members
    assert {email: member.active for email, member in members.items()} == {
        "ann@example.com": True,
        "bob@example.com": False,
    }


def test_a_refused_invite_fails_with_the_platforms_words_and_its_note_waits(rig: InterviewRig) -> None:
    rig.map(template_id="tpl-sales")
    plan = Plan(rig)
    _change_payload(rig, plan, template_id="tpl-unheard-of")
    deliver_now(rig)
    invite = plan.effect(K.INVITE)
    assert invite.state == S.FAILED
    assert "template_id is unknown" in str(invite.sentence)
    assert "template_id is unknown" in rig.problems()["push_failed"]
    assert (plan.effect(K.INVITE_NOTE).state, plan.journal()) == (S.PARKED, [])
    _change_payload(rig, plan, template_id="tpl-sales")
    rig.retry(invite.effect_id)
    deliver_all(rig)
    assert plan.effect(K.INVITE_NOTE).state == S.CONFIRMED
    assert rig.problems() == {}


def test_an_invite_whose_key_stood_for_another_body_is_looked_up(rig: InterviewRig) -> None:
    plan = Plan(rig)
    with rig.work() as work:
        payload = plan.effect(K.INVITE).payload
        work.platform.create(payload["body"] | {"job_title": "Another title"}, payload["key"])
    deliver_now(rig)
    assert len(rig.interviews()) == 1
    assert plan.effect(K.INVITE).state == S.CONFIRMED


def test_b28_a_refused_token_stops_the_delivery_and_what_waits_goes_on_after_it(rig: InterviewRig) -> None:
    plans = [Plan(rig) for _ in range(3)]
    rig.fault("unauthorized", "/comments$")
    with rig.work() as work, pytest.raises(NeedsPerson, match="token"):
        deliver(work)
    assert [plan.journal() for plan in plans] == [[], [], []]
    deliver_all(rig)
    assert [plan.journal() for plan in plans] == [["comment"]] * 3


def test_an_error_of_our_own_is_one_effects_alone(
    rig: InterviewRig, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = Plan(rig), Plan(rig)
    payload = broken.effect(K.INVITE).payload
    _set_payload(rig, broken, {})
    deliver_now(rig)
    assert sound.effect(K.INVITE_NOTE).state == S.CONFIRMED
    assert (broken.effect(K.INVITE).state, broken.effect(K.INVITE).reason) == (S.UNKNOWN, "own_error")
    assert "an error of its own" in rig.problems()["push_error"]
    assert "KeyError" in caplog.text
    _set_payload(rig, broken, payload)
    deliver_all(rig)
    assert broken.asked_of_platform() == ["invite"]
    assert rig.problems() == {}


def test_the_platforms_refused_token_is_told_and_the_customers_account_goes_on(rig: InterviewRig) -> None:
    plan, finished = Plan(rig), Plan(rig)
    finished.plan_result()
    rig.running.world.platform.token = "another"
    deliver_now(rig)
    assert "The interview platform refused the token" in rig.problems()["platform_refused"]
    assert plan.effect(K.INVITE).state == S.WAITING
    rig.running.world.platform.token = "sandbox-platform-token"
    deliver_all(rig)
    assert plan.effect(K.INVITE).state == S.CONFIRMED
    assert rig.problems() == {}


def _stage(rig: InterviewRig, plan: Plan) -> str:
    account = rig.running.world.account("acme")
    candidate = account.candidate(plan.candidate_id)
    return account.stage(candidate.job, candidate.stage).slug


def _other_member(rig: InterviewRig) -> str:
    made = rig.running.world.account("acme").add_member("Bea Other", "bea@example.com", role="admin")
    return hex_id(made.id)


def _member(name: str) -> dict[str, Any]:
    return {"member_id": name, "email": f"{name}@example.com"}


def _change_payload(rig: InterviewRig, plan: Plan, **body: Any) -> None:
    payload = plan.effect(K.INVITE).payload
    _set_payload(rig, plan, payload | {"body": payload["body"] | body})


def _set_payload(rig: InterviewRig, plan: Plan, payload: dict[str, Any]) -> None:
    which = schema.effects.c.effect_id == plan.effect(K.INVITE).effect_id
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        tx.execute(schema.effects.update().where(which).values(payload=payload))
