"""What is told of interviews: lists and counts, whom a mapping concerns, and why somebody was not invited."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from storage import holds, interview_reads
from storage.ledger import accounts, decisions, events, looks, outbox, problems, schema
from storage.ledger.accounts import AccountState
from storage.ledger.database import Ledger
from storage.ledger.looks import Look
from storage.ledger.outbox import EffectKind, EffectState
from tests.storage.interviews import SECRET, account, decided, invited, mapped, pushed
from tests.storage.ledgers import NOON, after, candidate

DAY = timedelta(days=1)


def seen(tx: Connection, stage: str, *, at: datetime = NOON, job: str | None = "J1") -> None:
    row = candidate("c1", stage_name=stage, job_shortcode=job, created_at=NOON - DAY, updated_at=at)
    events.observe(tx, "acme", [row], baseline_before=NOON, now=at)


def looked_at(tx: Connection) -> None:
    """Whoever was to be looked at has been."""
    tx.execute(schema.looks.delete())


def answer(tx: Connection, candidate_id: str = "c1") -> str:
    return interview_reads.explain(tx, "acme", candidate_id).answer


def test_invites_come_newest_first_with_what_keeps_them_from_being_sent(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invited(tx, "c1", state="completed", score=81)
        held = invited(tx, "c2")
        push = pushed(
            tx, state=EffectState.PARKED, candidate_id="c2", invite_id=held, sentence="Too old: ask."
        )
        found = interview_reads.invites(tx, "acme")
        assert [row.asks for row in found] == [push, None]
        assert [(row.candidate_id, row.score, row.problem) for row in found] == [
            ("c2", None, f"{holds.ASKED} Too old: ask."),
            ("c1", 81, None),
        ]
        assert [row.candidate_id for row in interview_reads.invites(tx, "acme", states=["completed"])] == [
            "c1"
        ]
        assert [row.candidate_id for row in interview_reads.invites(tx, "acme", limit=1)] == ["c2"]


def test_pushes_with_a_problem_come_first_and_done_ones_last(ledger: Ledger) -> None:
    states = ("confirmed", "planned", "failed", "waiting", "parked", "cancelled", "unknown")
    with ledger.write() as tx:
        account(tx)
        for state in states:
            pushed(tx, state=EffectState(state))
        told = [push.state for push in interview_reads.pushes(tx, "acme")]
        assert told == ["parked", "failed", "unknown", "waiting", "planned", "cancelled", "confirmed"]
        assert [push.state for push in interview_reads.pushes(tx, "acme", limit=2)] == ["parked", "failed"]
        some = interview_reads.pushes(tx, "acme", states=["failed", "confirmed"])
        assert [push.state for push in some] == ["failed", "confirmed"]


def test_a_push_tells_that_an_earlier_one_of_its_candidate_holds_it_up(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        done = pushed(tx, state=EffectState.CONFIRMED)
        first = pushed(tx, state=EffectState.PARKED)
        second = pushed(tx, EffectKind.RATING)
        other = pushed(tx, EffectKind.RATING, candidate_id="c2")
        held = {push.effect_id: push.is_held_up for push in interview_reads.pushes(tx, "acme")}
    assert held == {done: False, first: False, second: True, other: False}


def told_holds(tx: Connection) -> list[str | None]:
    """What holds each push, in the order in which they were planned."""
    found = interview_reads.pushes(tx, "acme")
    return [push.hold for push in sorted(found, key=lambda push: push.effect_id)]


def test_what_holds_a_queued_push_is_told_on_its_row(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        queued = invited(tx, "c1")
        pushed(tx, candidate_id="c1", invite_id=queued)
        pushed(tx, EffectKind.INVITE_NOTE, candidate_id="c1", invite_id=queued)
        pushed(tx, EffectKind.RATING, state=EffectState.CONFIRMED, candidate_id="c2", sentence="Found again.")
        assert told_holds(tx) == [None, holds.EARLIER, None]
        problems.report(tx, "acme", "invite_cap", "5 invites went out.", now=NOON)
        assert told_holds(tx) == [holds.CAPPED, holds.EARLIER, None]
        assert interview_reads.invites(tx, "acme")[0].problem == holds.CAPPED
        accounts.set_state(tx, "acme", AccountState.RECONNECT, None, NOON)
        assert told_holds(tx) == [holds.NOT_SYNCED, holds.NOT_SYNCED, None]
        assert interview_reads.invites(tx, "acme")[0].problem == holds.NOT_SYNCED
        problems.resolve_all(tx, "acme", now=NOON)
        accounts.set_state(tx, "acme", AccountState.ACTIVE, None, NOON)
        assert interview_reads.invites(tx, "acme")[0].problem is None


def test_an_invite_whose_answer_was_lost_says_that_it_is_looked_for(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        pushed(tx, candidate_id="c1", invite_id=invited(tx, "c1"), state=EffectState.UNKNOWN)
        assert interview_reads.invites(tx, "acme")[0].problem == holds.LOST


def test_a_push_that_waits_for_a_person_says_so_and_why(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        pushed(tx, state=EffectState.PARKED, candidate_id="c1", sentence="Too old.")
        pushed(tx, state=EffectState.PARKED, candidate_id="c2")
        pushed(tx, state=EffectState.FAILED, candidate_id="c3", sentence="No rights.")
        told = [holds.ASKED, holds.ASKED + " Too old.", "No rights."]
        assert sorted(str(hold) for hold in told_holds(tx)) == sorted(told)


def test_an_invite_behind_another_push_of_its_candidate_says_so(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        pushed(tx, EffectKind.RATING, candidate_id="c1")
        pushed(
            tx, candidate_id="c1", invite_id=invited(tx, "c1"), state=EffectState.WAITING, sentence="Later."
        )
        assert interview_reads.invites(tx, "acme")[0].problem == holds.EARLIER


def test_attempts_are_told_in_the_order_of_sending(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        one = pushed(tx)
        for minute, state in ((1, EffectState.WAITING), (2, EffectState.CONFIRMED)):
            effect = outbox.get(tx, one)
            outbox.claim(tx, effect, agent_id="a", fence=1, member_id=None, now=after(minute))
            outbox.settle(tx, outbox.get(tx, one), state, now=after(minute), status=200 + minute)
        found = [(a.number, a.outcome, a.status) for a in interview_reads.attempts(tx, [one])]
    assert found == [(1, "waiting", 201), (2, "confirmed", 202)]


def test_today_counts_from_midnight_and_only_completed_interviews_as_results(ledger: Ledger) -> None:
    midnight = NOON.replace(hour=0)
    with ledger.write() as tx:
        account(tx)
        invited(tx, "c1", invited_at=midnight, state="completed", ended_at=NOON)
        invited(tx, "c2", invited_at=midnight - timedelta(seconds=1), state="expired", ended_at=NOON)
        invited(tx, "c3", invited_at=NOON, state="pending")
        for state in ("parked", "failed", "unknown", "planned", "waiting"):
            pushed(tx, state=EffectState(state))
        told = interview_reads.counts(tx, "acme", NOON)
        assert interview_reads.today(tx, NOON) == {"acme": interview_reads.Today(2, 1)}
    assert (told.invited_today, told.results_today) == (2, 1)
    assert (told.waiting, told.parked, told.failed, told.unknown) == (2, 1, 1, 1)


def test_a_mapping_of_the_default_concerns_the_live_jobs_that_follow_it(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        seen(tx, "Applied", at=NOON)
        seen(tx, "Screen", at=after(1))
        told = interview_reads.reach(tx, "acme", "", "Screen", after(2))
        assert (told.now, told.recently, told.jobs) == (7, 1, 2)
        mapped(tx, "J1")
        assert interview_reads.reach(tx, "acme", "", "Screen", after(2)) == interview_reads.Reach(
            2, 0, 1, NOON
        )
        assert interview_reads.reach(tx, "acme", "J1", "Screen", after(2)).recently == 1
        assert interview_reads.reach(tx, "acme", "J1", "Screen", NOON + 31 * DAY).recently == 0


def test_entries_are_counted_since_the_first_reading_while_that_is_less_than_thirty_days_ago(
    ledger: Ledger,
) -> None:
    with ledger.write() as tx:
        account(tx)
        assert interview_reads.reach(tx, "acme", "", "Screen", NOON + 29 * DAY).since == NOON
        assert interview_reads.reach(tx, "acme", "", "Screen", NOON + 31 * DAY).since is None
        accounts.baseline(tx, "acme", NOON + 3 * DAY)
        assert interview_reads.reach(tx, "acme", "", "Screen", NOON + 31 * DAY).since == NOON + 3 * DAY
        assert interview_reads.reach(tx, "acme", "", "Screen", NOON + 33 * DAY).since is None


def test_the_current_mapping_of_each_job_is_told_whole(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        mapped(tx)
        mapped(tx, "J1", None)
        mapped(tx, "J1", "s3")
        found = interview_reads.rules(tx, "acme")
    assert {job: (rule.version, rule.template_id) for job, rule in found.items()} == {
        "": (1, "t1"),
        "J1": (2, "t1"),
    }


def test_an_explanation_holds_nothing_that_people_said_or_are_called(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx, result={"summary": SECRET}, interview_url=f"https://example.com/{SECRET}")
        pushed(tx, invite_id=invite)
        assert SECRET not in repr(interview_reads.explain(tx, "acme", "c1"))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("pending", "has not begun the interview yet"),
        ("completed", "has completed the interview with a score of 70"),
        ("bounced", "could not be delivered"),
        ("cancelled", "was cancelled"),
    ],
)
def test_who_was_invited_is_told_when_and_how_it_went(ledger: Ledger, state: str, told: str) -> None:
    with ledger.write() as tx:
        account(tx)
        invited(tx, state=state, invited_at=NOON, score=70)
        found = answer(tx)
    assert found.startswith("Invited on 02 Mar 2026 12:00 UTC for reaching “Screen” in Baker")
    assert told in found


@pytest.mark.parametrize(
    ("invite", "push", "told"),
    [
        ("planned", "planned", "about to be sent"),
        ("planned", "sending", "being sent now"),
        ("planned", "parked", "waits for a person. The reason."),
        ("planned", "unknown", "looked for on the platform"),
        ("planned", "waiting", "tried again by itself. The reason."),
        ("planned", "failed", "could not be sent. The reason."),
        ("dropped", "cancelled", "was dropped. The reason."),
    ],
)
def test_an_invite_that_was_not_sent_tells_what_holds_it(
    ledger: Ledger, invite: str, push: str, told: str
) -> None:
    with ledger.write() as tx:
        account(tx)
        pushed(tx, state=EffectState(push), invite_id=invited(tx, state=invite), sentence="The reason.")
        assert told in answer(tx)


def test_who_was_decided_not_to_be_invited_is_told_the_reason_of_the_last_entry(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        decided(tx, "not_invited", "The candidate is disqualified.")
        assert answer(tx).startswith("Not invited. The candidate is disqualified.")


def test_a_former_id_leads_to_the_same_answer(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        decided(tx, "not_invited", "The candidate is disqualified.", candidate_id="old")
        decisions.follow(tx, "acme", "old", "c1", NOON)
        assert interview_reads.explain(tx, "acme", "old").known_as == ["c1", "old"]
        assert "disqualified" in answer(tx, "old")
        assert "disqualified" in answer(tx, "c1")


def test_an_unknown_id_is_told_to_be_unknown(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        assert "No candidate nobody has been seen" in answer(tx, "nobody")


def test_a_deleted_candidate_is_told_to_be_deleted(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        seen(tx, "Applied")
        events.forget(tx, "acme", ["c1"], after(1))
        assert "deleted in Workable" in answer(tx)


def test_without_a_mapping_the_answer_is_that_nothing_is_mapped(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        seen(tx, "Screen")
        assert "no stage of Baker starts an interview" in answer(tx)
        mapped(tx)
        mapped(tx, "J1", None)
        assert "no stage of Baker starts an interview" in answer(tx)


def test_an_account_that_is_not_synced_is_the_reason(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        seen(tx, "Screen")
        accounts.set_state(tx, "acme", AccountState.RECONNECT, None, NOON)
        assert "not synced" in answer(tx)


def test_a_candidate_of_the_talent_pool_is_told_so(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        mapped(tx)
        seen(tx, "Screen", job=None)
        assert "talent pool" in answer(tx)


def test_who_entered_before_the_mapping_counted_is_told_since_when_it_counts(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        seen(tx, "Applied", at=NOON)
        seen(tx, "Screen", at=after(1))
        mapped(tx, at=after(2))
        assert "before that counted" in answer(tx)
        assert "count since 02 Mar 2026 12:02 UTC" in answer(tx)


def test_who_was_in_the_stage_from_the_beginning_is_told_so(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        seen(tx, "Screen", at=NOON - timedelta(hours=1))
        mapped(tx)
        assert "when the account was first read" in answer(tx)


def test_who_never_reached_the_stage_is_told_where_they_are(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        mapped(tx)
        seen(tx, "Applied", at=after(1))
        looked_at(tx)
        assert "is in “Applied” and was never seen to reach “Screen”" in answer(tx)


def test_a_renamed_stage_goes_by_its_present_name(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        mapped(tx)
        stages = schema.board_stages
        tx.execute(stages.update().where(stages.c.stage_id == "s2").values(name="Phone call"))
        seen(tx, "Applied", at=after(1))
        looked_at(tx)
        assert "reach “Phone call”" in answer(tx)


def test_a_look_that_waits_is_told_and_why_it_failed_so_far(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        mapped(tx)
        seen(tx, "Screen", at=after(1))
        assert "being looked at now" in answer(tx)
        look = looks.due(tx, "acme", after(9))[0]
        assert isinstance(look, Look)
        looks.postpone(tx, look, after(10), "Workable answered 503.")
        assert answer(tx).startswith("Not decided yet: the timeline could not be read so far")
        assert "Workable answered 503." in answer(tx)


def test_what_was_decided_before_is_told_while_it_is_looked_at_again(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        mapped(tx)
        decided(tx, "not_invited", "The job is a draft.")
        seen(tx, "Screen", at=after(1))
        assert "The job is a draft." in answer(tx)
        assert "looked at again now" in answer(tx)


def test_templates_that_are_gone_come_last(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for name, gone in (("A", NOON), ("B", None)):
            values = {"template_id": name, "name": name, "seen_at": NOON, "gone_at": gone}
            tx.execute(schema.templates.insert().values(**values))
        assert [(t.name, t.gone_at) for t in interview_reads.templates(tx)] == [("B", None), ("A", NOON)]


def test_pushes_of_other_kinds_do_not_tell_what_holds_an_invite(ledger: Ledger) -> None:
    with ledger.write() as tx:
        account(tx)
        invite = invited(tx)
        pushed(tx, EffectKind.RATING, EffectState.FAILED, invite_id=invite, sentence="No rights.")
        assert interview_reads.invites(tx, "acme")[0].problem is None
