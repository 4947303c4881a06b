"""How an interview goes: what the form shows, what it saves, and what keeps people from being invited."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard import interview_words as told
from dashboard import rules, words
from storage.ledger import board, mappings, schema
from storage.ledger.board import BoardJob, BoardMember, BoardStage
from storage.ledger.database import Ledger
from storage.ledger.mappings import DEFAULT, Changes, MappedStage, MappingProblem, Rule
from tests.dashboard.visits import add, customer, rows, shown

NOW = datetime.now(UTC)
STAGES = (("s1", "applied", "Applied"), ("s2", "screen", "Screen"), ("s3", "offer", "Offer"))
ANN, BO, CY = (
    BoardMember("m1", "Ann Lee", "admin", True),
    BoardMember("m2", "Bo Roe", "simple", True),
    BoardMember("m3", "Cy Old", "simple", False),
)


@pytest.fixture
def account(ledger: Ledger) -> Ledger:
    """`ant` with two jobs of three stages, two templates (one is gone) and three members (one inactive)."""
    add(ledger, "ant", "connected")
    jobs = [BoardJob(f"J{n}", f"Job {n}", "published", None, False, 9, {"Screen": 5}) for n in (1, 2)]
    stages = [
        BoardStage(job, f"{job or 'd'}-{stage_id}", slug, name, "x", place)
        for job in ("", "J1", "J2")
        for place, (stage_id, slug, name) in enumerate(STAGES)
    ]
    with ledger.write() as tx:
        board.replace(tx, "ant", jobs, stages, [ANN, BO, CY])
        for key, name, gone in (("t1", "First talk", None), ("t2", "Old talk", NOW)):
            values = {"template_id": key, "name": name, "seen_at": NOW, "gone_at": gone}
            tx.execute(schema.templates.insert().values(**values))
    return ledger


def mapped(ledger: Ledger, job: str = DEFAULT, stage: str | None = "s2", **changes: Any) -> None:
    at = NOW - timedelta(hours=1)
    with ledger.write() as tx:
        stage_id = stage and f"{job or 'd'}-{stage}"
        mappings.save(tx, "ant", job, stage_id, Changes(**changes), actor="ann@example.com", now=at)


def current(ledger: Ledger, job: str = DEFAULT) -> Rule:
    with ledger.read() as tx:
        found = mappings.current(tx, "ant", job)
    assert found is not None
    return found


def notices(ledger: Ledger) -> list[str]:
    with ledger.read() as tx:
        found = rules.notices(rules.load(tx, "ant"), {"J1": "Job 1"})
    assert all(notice.is_trouble for notice in found)
    return [notice.sentence for notice in found]


def test_what_is_chosen_in_the_form_is_saved_and_the_rest_is_kept(account: Ledger) -> None:
    mapped(account, template_id="t1", pass_stage="d-s3", scale="thumbs")
    page = customer("ant")
    key = "rule_ant__0"
    page.selectbox(key=f"{key}_trigger").select("moved").run()
    page.selectbox(key=f"{key}_member_id").select("m2").run()
    page.number_input(key=f"{key}_pass_score").set_value(65).run()
    page.multiselect(key=f"{key}_visibility").select("admin").run()
    page.toggle(key=f"{key}_notes_ends").set_value(True).run()
    page.text_input(key=f"{key}_thresholds_thumbs").set_value("30, 60").run()
    assert page.button(key="save_mapping").label == "Save 6 changes"
    page.button(key="save_mapping").click().run()

    rule = current(account)
    assert (rule.trigger, rule.member_id, rule.pass_score) == ("moved", "m2", 65)
    assert (rule.visibility, rule.notes_ends, rule.thresholds) == (("admin",), True, (30, 60))
    assert (rule.template_id, rule.scale) == ("t1", "thumbs")
    assert rule.pass_stage == MappedStage("d-s3", "offer", "x", "Offer")
    assert rule.stage is not None
    assert rule.stage.name == "Screen"
    assert page.button(key="save_mapping").disabled


def test_what_was_changed_and_not_saved_survives_another_tab_and_can_be_discarded(account: Ledger) -> None:
    mapped(account, template_id="t1")
    page = customer("ant")
    page.selectbox(key="rule_ant__0_trigger").select("created").run()
    page.session_state["tab"] = "Runs"
    page.run()
    page.session_state["tab"] = "Stage mapping"
    page.run()
    assert page.selectbox(key="rule_ant__0_trigger").value == "created"
    page.button(key="discard_mapping").click().run()

    assert page.selectbox(key="rule_ant__1_trigger").value == "both"
    assert current(account).trigger == "both"


def test_choosing_what_is_saved_already_in_the_form_is_no_change(account: Ledger) -> None:
    mapped(account, template_id="t1")
    page = customer("ant")
    page.selectbox(key="rule_ant__0_trigger").select("created").run()
    page.selectbox(key="rule_ant__0_trigger").select("both").run()

    assert page.button(key="save_mapping").disabled


def test_a_job_gets_a_form_of_its_own_once_a_stage_is_chosen_for_it(account: Ledger) -> None:
    mapped(account, template_id="t1", pass_stage="d-s3")
    page = customer("ant")
    assert page.selectbox(key="rule_scope_ant").options == [told.ACCOUNT_DEFAULT]
    page.session_state["mapping_drafts"] = {"ant": {"J2": "Screen"}}
    page.run()
    page.selectbox(key="rule_scope_ant").select("J2").run()
    assert page.selectbox(key="rule_ant_J2_0_pass_stage").value == "J2-s3"  # the default's, in this pipeline
    page.selectbox(key="rule_ant_J2_0_fail_stage").select("J2-s1").run()
    page.button(key="save_mapping").click().run()

    rule = current(account, "J2")
    assert rule.fail_stage == MappedStage("J2-s1", "applied", "x", "Applied")
    assert rule.template_id == "t1"
    assert current(account).fail_stage is None


def test_thresholds_that_are_no_numbers_are_refused_with_a_sentence(account: Ledger) -> None:
    mapped(account, template_id="t1")
    page = customer("ant")
    page.text_input(key="rule_ant__0_thresholds_stars").set_value("low, high").run()
    page.button(key="save_mapping").click().run()

    assert "low, high" in page.error[-1].value.replace("\\", "")
    assert current(account).version == 1
    assert page.button(key="save_mapping").label == "Save 1 change"


def test_another_scale_begins_without_thresholds(account: Ledger) -> None:
    mapped(account, template_id="t1", thresholds=(20, 40, 60, 80))
    page = customer("ant")
    assert page.text_input(key="rule_ant__0_thresholds_stars").value == "20, 40, 60, 80"
    page.selectbox(key="rule_ant__0_scale").select("thumbs").run()
    assert page.text_input(key="rule_ant__0_thresholds_thumbs").value == ""
    page.button(key="save_mapping").click().run()

    assert (current(account).scale, current(account).thresholds) == ("thumbs", None)


def test_before_a_stage_is_saved_it_is_told_whom_that_concerns(account: Ledger) -> None:
    mapped(account, "J1", "s2", template_id="t1")
    with account.write() as tx:
        for candidate, days in (("c1", 3), ("c2", 29), ("c3", 31)):
            values = {
                "candidate_id": candidate,
                "kind": "moved",
                "job_shortcode": "J2",
                "from_stage": "Applied",
            }
            at = NOW - timedelta(days=days)
            tx.execute(
                schema.events.insert().values(
                    account_id="ant", to_stage="Screen", occurred_at=at, seen_at=at, **values
                )
            )
    page = customer("ant")
    page.selectbox[0].select("Screen").run()

    sentence = "“Screen” in 1 job: 5 candidates are there now and will not be invited. 2 reached it"
    assert sentence in page.info[-1].value.replace("\\", "")
    page.button(key="discard_mapping").click().run()
    assert not any(sentence in info.value.replace("\\", "") for info in page.info)


def test_ending_a_mapping_says_that_nobody_is_invited_any_more(account: Ledger) -> None:
    mapped(account, "J1", "s2", template_id="t1")
    page = customer("ant")
    page.session_state["mapping_drafts"] = {"ant": {"J1": words.NO_STAGE}}
    page.run()

    assert "“Job 1”: nobody is invited any more." in page.info[-1].value.replace("\\", "")


def test_a_mapping_without_an_interview_or_a_member_says_what_does_not_happen(account: Ledger) -> None:
    mapped(account)
    told_now = notices(account)

    assert told_now == [
        told.TEMPLATE_MISSING.format(where="the account default"),
        told.MEMBER_MISSING.format(where="the account default"),
    ]
    assert "no interview is chosen" in shown(customer("ant"))


def test_nothing_is_missing_once_interview_and_member_are_chosen(account: Ledger) -> None:
    mapped(account, template_id="t1", member_id="m1")

    assert notices(account) == []


def test_a_mapping_without_a_stage_misses_nothing(account: Ledger) -> None:
    mapped(account, DEFAULT, None)

    assert notices(account) == []


def test_an_interview_that_the_platform_no_longer_has_is_trouble(account: Ledger) -> None:
    mapped(account, template_id="t2", member_id="m1")

    assert notices(account) == [told.TEMPLATE_GONE.format(where="the account default", name="Old talk")]


@pytest.mark.parametrize(("fallback", "count"), [(None, 1), ("m2", 0), ("m3", 1)])
def test_a_member_who_has_left_is_trouble_unless_another_takes_over(
    account: Ledger, fallback: str | None, count: int
) -> None:
    mapped(account, "J1", template_id="t1", member_id="m3", fallback_member_id=fallback)

    assert notices(account) == [told.MEMBER_INACTIVE.format(name="Cy Old", where="“Job 1”")] * count


def test_a_platform_that_was_never_read_is_told_instead_of_a_missing_choice(account: Ledger) -> None:
    mapped(account, member_id="m1")
    with account.write() as tx:
        tx.execute(schema.templates.delete())

    assert notices(account) == [told.PLATFORM_NOT_READ]


def test_a_template_that_is_gone_is_offered_only_while_it_is_chosen(account: Ledger) -> None:
    mapped(account, template_id="t1")
    assert (
        told.GONE.format(name="Old talk")
        not in customer("ant").selectbox(key="rule_ant__0_template_id").options
    )
    mapped(account, template_id="t2")
    assert (
        told.GONE.format(name="Old talk") in customer("ant").selectbox(key="rule_ant__0_template_id").options
    )


def test_versions_tell_who_changed_what(account: Ledger) -> None:
    mapped(account, template_id="t1")
    mapped(account, DEFAULT, "s3", member_id="m1", pass_score=70)
    mapped(account, DEFAULT, "s3")
    with account.read() as tx:
        found = rules.history(mappings.history(tx, "ant", DEFAULT), rules.load(tx, "ant"))

    assert [(row["version"], row["stage"], row["by"]) for row in found] == [
        (3, "Offer", "ann@example.com"),
        (2, "Offer", "ann@example.com"),
        (1, "Screen", "ann@example.com"),
    ]
    assert [row["what"] for row in found] == [
        told.NOTHING_CHANGED,
        "Stage: Offer; Written to Workable as: Ann Lee; Passes from: 70",
        told.FIRST_VERSION,
    ]


def test_every_role_and_choice_of_a_mapping_has_words() -> None:
    assert set(told.ROLES) == set(mappings.ROLES)
    assert set(told.SCALES) == set(mappings.GRADES)
    assert set(told.FIELDS) == set(Changes.__struct_fields__)


def test_nothing_is_saved_when_one_of_several_changes_is_refused(account: Ledger) -> None:
    mapped(account, template_id="t1")
    page = customer("ant")
    page.session_state["mapping_drafts"] = {"ant": {"J1": "Screen"}}
    page.run()
    page.selectbox(key="rule_ant__0_pass_stage").select("d-s2").run()  # where the interview starts
    page.button(key="save_mapping").click().run()

    assert "nobody can be moved there" in page.error[-1].value
    assert len(rows(account, schema.mappings)) == 1


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ({"template_id": ""}, Changes(template_id=None)),
        ({"thresholds": "20 40,60"}, Changes(thresholds=(20, 40, 60))),
        ({"thresholds": ""}, Changes(thresholds=None)),
        ({"visibility": []}, Changes(visibility=None)),
        ({"pass_score": None}, Changes(pass_score=None)),
        ({"notes_ends": False}, Changes(notes_ends=False)),
    ],
)
def test_what_the_widgets_give_becomes_what_is_saved(draft: dict[str, Any], expected: Changes) -> None:
    assert rules.changes(draft) == expected


@pytest.mark.parametrize("text", ["1.5, 2", "a", "-3", "½"])
def test_what_is_no_whole_number_is_no_threshold(text: str) -> None:
    with pytest.raises(MappingProblem, match="no thresholds"):
        rules.changes({"thresholds": text})
