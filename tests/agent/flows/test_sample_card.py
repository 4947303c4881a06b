"""The sample card: on the candidate a person named, marked as a test, posted once however often asked."""

import pytest

from agent.flows import sample
from storage.ledger.outbox import EffectState
from storage.ledger.requests import Kind, Request, State
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews(candidates=30, jobs=4)
    made.map(None)
    return made


def _ask(rig: InterviewRig, candidate_id: str) -> Request:
    asked = rig.ask(Kind.SAMPLE_CARD, candidate_id=candidate_id)
    rig.turn()
    return rig.request(asked.request_id)


def _result(done: Request) -> dict[str, object]:
    return done.result or {}


def test_the_card_is_posted_and_says_that_it_is_a_test(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    done = _ask(rig, somebody)
    assert done.state == State.DONE
    assert (done.note or "").startswith("The sample card was posted.")
    (card,) = rig.timeline(somebody, "comment")
    assert "test" in card["body"].casefold()
    assert card["body"].splitlines()[-1] in (done.note or "")
    assert card["member"]["id"] == rig.member()


def test_asked_again_nothing_is_posted_and_the_day_of_the_first_card_is_told(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    posted_on = f"{rig.clock():%d %b %Y}"
    _ask(rig, somebody)
    rig.clock.forward(days=3)
    done = _ask(rig, somebody)
    assert done.state == State.DONE
    assert f"was posted before, on {posted_on}" in (done.note or "")
    assert len(rig.timeline(somebody, "comment")) == 1


def test_a_card_whose_answer_is_lost_is_looked_for_and_not_posted_twice(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.fault("answer_lost", r"/comments$", method="POST")
    with rig.work() as work:
        _, figures = sample.post(work, somebody, "a test")
        assert figures["state"] == EffectState.UNKNOWN
        rig.clock.forward(seconds=20)
        sentence, figures = sample.post(work, somebody, "a test")
    assert (figures["state"], len(rig.timeline(somebody, "comment"))) == (EffectState.CONFIRMED, 1)
    assert "was posted" in sentence


def test_a_candidate_whom_workable_does_not_have_gets_none(rig: InterviewRig) -> None:
    done = _ask(rig, "ffffffff")
    assert done.state == State.FAILED
    assert done.note == "Workable has no candidate 'ffffffff' in this account."
    assert rig.changes("comment") == []


def test_without_a_member_to_write_as_it_says_so_and_goes_out_once_there_is_one(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews(candidates=30, jobs=4)
    somebody = rig.candidate()
    done = _ask(rig, somebody)
    assert done.state == State.FAILED
    assert "The sample card was not posted. No acting member is chosen" in (done.note or "")
    assert _result(done)["exit_code"] == 4
    rig.account_setting(member_id=rig.member())
    _ask(rig, somebody)
    assert len(rig.timeline(somebody, "comment")) == 1


def test_a_test_sync_names_candidates_of_sample_jobs_without_anything_personal(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    sample = {job.shortcode: job.title for job in account.jobs.values() if job.sample}
    asked = rig.ask(Kind.TEST_SYNC)
    rig.turn()
    found = _result(rig.request(asked.request_id))["sample_candidates"]
    assert isinstance(found, list)
    assert found
    for one in found:
        assert set(one) == {"candidate_id", "job_title"}
        assert sample[account.candidate(one["candidate_id"]).job or ""] == one["job_title"]
    assert rig.changes("comment") == []
