"""The mapping editor: stages are chosen by name, saved by id, and watched for what becomes of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard import interview_words as told
from dashboard import stages, words
from storage.interview_reads import Reach
from storage.ledger import board, mappings, schema
from storage.ledger.board import BoardJob, BoardStage
from storage.ledger.database import Ledger
from storage.ledger.mappings import DEFAULT, MappingProblem
from tests.dashboard.visits import add, customer, rows, shown

NOW = datetime.now(UTC)
APPLIED, SCREEN, OFFER = ("s1", "applied", "Applied"), ("s2", "screen", "Screen"), ("s3", "offer", "Offer")
ANOTHER = ("s9", "task", "Take-home task")


def pipeline(job: str, *chosen: tuple[str, str, str]) -> list[BoardStage]:
    return [BoardStage(job, sid, slug, name, "x", i) for i, (sid, slug, name) in enumerate(chosen)]


@pytest.fixture
def account(ledger: Ledger) -> Ledger:
    """`ant` with the jobs J1 (the default pipeline) and J2 (one of its own); nothing is mapped."""
    add(ledger, "ant", "connected")
    with ledger.write() as tx:
        jobs = [BoardJob(f"J{n}", f"Job {n}", "published", None, False, 3, {"Applied": 3}) for n in (1, 2)]
        usual = (APPLIED, SCREEN, OFFER)
        all_stages = pipeline("", *usual) + pipeline("J1", *usual) + pipeline("J2", APPLIED, ANOTHER)
        board.replace(tx, "ant", jobs, all_stages)
    return ledger


def mapped(ledger: Ledger, job: str, stage_id: str | None) -> None:
    with ledger.write() as tx:
        mappings.save(tx, "ant", job, stage_id, actor="ann@example.com", now=NOW)


def current(ledger: Ledger) -> dict[str, Any]:
    found = rows(ledger, schema.mappings)
    return {row["job_shortcode"]: row["stage_id"] for row in found if row["replaced_at"] is None}


def save(ledger: Ledger, draft: dict[str, str]) -> None:
    with ledger.write() as tx:
        found = stages.load(tx, "ant")
        stages.save(tx, "ant", found, draft, actor="local operator", now=NOW)


def notices(ledger: Ledger) -> list[stages.Notice]:
    with ledger.read() as tx:
        return stages.notices(stages.load(tx, "ant"))


def test_the_default_is_chosen_by_name_and_saved_by_stage_id_with_an_audit_entry(account: Ledger) -> None:
    page = customer("ant")
    page.selectbox[0].select("Screen").run()
    assert page.button(key="save_mapping").label == "Save 1 change"
    page.button(key="save_mapping").click().run()

    assert current(account) == {"": "s2"}
    last = rows(account, schema.audit)[-1]
    assert (last["actor"], last["action"]) == ("local operator", "mapping.saved")
    assert words.SAVED in page.caption[-1].value
    assert page.button(key="save_mapping").disabled


def test_a_job_s_own_stage_is_saved_by_the_id_it_has_in_that_job(account: Ledger) -> None:
    page = customer("ant")
    page.session_state["mapping_drafts"] = {"ant": {"J2": "Take-home task"}}
    page.run()
    page.button(key="save_mapping").click().run()

    assert current(account) == {"J2": "s9"}


def test_a_draft_is_kept_and_marked_until_it_is_discarded(account: Ledger) -> None:
    page = customer("ant")
    page.session_state["mapping_drafts"] = {"ant": {"J2": "Take-home task"}}
    page.run()
    table = page.dataframe[-1].value
    assert list(table["rule"].iloc[1]) == [words.RULE_UNSAVED]

    page.button(key="discard_mapping").click().run()

    assert page.button(key="save_mapping").disabled
    assert current(account) == {}


def test_choosing_what_is_saved_already_is_no_change(account: Ledger) -> None:
    mapped(account, "", "s2")
    page = customer("ant")
    page.selectbox[0].select("Offer").run()
    page.selectbox[0].select("Screen").run()

    assert page.button(key="save_mapping").disabled


def test_a_stage_that_the_job_does_not_have_is_refused_and_nothing_is_saved(account: Ledger) -> None:
    page = customer("ant")
    page.session_state["mapping_drafts"] = {"ant": {"J1": "Offer", "J2": "Offer"}}
    page.run()
    page.button(key="save_mapping").click().run()

    assert "Job 2" in page.error[-1].value.replace("\\", "")
    assert current(account) == {}
    assert page.button(key="save_mapping").label == "Save 2 changes"


def test_a_stage_that_went_while_the_page_was_open_is_refused(account: Ledger) -> None:
    with account.read() as tx:
        found = stages.load(tx, "ant")
    with account.write() as tx:
        board.replace(tx, "ant", [], pipeline("J1", APPLIED))

    with pytest.raises(MappingProblem, match="no longer"), account.write() as tx:
        stages.save(tx, "ant", found, {"J1": "Offer"}, actor="local operator", now=NOW)


def test_a_job_without_known_stages_says_to_wait(account: Ledger) -> None:
    with account.write() as tx:
        board.replace(tx, "ant", [], pipeline("", APPLIED))

    with pytest.raises(MappingProblem, match="not known yet"):
        save(account, {"J1": "Offer"})


def test_no_stage_and_following_the_default_are_different_choices(account: Ledger) -> None:
    mapped(account, "J1", "s2")
    save(account, {"J1": stages.NOBODY})
    assert current(account) == {"J1": None}

    save(account, {"J1": stages.FOLLOW})
    assert current(account) == {}


def test_what_is_saved_is_what_the_editor_shows(account: Ledger) -> None:
    mapped(account, "", "s2")
    mapped(account, "J1", None)
    mapped(account, "J2", "s9")
    with account.read() as tx:
        found = stages.load(tx, "ant")

    assert [stages.saved_choice(found, job) for job in ("", "J1", "J2", "J3")] == [
        "Screen",
        stages.NOBODY,
        "Take-home task",
        stages.FOLLOW,
    ]


def test_two_stages_of_one_name_are_told_apart(account: Ledger) -> None:
    with account.write() as tx:
        board.replace(
            tx, "ant", [], pipeline("J1", APPLIED, ("s7", "call-1", "Call"), ("s8", "call-2", "Call"))
        )
    save(account, {"J1": "Call (call-2)"})

    assert current(account) == {"J1": "s8"}


def test_a_stage_that_is_named_like_a_choice_is_told_apart(account: Ledger) -> None:
    with account.write() as tx:
        board.replace(tx, "ant", [], pipeline("J1", ("s7", "usual", words.ACCOUNT_DEFAULT)))
    save(account, {"J1": f"{words.ACCOUNT_DEFAULT} (usual)"})

    assert current(account) == {"J1": "s7"}


def test_a_mapped_stage_that_is_gone_is_told_as_trouble(account: Ledger) -> None:
    mapped(account, "J2", "s9")
    with account.write() as tx:
        board.replace(tx, "ant", [], pipeline("J2", APPLIED))
    page = shown(customer("ant"))

    assert [n.is_trouble for n in notices(account)] == [True]
    assert "no longer a stage" in notices(account)[0].sentence
    assert "no longer a stage" in page


def test_a_mapped_stage_that_was_renamed_is_told_and_is_no_trouble(account: Ledger) -> None:
    mapped(account, "J2", "s9")
    with account.write() as tx:
        board.replace(tx, "ant", [], pipeline("J2", APPLIED, ("s9", "task", "Case study")))

    assert [n.is_trouble for n in notices(account)] == [False]
    assert "is now called “Case study”" in notices(account)[0].sentence


def test_a_live_job_that_lacks_the_default_s_stage_is_counted(account: Ledger) -> None:
    mapped(account, DEFAULT, "s2")

    assert [n.is_trouble for n in notices(account)] == [True]
    assert "1 job" in notices(account)[0].sentence


def test_that_nobody_is_invited_yet_is_told_while_no_stage_is_chosen(account: Ledger) -> None:
    mapped(account, "J2", None)

    assert [n.sentence for n in notices(account)] == [words.NOTHING_MAPPED]


def test_nothing_is_told_when_every_mapped_stage_is_there(account: Ledger) -> None:
    mapped(account, "", "s1")
    mapped(account, "J2", "s9")

    assert notices(account) == []


def test_whom_a_stage_concerns_is_counted_since_the_connecting_of_a_young_account() -> None:
    day = datetime(2026, 3, 2, 12, tzinfo=UTC)

    assert told.reach(Reach(0, 1, 2, day), "Screen", "", "") == (
        "“Screen” in 2 jobs: nobody is there now. 1 reached it since the account was connected on 02 Mar 2026."
    )
    assert told.reach(Reach(2, 1200, 1), "Screen", "J1", "Cook") == (
        "“Screen” in “Cook”: 2 candidates are there now and will not be invited. "
        "1,200 reached it in the last 30 days."
    )


def test_jobs_with_a_stage_of_their_own_are_counted(account: Ledger) -> None:
    assert "0 of 2 jobs with a stage of their own." in shown(customer("ant"))
