"""Who is invited and who is not: stage entries decided from the activities, each once and with its reason."""

import pytest

from agent.flows import account as turns
from agent.flows.candidates import WalkKind
from agent.flows.trial import trial
from storage.ledger import schema
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    """An account that was read completely, with 'Phone Screen' mapped."""
    made = make_interviews()
    made.map()
    return made


def _reasons(rig: InterviewRig, *candidate_ids: str) -> list[str]:
    return [decision.reason for decision in rig.decisions(*candidate_ids)]


def test_a_candidate_who_reaches_the_mapped_stage_is_invited_once(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.go_on()
    assert rig.interviews() == []
    rig.move(somebody)
    rig.go_on()
    (interview,) = rig.interviews()
    assert interview["candidate"]["email"] == rig.running.world.account("acme").candidate(somebody).email
    assert (interview["template_id"], interview["job_shortcode"]) == ("tpl-general", rig.job())
    (invite,) = rig.invited(somebody)
    assert (invite.interview_id, invite.external_id, invite.state) == (
        interview["id"],
        interview["external_id"],
        "pending",
    )
    (note,) = rig.timeline(somebody, "comment")
    assert invite.interview_url is not None
    assert invite.interview_url in note["body"]
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert len(rig.timeline(somebody, "comment")) == 1


def test_a_candidate_created_in_the_mapped_stage_is_invited(rig: InterviewRig) -> None:
    rig.candidate(stage="phone-screen")
    rig.go_on()
    assert len(rig.interviews()) == 1


@pytest.mark.parametrize(("trigger", "invited"), [("moved", 1), ("created", 0)])
def test_a_mapping_may_count_only_moves_or_only_creations(
    rig: InterviewRig, trigger: str, invited: int
) -> None:
    rig.map(trigger=trigger)
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    assert len(rig.interviews()) == invited
    assert _reasons(rig, somebody) == (["invited"] if invited else ["other_trigger"])


def test_b01_connecting_a_first_sync_a_test_sync_and_a_backfill_invite_nobody(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews(synced=False)
    with rig.work() as work:
        turns.poll(work, every=None)  # learns the stages
    rig.map()
    with rig.work() as work:
        turns.walk(work, WalkKind.FIRST, lambda _rows, _newest: None)
        trial(work)
        turns.walk(work, WalkKind.BACKFILL, lambda _rows, _newest: None)
    rig.go_on()
    assert rig.interviews() == []
    assert rig.changes() == []


def test_b01_whoever_is_in_the_stage_when_the_mapping_is_saved_is_not_invited(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews()
    somebody = rig.candidate()
    rig.move(somebody)
    rig.map()
    rig.running.world.account("acme").edit(somebody, {"headline": "New"})
    rig.clock.forward(seconds=2)
    rig.go_on()
    assert rig.interviews() == []
    assert rig.decisions(somebody) == []


def test_b03_who_comes_back_to_the_stage_is_not_invited_again(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    for _ in range(3):
        rig.move(somebody)
        rig.go_on()
        rig.move(somebody, "applied")
        rig.go_on()
    rig.clock.forward(minutes=20)
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, somebody) == ["invited", "already_invited", "already_invited"]


def test_b04_a_stage_left_again_between_two_polls_was_entered_all_the_same(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.go_on()
    for _ in range(2):
        rig.move(somebody)
        rig.move(somebody, "applied")
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, somebody) == ["invited", "already_invited"]


def test_b04_two_moves_within_one_second_are_both_seen(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.go_on()
    account = rig.running.world.account("acme")
    for stage in ("phone-screen", "applied", "phone-screen", "applied"):
        account.move(somebody, stage)
    rig.clock.forward(seconds=2)
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, somebody) == ["invited", "already_invited"]


def test_b04_moves_in_the_second_in_which_the_row_was_read_are_not_missed(rig: InterviewRig) -> None:
    """The row of a poll and the moves after it carry the same `updated_at`."""
    account = rig.running.world.account("acme")
    somebody = rig.candidate()
    rig.go_on()
    rig.clock.forward(seconds=1 - rig.clock.unix() % 1)
    account.edit(somebody, {"headline": "New"})
    rig.poll()
    second = account.candidate(somebody).updated_at
    account.move(somebody, "phone-screen")
    account.move(somebody, "applied")
    assert account.candidate(somebody).updated_at == second
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_b05_one_person_in_two_jobs_has_two_interviews_unless_the_account_says_otherwise(
    rig: InterviewRig,
) -> None:
    account = rig.running.world.account("acme")
    first = rig.candidate()
    second = rig.running.world.account("acme").copy(first, _other_job(rig))
    rig.clock.forward(seconds=2)
    for one in (first, f"{second.id:x}"):
        account.move(one, "phone-screen")
    rig.clock.forward(seconds=2)
    rig.go_on()
    assert len(rig.interviews()) == 2


def test_b05_an_account_may_invite_an_address_once_in_so_many_days(rig: InterviewRig) -> None:
    rig.account_setting(days_between_invites=30)
    account = rig.running.world.account("acme")
    first = rig.candidate()
    second = f"{account.copy(first, _other_job(rig)).id:x}"
    rig.clock.forward(seconds=2)
    for one in (first, second):
        rig.move(one)
        rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, second) == ["invited_elsewhere"]
    rig.clock.forward(days=31)
    third = f"{account.copy(first, _other_job(rig)).id:x}"
    rig.clock.forward(seconds=2)
    rig.move(third)
    rig.go_on()
    assert len(rig.interviews()) == 2


def test_b06_a_relocated_candidate_is_followed_and_not_invited_again(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    new = f"{account.relocate(somebody, _other_job(rig), stage='phone-screen').id:x}"
    rig.clock.forward(seconds=2)
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, new)[-1] == "already_invited"
    rig.running.world.platform.complete(rig.interviews()[0]["id"], score=80)
    rig.go_on()
    assert len(rig.timeline(new, "rating")) == 1, "the result goes to where the candidate is now"


def test_b06_a_candidate_relocated_right_after_the_entry_is_judged_in_the_new_job(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    somebody = rig.candidate()
    rig.go_on()
    account.move(somebody, "phone-screen")
    new = f"{account.relocate(somebody, _other_job(rig), stage='phone-screen').id:x}"
    rig.clock.forward(seconds=2)
    rig.go_on()
    (interview,) = rig.interviews()
    assert interview["job_shortcode"] == _other_job(rig)
    assert [invite.candidate_id for invite in rig.invited(new)] == [new]


def test_b07_who_cannot_be_invited_is_parked_with_the_reason(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    turned_down, forgotten, elsewhere = (rig.candidate() for _ in range(3))
    hired = rig.candidate()
    for one in (turned_down, forgotten, elsewhere, hired):
        account.move(one, "phone-screen")
    account.disqualify(turned_down, reason="Not a fit")
    account.anonymize(forgotten)
    account.move(hired, "hired")
    rig.clock.forward(seconds=2)
    account.set_job_state(rig.job(), "archived")
    account.set_job_state(_other_job(rig), "published")
    rig.go_on()
    assert rig.interviews() == []
    assert _reasons(rig, turned_down, forgotten, elsewhere, hired)


def test_b08_a_renamed_stage_still_triggers(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    account.rename_stage(rig.job(), "phone-screen", "First call")
    rig.clock.forward(hours=7)  # pipelines are read again
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert "stage_drift" not in rig.problems()


def test_b09_a_deleted_stage_pauses_its_job_and_says_so(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    account.delete_stage(rig.job(), "phone-screen", move_to="applied")
    rig.clock.forward(hours=7)
    somebody = rig.candidate(stage="assessment")
    rig.go_on()
    rig.go_on()
    assert rig.interviews() == []
    assert "Triggers paused" in rig.problems()["stage_drift"]
    assert rig.decisions(somebody) == []


def test_b12_an_entry_seen_too_late_is_asked_about_and_not_sent(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.move(somebody)
    rig.clock.forward(hours=25)
    rig.go_on()
    assert rig.interviews() == []
    (effect, note) = rig.effects(somebody)
    assert (effect.state, effect.reason) == ("parked", "too_old")
    assert note.state == "planned"
    rig.retry(effect.effect_id)
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_a_mapping_of_a_job_counts_before_the_accounts_default(rig: InterviewRig) -> None:
    rig.map("interview", rig.job(), template_id="tpl-tech")
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    assert rig.interviews() == []
    rig.move(somebody, "interview")
    rig.go_on()
    assert [one["template_id"] for one in rig.interviews()] == ["tpl-tech"]


def test_an_entry_is_judged_by_the_mapping_that_counted_when_it_happened(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.go_on()
    rig.move(somebody)
    rig.map(template_id="tpl-tech")
    rig.go_on()
    assert [one["template_id"] for one in rig.interviews()] == ["tpl-general"]


def test_a_mapping_that_was_switched_off_invites_nobody_any_more(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.go_on()
    rig.move(somebody)
    rig.poll()
    rig.map(None)
    rig.go_on()
    assert rig.interviews() == []
    assert _reasons(rig, somebody) == ["switched_off"]


def test_clocks_that_differ_do_not_shift_what_counts(make_interviews: MakeInterviews) -> None:
    rig = make_interviews(switches={"clock_skew": -300.0})
    rig.map()
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    assert len(rig.interviews()) == 1


def test_every_decision_tells_its_reason_in_a_sentence(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    rows = rig.from_ledger(lambda tx: tx.execute(schema.decisions.select()).mappings().all())
    assert rows
    assert all(row["reason"] and row["sentence"].endswith(".") for row in rows)


def _other_job(rig: InterviewRig) -> str:
    jobs = rig.running.world.account("acme").jobs.values()
    return next(
        job.shortcode
        for job in jobs
        if job.state in ("published", "closed") and not job.sample and job.shortcode != rig.job()
    )


def test_a_dropped_invite_that_never_left_does_not_keep_a_later_entry_out(rig: InterviewRig) -> None:
    somebody = rig.candidate()
    rig.move(somebody)
    rig.clock.forward(hours=25)
    rig.go_on()
    (invite, _note) = rig.effects(somebody)
    rig.drop(invite.effect_id)
    rig.move(somebody, "applied")
    rig.move(somebody)
    rig.clock.forward(minutes=20)
    rig.go_on()
    assert len(rig.interviews()) == 1
    assert _reasons(rig, somebody) == ["too_old", "invited"]


def test_b06_a_candidate_relocated_into_a_job_without_a_mapping_still_gets_the_result(
    rig: InterviewRig,
) -> None:
    account = rig.running.world.account("acme")
    somebody = rig.candidate()
    rig.move(somebody)
    rig.go_on()
    rig.clock.forward(seconds=20)
    rig.map(None, _other_job(rig))
    new = f"{account.relocate(somebody, _other_job(rig)).id:x}"
    rig.clock.forward(seconds=2)
    rig.go_on()
    rig.running.world.platform.complete(rig.interviews()[0]["id"], score=80)
    rig.go_on()
    assert len(rig.timeline(new, "rating")) == 1, [
        (e.kind, e.state, e.sentence, e.candidate_id) for e in rig.effects(new, somebody)
    ]
