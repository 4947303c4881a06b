"""Who is invited when what is stored is older than what has happened: nobody is missed and nobody refused for it."""

import pytest

from agent.flows.storing import store_rows
from storage.ledger import events
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    """An account that was read completely, with 'Phone Screen' mapped."""
    made = make_interviews()
    made.map()
    return made


def _reasons(rig: InterviewRig, candidate_id: str) -> list[str]:
    return [decision.reason for decision in rig.decisions(candidate_id)]


def test_b02_who_was_noticed_by_an_agent_that_died_before_storing_them_is_invited_after_the_next_poll(
    rig: InterviewRig,
) -> None:
    somebody = rig.candidate(stage="phone-screen")
    with rig.work() as work:
        row = work.workable.listed_candidate(somebody)
        assert row is not None
        with work.ledger_write() as tx:
            events.observe(tx, "acme", [row], baseline_before=rig.clock(), now=rig.clock())
        rig.step(work)
    assert rig.interviews() == []
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_b10_a_job_opened_since_the_last_poll_is_not_taken_for_closed(rig: InterviewRig) -> None:
    account, job = rig.running.world.account("acme"), rig.job()
    account.set_job_state(job, "archived")
    rig.poll()
    account.set_job_state(job, "published")
    somebody = rig.candidate(job, stage="phone-screen")
    with rig.work() as work:
        row = work.workable.listed_candidate(somebody)  # as a webhook has it read, without the jobs
        assert row is not None
        store_rows(work, [row], set(), baseline=rig.clock(), cursors={})
        rig.step(work)
    assert rig.decisions(somebody) == []
    rig.go_on()
    assert _reasons(rig, somebody) == ["invited"]


def test_b07_who_was_taken_back_and_moved_since_the_last_poll_is_not_refused_for_what_was_before(
    rig: InterviewRig,
) -> None:
    account = rig.running.world.account("acme")
    somebody = rig.candidate()
    account.disqualify(somebody, reason="Not a fit")
    rig.poll()
    rig.clock.forward(seconds=2)
    account.revert(somebody)
    rig.move(somebody)
    with rig.work() as work:
        rig.step(work)
    assert _reasons(rig, somebody) == ["invited"]
