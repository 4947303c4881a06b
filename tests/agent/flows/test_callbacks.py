"""Callbacks of the interview platform: each only says that asking about an interview is worth while now."""

import msgspec
import pytest

from agent import wiring
from agent.errors import NeedsPerson
from agent.flows import results
from storage.ledger import inbox, schema
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import platform_down
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews(candidates=8, jobs=2)
    made.map()
    return made


def _invited(rig: InterviewRig) -> str:
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    return somebody


def _call_back(rig: InterviewRig, *numbers: str) -> None:
    """The platform calls about these interviews, in this order."""
    calls = [
        inbox.Delivery(
            source="platform", account_id=inbox.PLATFORM, event="x", resource_id=number, digest=number,
            body=msgspec.json.encode({"interview_id": number, "status": "completed"}), received_at=rig.clock(),
        )
        for number in numbers
    ]  # fmt: skip
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        inbox.put_many(tx, calls)


def _take_callbacks(rig: InterviewRig) -> int:
    with rig.agent() as engine:
        assert engine.tools.platform is not None
        return results.take_callbacks(engine.tools, engine.tools.platform)


def _outcomes(rig: InterviewRig) -> dict[str, str | None]:
    rows = rig.from_ledger(lambda tx: tx.execute(schema.inbox.select()).all())
    return {row.resource_id: row.outcome for row in rows}


def test_a_callback_that_cannot_be_answered_for_holds_up_no_other_and_is_left_to_the_poll(
    rig: InterviewRig,
) -> None:
    first, second = _invited(rig), _invited(rig)
    bad, good = (row["id"] for row in rig.interviews())
    rig.clock.forward(seconds=1)
    for number in (bad, good):
        rig.running.world.platform.complete(number, score=70)
    rig.fault("wrong_type", "/platform/interviews$", params={"field": "updated_at", "value": {}})
    _call_back(rig, bad, good)
    assert _take_callbacks(rig) == 1
    assert (rig.invited(first)[0].state, rig.invited(second)[0].state) == ("pending", "completed")
    assert _outcomes(rig) == {bad: None, good: "read"}
    rig.clock.forward(minutes=2)
    rig.fault("wrong_type", "/platform/interviews$", params={"field": "updated_at", "value": {}})
    assert _take_callbacks(rig) == 0
    assert _outcomes(rig) == {bad: "left_to_poll", good: "read"}
    rig.go_on()
    assert len(rig.timeline(first, "rating")) == 1


def test_a_refused_token_of_the_platform_keeps_its_callbacks(rig: InterviewRig) -> None:
    _invited(rig)
    number = rig.interviews()[0]["id"]
    _call_back(rig, number)
    rig.clock.forward(hours=1)
    rig.changed_settings["platform_token"] = "of-somebody-else"
    with pytest.raises(NeedsPerson):
        _take_callbacks(rig)
    assert _outcomes(rig) == {number: None}


def test_a_platform_that_is_down_is_not_asked_about_every_callback(rig: InterviewRig) -> None:
    for _ in range(5):
        _invited(rig)
    numbers = [row["id"] for row in rig.interviews()]
    _call_back(rig, *numbers)
    with platform_down(rig):
        rig.clock.forward(minutes=3)
        assert _take_callbacks(rig) == 0
    assert [*_outcomes(rig).values()] == ["left_to_poll"] * 3 + [None] * 2
