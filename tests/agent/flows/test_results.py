"""What a finished interview leaves on the timeline: rating, comment with the transcript, move; revisions; ends."""

import base64
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from storage import references
from storage.ledger.outbox import EffectKind
from storage.ledger.requests import Kind
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import Row


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    return make_interviews()


def _invited(rig: InterviewRig, **mapping: Any) -> str:
    rig.map(**mapping)
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    return somebody


def _end(rig: InterviewRig, verb: str = "complete", **how: Any) -> None:
    """The last interview comes to that end."""
    rig.clock.forward(seconds=1)
    getattr(rig.running.world.platform, verb)(rig.interviews()[-1]["id"], **how)
    rig.clock.forward(seconds=1)
    rig.go_on()


def _comments(rig: InterviewRig, candidate_id: str) -> list[Row]:
    """Without the note about the invite."""
    return rig.timeline(candidate_id, "comment")[1:]


def test_a_result_leaves_one_rating_one_comment_and_the_move(rig: InterviewRig) -> None:
    somebody = _invited(rig, scale="stars", pass_score=60, pass_stage="interview")
    _end(rig, score=80)
    (rating,) = rig.timeline(somebody, "rating")
    assert rating["rating"] == {"score": "definite", "scale": "stars", "grade": 4}
    assert rating["action_stage"]["slug"] == "phone-screen"
    (comment,) = _comments(rig, somebody)
    assert "https://platform.example.com/results/" in comment["body"]
    transcript = base64.b64decode(comment["attachment"]["data"]).decode()
    assert "I rebuilt our hand-over so that no customer waits twice." in transcript
    assert [change["target"] for change in rig.changes("move")] == ["interview"]
    written = rig.changes()
    rig.go_on()
    assert rig.changes() == written


def test_the_rating_the_comment_and_the_move_come_in_that_order(rig: InterviewRig) -> None:
    _invited(rig, pass_score=60, pass_stage="interview")
    _end(rig, score=80)
    assert [change["verb"] for change in rig.changes()] == ["comment", "rate", "comment", "move"]


