"""An invite that has waited is looked at again before it is sent: candidates and mappings change meanwhile."""

from typing import Any

import pytest

from agent import wiring
from agent.flows import account as turns
from agent.flows import interviews
from storage.ledger import schema
from storage.ledger.outbox import EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import deliver_now, platform_down
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import taken

K, S = EffectKind, EffectState


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews()
    made.map()
    return made


def _waiting(rig: InterviewRig) -> str:
    """Somebody whose invite could not be sent, because the platform was down."""
    somebody = rig.candidate()
    rig.move(somebody)
    with platform_down(rig), rig.agent() as engine:
        work = taken(engine)
        turns.poll(work, every=None)
        rig.clock.forward(seconds=3)
        interviews.turn(work)
    return somebody


def _held(rig: InterviewRig) -> str:
    """Somebody whose stage entry was seen so late that a person has to let the invite go."""
    somebody = rig.candidate()
    rig.move(somebody)
    rig.clock.forward(hours=25)
    rig.go_on()
    return somebody


def _let_go(rig: InterviewRig, somebody: str) -> None:
    (asked,) = [effect for effect in rig.effects(somebody) if effect.kind == K.INVITE]
    rig.retry(asked.effect_id)


def _later(rig: InterviewRig) -> None:
    rig.clock.forward(minutes=30)
    rig.go_on()


def _ends(rig: InterviewRig, somebody: str) -> set[tuple[str, str | None]]:
    return {(effect.state, effect.reason) for effect in rig.effects(somebody)}


@pytest.mark.parametrize(("how", "reason"), [("disqualify", "disqualified"), ("anonymize", "anonymized")])
def test_b07_whoever_must_not_be_invited_any_more_is_not_although_it_was_decided(
    rig: InterviewRig, how: str, reason: str
) -> None:
    somebody = _waiting(rig)
    getattr(rig.running.world.account("acme"), how)(somebody)
    _later(rig)
    assert rig.interviews() == []
    assert [invite.state for invite in rig.invited(somebody)] == ["dropped"]
    assert _ends(rig, somebody) == {(S.CANCELLED, reason), (S.CANCELLED, "invite_over")}


def test_whoever_was_deleted_meanwhile_is_not_invited(rig: InterviewRig) -> None:
    somebody = _waiting(rig)
    rig.running.world.account("acme").delete(somebody)
    rig.two_sweeps()
    _later(rig)
    assert rig.interviews() == []
    assert (S.CANCELLED, "deleted") in _ends(rig, somebody)


def test_what_waits_when_the_mapping_is_switched_off_is_not_sent_unless_a_person_lets_it_go(
    rig: InterviewRig,
) -> None:
    wanted, somebody = _held(rig), _waiting(rig)
    rig.map(None)
    _let_go(rig, wanted)
    _later(rig)
    assert (S.CANCELLED, "switched_off") in _ends(rig, somebody)
    assert [invite.state for invite in rig.invited(wanted)] == ["pending"]


def test_b04_whoever_has_left_the_stage_meanwhile_is_invited_all_the_same(rig: InterviewRig) -> None:
    somebody = _waiting(rig)
    rig.move(somebody, "applied")
    _later(rig)
    assert len(rig.interviews()) == 1


def test_what_was_never_sent_goes_to_the_address_that_the_candidate_has_by_then(rig: InterviewRig) -> None:
    somebody = _held(rig)
    rig.running.world.account("acme").edit(somebody, {"email": "mended@example.com"})
    before = rig.invited(somebody)[0].email_digest
    rig.poll()
    _let_go(rig, somebody)
    rig.go_on()
    (interview,) = rig.interviews()
    assert interview["candidate"]["email"] == "mended@example.com"
    assert rig.invited(somebody)[0].email_digest != before


def test_what_was_sent_once_is_sent_again_as_it_was(rig: InterviewRig) -> None:
    """The platform takes the same key with another body for a mistake."""
    somebody = _waiting(rig)
    address = rig.running.world.account("acme").candidate(somebody).email
    rig.running.world.account("acme").edit(somebody, {"email": "mended@example.com"})
    _later(rig)
    assert [one["candidate"]["email"] for one in rig.interviews()] == [address]


def test_b02_looking_for_an_invite_makes_none_however_long_its_key_is_forgotten(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.move(somebody)
    rig.fault("answer_lost", "/platform/interviews$", method="POST")
    with rig.agent() as engine:
        work = taken(engine)
        turns.poll(work, every=None)
        rig.clock.forward(seconds=3)
        interviews.turn(work)
    rig.running.world.platform.keys.clear()
    _later(rig)
    (interview,) = rig.interviews()
    (note,) = rig.timeline(somebody, "comment")
    assert interview["id"] in note["body"]


def test_an_error_with_an_approved_invite_is_told_and_the_approval_stays(rig: InterviewRig) -> None:
    somebody = _held(rig)
    _let_go(rig, somebody)
    payload = rig.effects(somebody)[0].payload
    _set_payload(rig, {})
    deliver_now(rig)
    assert "an error of its own" in rig.problems()["push_error"]
    _set_payload(rig, payload)
    rig.clock.forward(minutes=1)
    deliver_now(rig)
    assert len(rig.interviews()) == 1


def _set_payload(rig: InterviewRig, payload: dict[str, Any]) -> None:
    which = schema.effects.c.kind == K.INVITE
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        tx.execute(schema.effects.update().where(which).values(payload=payload))
