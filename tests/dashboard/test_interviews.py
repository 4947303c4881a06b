"""The tabs about interviews: invites, pushes, the answer to why, and the team's access to the platform."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import actions, ui, words
from dashboard import interview_words as told
from dashboard.customer import TABS
from storage import holds, reads
from storage.ledger import accounts, board, decisions, outbox, requests, schema
from storage.ledger.board import BoardJob, BoardMember
from storage.ledger.database import Ledger
from storage.ledger.outbox import EffectKind, EffectState
from storage.ledger.requests import Kind, State
from tests.dashboard.visits import add, agent_reported, customer, rows, shown, visit
from tests.storage.interviews import SECRET, invited, pushed

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def account(ledger: Ledger) -> Ledger:
    """`ant` with one job, and an agent that lives, so that no click starts another."""
    add(ledger, "ant", "connected")
    agent_reported(ledger)
    with ledger.write() as tx:
        team = [BoardMember("m1", "Ann *Lee*", "admin", True), BoardMember("m2", "Cy Old", None, False)]
        board.replace(tx, "ant", [BoardJob("J1", "Baker", "published", None, False, 3, {})], [], team)
    return ledger


def invite(ledger: Ledger, candidate_id: str = "c1", **values: Any) -> int:
    with ledger.write() as tx:
        return invited(tx, candidate_id, account_id="ant", at=NOW - MINUTE, **values)


def push(ledger: Ledger, state: str, kind: EffectKind = EffectKind.INVITE, **other: Any) -> int:
    with ledger.write() as tx:
        return pushed(tx, kind, EffectState(state), account_id="ant", at=NOW - MINUTE, **other)


def tab(name: str, **query: str) -> AppTest:
    return customer("ant", tab=name, **query)


def states(page: AppTest) -> list[str]:
    return [state for cell in page.dataframe[-1].value["state"] for state in cell]


def effect_state(ledger: Ledger, effect_id: int) -> str:
    with ledger.read() as tx:
        return outbox.get(tx, effect_id).state


@pytest.mark.parametrize("name", TABS)
def test_every_tab_of_a_customer_without_interviews_says_so_and_has_no_error(
    account: Ledger, name: str
) -> None:
    assert not tab(name).exception


def test_without_invites_the_tab_tells_when_there_will_be_some(account: Ledger) -> None:
    assert told.NO_INVITES in shown(tab("Invites"))


def test_invites_show_state_score_and_what_holds_them(account: Ledger) -> None:
    invite(account, "c1", state="completed", invited_at=NOW, ended_at=NOW, score=81, grade="passed")
    push(account, "parked", candidate_id="c2", invite_id=invite(account, "c2"), sentence="Too old: ask.")
    page = tab("Invites")
    table = page.dataframe[-1].value

    assert states(page) == ["Planned", "Completed"]
    assert list(table["job"]) == ["Baker", "Baker"]
    assert table["problem"].iloc[0] == f"{holds.ASKED} Too old: ask."
    assert (table["score"].iloc[1], table["grade"].iloc[1]) == (81, "Passed")
    assert "1 invite sent, 1 result received" in shown(page)
    assert list(table)[:2] == ["state", "problem"]


def test_invites_can_be_narrowed_to_those_that_ended_without_a_result(account: Ledger) -> None:
    for number, state in enumerate(("pending", "completed", "bounced", "expired")):
        invite(account, f"c{number}", state=state)
    page = tab("Invites")
    page.segmented_control(key="invite_filter_ant").set_value("Ended without a result").run()

    assert states(page) == ["Expired", "Bounced"]


def test_pushes_with_a_problem_come_first_and_tell_why(account: Ledger) -> None:
    push(account, "confirmed")
    push(account, "planned", EffectKind.RATING, candidate_id="c2")
    push(account, "failed", EffectKind.MOVE, candidate_id="c3", sentence="No right to move.")
    page = tab("Pushes")
    table = page.dataframe[-1].value

    assert states(page) == ["Failed", "Due", "Done"]
    assert list(table["what"]) == ["Move to a stage", "Rating", "Invite"]
    assert list(table["why"])[:2] == ["No right to move.", told.PUSH_HINTS[EffectState.PLANNED]]
    assert list(table)[:2] == ["state", "why"]
    assert "1 failed · 0 wait for you · 0 being checked · 1 on their way" in shown(page)


def test_a_push_behind_another_of_the_same_candidate_is_not_said_to_go_out_soon(account: Ledger) -> None:
    push(account, "parked")
    push(account, "planned", EffectKind.INVITE_NOTE)
    table = tab("Pushes").dataframe[-1].value

    assert list(table["why"])[1] == holds.EARLIER


def test_every_state_and_kind_has_words() -> None:
    assert set(told.PUSH_STATES) == set(EffectState)
    assert set(told.PUSH_KINDS) == set(EffectKind)
    assert set(words.KINDS) == set(Kind)


def test_a_retried_push_is_due_again_and_stands_in_the_activity(account: Ledger) -> None:
    failed = push(account, "failed", EffectKind.RATING)
    done, problems = actions.retry([failed])

    assert (len(done), problems) == (1, [])
    assert effect_state(account, failed) == "planned"
    assert "Tried again: Rating" in list(tab("Activity").dataframe[-1].value["what"])


def test_of_several_pushes_each_is_done_by_itself(account: Ledger) -> None:
    sent, parked = push(account, "confirmed"), push(account, "parked", candidate_id="c2")
    done, problems = actions.drop([sent, parked])

    assert (len(done), len(problems)) == (1, 1)
    assert effect_state(account, parked) == "cancelled"
    assert "done already" in problems[0]


def test_an_open_invite_can_be_cancelled(account: Ledger) -> None:
    one = invite(account, state="started")
    done, problems = actions.cancel_invite(one)

    assert "asked to end the interview" in done[0]
    assert problems == []
    assert [row["kind"] for row in rows(account, schema.effects)] == ["cancel"]


def test_a_new_invite_is_asked_for_once_a_candidate(account: Ledger) -> None:
    assert actions.reinvite("ant", "c1")
    assert not actions.reinvite("ant", "c1")
    assert actions.reinvite("ant", "c2")
    filed = rows(account, schema.requests)
    assert [(row["kind"], row["subject"], row["args"]) for row in filed] == [
        ("reinvite", "c1", {"candidate_id": "c1"}),
        ("reinvite", "c2", {"candidate_id": "c2"}),
    ]


def test_sample_note_and_check_are_asked_of_the_agent(account: Ledger) -> None:
    actions.sample_card("ant", "c1")
    actions.verify("ant")

    filed = [(row["kind"], row["args"]) for row in rows(account, schema.requests)]
    assert filed == [("sample_card", {"candidate_id": "c1"}), ("verify", {})]
    assert "Sample note" in shown(customer("ant"))


def test_the_reason_is_asked_by_the_candidate_s_id(account: Ledger) -> None:
    assert told.ASK_INTRO in shown(tab(ui.WHY_TAB))
    page = tab(ui.WHY_TAB)
    page.text_input(key=ui.WHY).set_value(" NOBODY ").run()

    assert "No candidate nobody has been seen" in page.info[-1].value


def test_the_reason_stands_in_a_link(account: Ledger) -> None:
    invite(account, "c1", state="completed", invited_at=NOW, ended_at=NOW, score=81)

    assert "has completed the interview" in tab(ui.WHY_TAB, candidate="c1").info[-1].value


def test_the_reason_comes_with_everything_that_led_to_it(account: Ledger) -> None:
    one = invite(account, "c1", state="pending", invited_at=NOW)
    effect = push(account, "planned", invite_id=one)
    with account.write() as tx:
        decision = decisions.Decision(
            activity_id="a1", candidate_id="c1", kind="moved", job_shortcode="J1", stage_slug="screen",
            stage_name="Screen", entered_at=NOW, decided_at=NOW, outcome="invited", reason="invited",
            sentence="Entered the *mapped* stage.", invite_id=one,
        )  # fmt: skip
        decisions.add(tx, "ant", decision)
        outbox.claim(tx, outbox.get(tx, effect), agent_id="a", fence=1, member_id=None, now=NOW)
        outbox.settle(tx, outbox.get(tx, effect), EffectState.CONFIRMED, now=NOW, status=201)
    lines = [line.value.replace("\\", "") for line in tab(ui.WHY_TAB, candidate="c1").markdown]

    for expected in (
        f"**{told.OUTCOMES['invited']}**: Entered the *mapped* stage.",
        told.INVITE_STEPS["invited_at"],
        "**Invite** :green-badge[Done]",
        "Invite, try 1: :green-badge[Done] · HTTP 201",
    ):
        assert any(expected in line for line in lines), expected


def test_nothing_that_people_said_or_are_called_reaches_the_page(account: Ledger) -> None:
    one = invite(account, "c1", result={"summary": SECRET}, interview_url=f"https://example.com/{SECRET}")
    push(account, "failed", invite_id=one)

    for name in TABS:
        assert SECRET not in shown(tab(name, candidate="c1"))


def test_the_team_shows_who_has_access(account: Ledger) -> None:
    with account.write() as tx:
        values = {"member_id": "m1", "email": "ann@example.com", "role": "admin", "changed_at": NOW}
        tx.execute(schema.platform_members.insert().values(account_id="ant", state="active", **values))
    table = tab("Hiring team").dataframe[-1].value

    assert list(table["name"]) == ["Ann *Lee*", "Cy Old"]
    assert [cell[0] for cell in table["platform"]] == ["Has access", told.NO_ACCESS]
    assert [cell[0] for cell in table["active"]] == ["Active", "Inactive"]


def test_access_is_looked_at_before_it_is_given(account: Ledger) -> None:
    page = tab("Hiring team")
    assert told.NOT_PREVIEWED in shown(page)
    page.button(key="preview_members").click().run()

    (filed,) = rows(account, schema.requests)
    assert (filed["kind"], filed["subject"]) == ("provision", "preview")
    assert filed["args"] == {"preview": True, "recruiters": False}
    assert page.button(key="preview_members").disabled
    assert page.button(key="provision").disabled


def test_a_preview_is_named_so_and_not_announced_as_done(account: Ledger) -> None:
    for subject, is_preview in (("preview", True), ("", False)):
        with account.write() as tx:
            args = {"preview": is_preview, "recruiters": False}
            request, _ = requests.file(tx, "ant", Kind.PROVISION, args, actor="x", now=NOW, subject=subject)
            requests.finish(tx, request.request_id, State.DONE, "Members: 2 to add.", now=NOW)
        page = tab("Activity")
        said = list(page.dataframe[-1].value["what"])
        titles = [box.proto.title for box in (page.info if is_preview else page.success)]
        if is_preview:
            assert not page.success
            assert any(title.startswith("Preview of platform access finished") for title in titles)
            assert said[0] == "Platform access done, a preview: Members: 2 to add."
            assert said[1] == "Platform access requested, as a preview"
        else:
            assert any(title.startswith("Platform access finished") for title in titles)
            assert said[:2] == ["Platform access done: Members: 2 to add.", "Platform access requested"]


def test_what_was_changed_about_the_account_is_told_old_and_new(account: Ledger) -> None:
    for values in (
        {"invites_per_hour": 5, "member_id": "m1"},
        {"invites_per_hour": None, "follows_employees": True},
    ):
        with account.write() as tx:
            accounts.change(tx, "ant", values, actor="x", now=NOW)

    assert list(tab("Activity").dataframe[-1].value["what"])[:2] == [
        "Changed the account: invites per hour: 5 → as set for all; follows employees: no → yes",
        "Changed the account: member: none → Ann *Lee*; invites per hour: as set for all → 5",
    ]


def test_a_preview_names_members_and_what_happens_to_them(account: Ledger) -> None:
    with account.write() as tx:
        request, _ = requests.file(tx, "ant", Kind.PROVISION, {}, actor="x", now=NOW, subject="preview")
        changes = [
            {"member_id": "m1", "role_there": "admin", "role_here": "admin", "change": "add"},
            {"member_id": "m2", "role_there": None, "role_here": "viewer", "change": "remove"},
        ]
        requests.finish(tx, request.request_id, State.DONE, "2.", now=NOW, result={"changes": changes})
    lines = [line.value for line in tab("Hiring team").markdown]

    assert "- Ann \\*Lee\\*: Gets access as admin" in lines
    assert "- Cy Old: Loses access" in lines


def test_sample_candidates_are_those_of_the_last_test_sync(account: Ledger) -> None:
    with account.write() as tx:
        assert reads.sample_candidates(tx, "ant") == {}
        for title in ("Old sample", "Sample job"):
            request, _ = requests.file(tx, "ant", Kind.TEST_SYNC, {}, actor="x", now=NOW)
            result = {"sample_candidates": [{"candidate_id": "5a", "job_title": title}]}
            requests.finish(tx, request.request_id, State.DONE, "Read.", now=NOW, result=result)
        assert reads.sample_candidates(tx, "ant") == {"5a": "Sample job"}


def test_the_overview_counts_the_invites_and_results_of_today(account: Ledger) -> None:
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    invite(account, "c1", state="completed", invited_at=midnight, ended_at=midnight)
    invite(account, "c2", state="pending", invited_at=midnight - MINUTE)
    add(account, "bee")
    table = visit().dataframe[0].value
    counted = dict(zip(table["name"], zip(table["invited"], table["results"], strict=True), strict=True))

    assert {ui.plain(name): value for name, value in counted.items()} == {
        ui.plain(ui.cell("Ant")): (1, 1),
        ui.plain(ui.cell("Bee")): (0, 0),
    }