def test_what_is_written_says_that_an_ai_made_it_and_carries_its_mark(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    _end(rig, score=70)
    effects = {effect.kind: effect for effect in rig.effects(somebody)}
    (rating,), (comment,) = rig.timeline(somebody, "rating"), _comments(rig, somebody)
    for kind, body in ((EffectKind.RATING, rating["body"]), (EffectKind.RESULT_COMMENT, comment["body"])):
        assert references.is_marked(body, effects[kind].mark)
        assert "AI" in body


@pytest.mark.parametrize(("score", "moves"), [(59, ["applied"]), (60, ["interview"]), (100, ["interview"])])
def test_a_pass_and_a_fail_move_where_the_mapping_says(
    rig: InterviewRig, score: int, moves: list[str]
) -> None:
    _invited(rig, pass_score=60, pass_stage="interview", fail_stage="applied")
    _end(rig, score=score)
    assert [change["target"] for change in rig.changes("move")] == moves


def test_without_a_mapped_stage_nobody_is_moved(rig: InterviewRig) -> None:
    _invited(rig)
    _end(rig, score=90)
    assert rig.changes("move") == []


def test_b15_our_own_move_and_comments_trigger_nothing(rig: InterviewRig) -> None:
    job = rig.job()
    rig.map("interview", job, template_id="tpl-tech")
    somebody = rig.candidate(job)
    rig.move(somebody, "interview")
    rig.go_on()
    rig.map("offer", job, template_id="tpl-sales")  # the next interview starts where a pass leads to
    rig.map("interview", job, template_id="tpl-tech", pass_stage="offer", pass_score=1)
    _end(rig, score=90)
    rig.map("offer", job, template_id="tpl-sales", pass_stage=None)
    rig.clock.forward(minutes=20)
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_a_revised_result_replaces_the_rating_and_adds_one_comment_that_says_so(rig: InterviewRig) -> None:
    somebody = _invited(rig, pass_score=60, pass_stage="interview")
    _end(rig, score=80)
    _end(rig, "amend", score=30)
    (rating,) = rig.timeline(somebody, "rating")
    assert rating["rating"]["grade"] == 1
    first, second = _comments(rig, somebody)
    assert first["body"] != second["body"]
    assert "revis" in second["body"].lower() or "replaces" in second["body"].lower()
    assert len(rig.changes("move")) == 1, "where to go from there is for people to decide"


def test_a_result_revised_before_it_was_written_is_written_once(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    platform = rig.running.world.platform
    number = rig.interviews()[0]["id"]
    rig.clock.forward(seconds=1)
    platform.complete(number, score=80)
    rig.look_at_platform()
    platform.amend(number, score=30)
    rig.go_on()
    (rating,) = rig.timeline(somebody, "rating")
    assert rating["rating"]["grade"] == 1
    assert len(_comments(rig, somebody)) == 1


@pytest.mark.parametrize("score", ["eighty", 180, None])
def test_a_result_that_cannot_be_read_is_told_until_a_readable_one_comes(
    rig: InterviewRig, score: object
) -> None:
    somebody = _invited(rig)
    _end(rig, result={"score": score})
    (invite,) = rig.invited(somebody)
    sentence = rig.problems()["result_unreadable"]
    assert (somebody in sentence, invite.external_id in sentence) == (True, True)
    assert rig.timeline(somebody, "rating") == []
    _end(rig, "amend", score=70)
    assert "result_unreadable" not in rig.problems()
    assert len(rig.timeline(somebody, "rating")) == 1


def test_a_completed_interview_without_a_result_is_told(rig: InterviewRig) -> None:
    _invited(rig)
    number = rig.interviews()[0]["id"]
    rig.clock.forward(seconds=1)
    rig.running.world.platform.complete(number, score=70).result = None
    rig.look_at_platform()
    assert "result is missing" in rig.problems()["result_unreadable"].replace("(revision 1) ", "")


def test_a_revision_that_cannot_be_read_is_told_and_erased_answers_are_not(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    _end(rig, score=70)
    platform = rig.running.world.platform
    rig.clock.forward(seconds=1)
    platform.erase(rig.interviews()[0]["external_id"])
    rig.look_at_platform()
    assert "result_unreadable" not in rig.problems()
    platform.amend(rig.interviews()[0]["id"], score=20).result = None
    rig.look_at_platform()
    assert "(revision 2)" in rig.problems()["result_unreadable"]
    assert rig.invited(somebody)[0].score == 70


def _spoil_rows(rig: InterviewRig) -> None:
    """The first interview of each list that the platform sends cannot be read from now on."""
    params = {"field": "updated_at", "value": {}}
    rig.fault("wrong_type", "/platform/interviews$", method="GET", times=None, params=params)


def test_an_interview_that_could_not_be_read_for_a_while_is_not_passed_over(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    _spoil_rows(rig)
    _end(rig, score=70)
    for _ in range(4):
        rig.clock.forward(hours=5)
        rig.look_at_platform()
    assert "1 interview that cannot be read" in rig.problems()["platform_rows"]
    assert rig.invited(somebody)[0].state == "pending"
    rig.running.world.faults.clear()
    rig.go_on()
    assert "platform_rows" not in rig.problems()
    assert len(rig.timeline(somebody, "rating")) == 1


def test_an_interview_that_cannot_be_read_for_a_day_is_not_asked_for_any_longer(rig: InterviewRig) -> None:
    _invited(rig)
    _spoil_rows(rig)
    _end(rig, score=70)
    for _ in range(4):
        rig.clock.forward(hours=13)
        rig.look_at_platform()
    assert "platform_rows" not in rig.problems()
    rig.forget_requests()
    rig.clock.forward(hours=1)
    rig.look_at_platform()
    (asked,) = [row for row in rig.asked() if row["path"].endswith("/interviews")]
    since = datetime.fromisoformat(httpx.QueryParams(asked["query"])["updated_after"])
    assert rig.clock() - since < timedelta(hours=1, minutes=6)


def test_comments_are_shown_to_whom_the_mapping_says(rig: InterviewRig) -> None:
    somebody = _invited(rig, visibility=("admin", "recruiting_admin"))
    _end(rig, score=80)
    (comment,) = _comments(rig, somebody)
    assert set(comment["visibility_roles"]) == {"admin", "recruiting_admin"}


@pytest.mark.parametrize(("verb", "state"), [("expire", "expired"), ("bounce", "bounced")])
@pytest.mark.parametrize("wished", [True, False])
def test_b14_an_interview_that_ended_without_a_result_shows_and_leaves_one_note_if_wished(
    rig: InterviewRig, verb: str, state: str, *, wished: bool
) -> None:
    somebody = _invited(rig, notes_ends=wished)
    _end(rig, verb)
    rig.go_on()
    assert [invite.state for invite in rig.invited(somebody)] == [state]
    assert len(_comments(rig, somebody)) == wished
    rig.move(somebody, "applied")
    rig.move(somebody)
    rig.clock.forward(minutes=20)
    rig.go_on()
    assert len(rig.interviews()) == 1, "another invite is for a person to send"


def test_b10_results_of_an_archived_job_wait_until_it_is_open_again(rig: InterviewRig) -> None:
    somebody = _invited(rig, pass_score=60, pass_stage="interview")
    account = rig.running.world.account("acme")
    account.set_job_state(rig.job(), "archived")
    job = rig.interviews()[0]["job_shortcode"]
    _end(rig, score=80)
    assert rig.timeline(somebody, "rating") == []
    account.set_job_state(job, "published")
    rig.go_on()
    rig.go_on()
    assert len(rig.timeline(somebody, "rating")) == 1
    assert len(rig.changes("move")) == 1


def test_thresholds_of_the_mapping_decide_the_grade(rig: InterviewRig) -> None:
    somebody = _invited(rig, scale="thumbs", thresholds=(40, 71))
    _end(rig, score=70)
    (rating,) = rig.timeline(somebody, "rating")
    assert (rating["rating"]["scale"], rating["rating"]["grade"]) == ("thumbs", 1)


def test_an_invited_and_interviewed_candidate_costs_at_most_eight_requests(rig: InterviewRig) -> None:
    rig.map(pass_score=60, pass_stage="interview")
    somebody = rig.candidate()
    rig.go_on()
    rig.forget_requests()
    rig.move(somebody)
    for _ in range(3):
        rig.go_on()
    _end(rig, score=80)
    for _ in range(3):
        rig.go_on()
        rig.clock.forward(minutes=10)
    about_somebody = [r for r in rig.asked() if f"/candidates/{somebody}" in r["path"]]
    pipelines = [r for r in rig.asked() if r["path"].endswith(f"/jobs/{rig.job()}/stages")]
    assert pipelines == [], "a move goes by the pipeline that is mirrored"
    assert len(about_somebody) <= 8, [(r["method"], r["path"]) for r in about_somebody]


def test_a_person_invites_once_more_after_a_bounce_with_the_mended_address(rig: InterviewRig) -> None:
    somebody = _invited(rig)
    assert "still open" in (rig.obeyed(Kind.REINVITE, candidate_id=somebody).note or "")
    _end(rig, "bounce")
    rig.running.world.account("acme").edit(somebody, {"email": "mended@example.com"})
    rig.obeyed(Kind.REINVITE, candidate_id=somebody)
    rig.go_on()
    first, second = rig.interviews()
    assert second["candidate"]["email"] == "mended@example.com"
    assert first["external_id"] != second["external_id"]
    assert len(rig.timeline(somebody, "comment")) == 2
    assert [(i.round, i.actor) for i in rig.invited(somebody)] == [(1, "intrvio"), (2, "a test")]


def test_a_person_may_invite_somebody_whom_no_entry_led_to(rig: InterviewRig) -> None:
    rig.map()
    somebody = rig.candidate()
    rig.go_on()
    rig.obeyed(Kind.REINVITE, candidate_id=somebody)
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_nobody_is_invited_by_hand_who_must_not_be(rig: InterviewRig) -> None:
    rig.map()
    somebody = rig.candidate()
    rig.go_on()
    rig.running.world.account("acme").disqualify(somebody)
    assert "disqualified" in (rig.obeyed(Kind.REINVITE, candidate_id=somebody).note or "")
    assert "no candidate" in (rig.obeyed(Kind.REINVITE, candidate_id="1").note or "")
    assert rig.interviews() == []


def test_an_invite_whose_answer_was_lost_is_noted_with_its_link(rig: InterviewRig) -> None:
    rig.map()
    somebody = rig.candidate()
    rig.move(somebody)
    rig.fault("answer_lost", "/interviews$", method="POST")
    rig.go_on()
    (interview,) = rig.interviews()
    (note,) = rig.timeline(somebody, "comment")
    assert interview["id"] in note["body"]


def test_a_result_whose_stage_was_deleted_meanwhile_is_rated_where_the_candidate_stands(
    rig: InterviewRig,
) -> None:
    somebody = _invited(rig)
    rig.running.world.account("acme").delete_stage(rig.job(), "phone-screen", move_to="interview")
    rig.clock.forward(hours=7)  # pipelines are read again
    rig.go_on()
    _end(rig, score=80)
    (rating,) = rig.timeline(somebody, "rating")
    assert rating["action_stage"]["slug"] == "interview"
    assert len(_comments(rig, somebody)) == 1
