"""What a person may do about invites and pushes, and what is refused with a reason."""

import pytest

from storage.ledger import interventions, invites, outbox, schema
from storage.ledger.database import Ledger
from storage.ledger.interventions import InterventionProblem
from storage.ledger.outbox import EffectKind, EffectState
from tests.storage.interviews import account, invited, pushed
from tests.storage.ledgers import NOON, after, audit_actions, rows

ANN = "ann@example.com"


def test_a_parked_invite_is_approved_by_a_retry(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        one = pushed(tx, state=EffectState.PARKED, invite_id=invited(tx))
        assert "Approved" in interventions.retry(tx, one, actor=ANN, now=after(1))
        assert [effect.effect_id for effect in outbox.due(tx, "acme", after(1))] == [one]
        assert audit_actions(tx)[-1] == (ANN, "push.retried")


@pytest.mark.parametrize("state", ["planned", "sending", "waiting", "unknown", "confirmed", "cancelled"])
def test_only_what_is_parked_or_failed_can_be_retried(ledger: Ledger, state: str) -> None:
    with ledger.write() as tx:
        account(tx)
        one = pushed(tx, state=EffectState(state))
        with pytest.raises(InterventionProblem, match="cannot be tried again"):
            interventions.retry(tx, one, actor=ANN, now=after(1))
        assert outbox.get(tx, one).state == state


def test_a_dropped_invite_takes_what_follows_it_along(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx)
        one = pushed(tx, state=EffectState.PARKED, invite_id=invite)
        note = pushed(tx, EffectKind.INVITE_NOTE, invite_id=invite)
        interventions.drop(tx, one, actor=ANN, now=after(1))
        assert [outbox.get(tx, key).state for key in (one, note)] == ["cancelled", "cancelled"]
        assert (invites.get(tx, invite).state, invites.get(tx, invite).ended_at) == ("dropped", after(1))
        assert audit_actions(tx)[-1] == (ANN, "push.dropped")


def test_dropping_a_note_leaves_the_invite(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx, state="pending")
        note = pushed(tx, EffectKind.INVITE_NOTE, EffectState.FAILED, invite_id=invite)
        interventions.drop(tx, note, actor=ANN, now=after(1))
        assert invites.get(tx, invite).state == "pending"


@pytest.mark.parametrize("state", ["sending", "unknown", "confirmed", "cancelled"])
def test_what_may_be_on_its_way_or_is_over_cannot_be_dropped(ledger: Ledger, state: str) -> None:
    with ledger.write() as tx:
        account(tx)
        one = pushed(tx, state=EffectState(state))
        with pytest.raises(InterventionProblem, match="cannot be dropped"):
            interventions.drop(tx, one, actor=ANN, now=after(1))


def test_an_invite_not_sent_yet_is_cancelled_without_asking_the_platform(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx)
        pushed(tx, invite_id=invite)
        interventions.cancel_invite(tx, invite, actor=ANN, now=after(1))
        assert invites.get(tx, invite).state == "dropped"
        assert [effect.state for effect in outbox.of_invite(tx, invite)] == ["cancelled"]
        assert audit_actions(tx)[-1] == (ANN, "invite.dropped")


@pytest.mark.parametrize("state", ["sending", "unknown", "confirmed"])
def test_an_invite_that_may_be_on_its_way_is_not_cancelled_blindly(ledger: Ledger, state: str) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx)
        pushed(tx, state=EffectState(state), invite_id=invite)
        with pytest.raises(InterventionProblem, match="Try again in a minute"):
            interventions.cancel_invite(tx, invite, actor=ANN, now=after(1))
        assert invites.get(tx, invite).state == "planned"


def test_a_sent_invite_is_ended_by_the_platform_and_asked_for_once(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx, state="started")
        interventions.cancel_invite(tx, invite, actor=ANN, now=after(1))
        with pytest.raises(InterventionProblem, match="already"):
            interventions.cancel_invite(tx, invite, actor=ANN, now=after(2))
        effects = outbox.of_invite(tx, invite)
        assert [(effect.kind, effect.state, effect.actor) for effect in effects] == [
            ("cancel", "planned", ANN)
        ]
        assert invites.get(tx, invite).state == "started"


def test_a_cancelling_that_failed_can_be_asked_for_again(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx, state="pending")
        interventions.cancel_invite(tx, invite, actor=ANN, now=NOON)
        tx.execute(schema.effects.update().values(state="failed"))
        interventions.cancel_invite(tx, invite, actor=ANN, now=after(1))
        assert [row["state"] for row in rows(tx, schema.effects)] == ["planned"]


@pytest.mark.parametrize("state", ["completed", "expired", "cancelled", "dropped", "bounced", "rejected"])
def test_an_interview_that_is_over_cannot_be_cancelled(ledger: Ledger, state: str) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx, state=state)
        with pytest.raises(InterventionProblem, match="over already"):
            interventions.cancel_invite(tx, invite, actor=ANN, now=after(1))


def test_what_is_not_there_is_told_to_be_not_there(ledger: Ledger) -> None:
    with ledger.write() as tx:
        with pytest.raises(InterventionProblem, match="no push 7"):
            interventions.retry(tx, 7, actor=ANN, now=NOON)
        with pytest.raises(InterventionProblem, match="no invite 7"):
            interventions.cancel_invite(tx, 7, actor=ANN, now=NOON)
