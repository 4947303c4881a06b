"""A turn of an account's interviews: trouble with one step keeps no other from being taken."""

import msgspec
import pytest

from agent import wiring
from agent.flows import interviews
from storage.ledger import inbox
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    """Somebody's interview is over, and nothing of it is written yet."""
    made = make_interviews()
    made.map()
    made.move(made.candidate())
    made.go_on()
    made.running.world.platform.complete(made.interviews()[0]["id"], score=80)
    made.look_at_platform()
    return made


def _hint(rig: InterviewRig) -> None:
    """A webhook has told of somebody."""
    body = {"event_type": "candidate_moved", "id": "abc", "data": {"id": "abc"}, "resource_type": "candidate"}
    delivery = inbox.Delivery(
        source="workable", account_id="acme", event="candidate_moved", resource_id="abc", digest="d",
        body=msgspec.json.encode(body), received_at=rig.clock(),
    )  # fmt: skip
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        inbox.put_many(tx, [delivery])


@pytest.mark.parametrize("fault", ["not_found", "forbidden", "html", "server_error"])
def test_a_webhook_that_cannot_be_followed_keeps_no_result_from_its_timeline(
    rig: InterviewRig, fault: str
) -> None:
    _hint(rig)
    rig.fault(fault, "/candidates$", times=None)
    rig.go_on(polls=False)
    assert len(rig.changes("rate")) == 1
    assert len(rig.changes("comment")) == 2


def test_trouble_of_a_step_is_told_and_passes(rig: InterviewRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def trips(_work: object) -> int:
        raise ValueError("a mistake")

    with monkeypatch.context() as patched:
        patched.setattr(interviews, "STEPS", (trips, *interviews.STEPS))
        rig.go_on(polls=False)
    assert "trips" in rig.problems()["interviews_failing"]
    assert len(rig.changes("rate")) == 1
    rig.go_on(polls=False)
    assert "interviews_failing" not in rig.problems()
