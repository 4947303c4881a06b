"""The page of one customer: how it is, what can be done, what is under way."""

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import advice, words
from storage.ledger import accounts, problems, requests, runs, schema
from storage.ledger.database import Ledger
from storage.ledger.requests import Kind, State
from tests.dashboard.visits import CUSTOMER, TOKEN, add, agent_reported, customer, shown, visit

NOW = datetime.now(UTC)


def filed(ledger: Ledger, kind: Kind, ago: timedelta = timedelta(0), *, is_taken: bool = False) -> int:
    at = datetime.now(UTC) - ago
    with ledger.write() as tx:
        request, _ = requests.file(tx, "ant", kind, {}, actor="ann@example.com", now=at)
        if is_taken:
            requests.claim(tx, request.request_id, "agent-1", at)
    return request.request_id


def test_a_healthy_customer_shows_where_it_is_and_the_end_of_its_token(ledger: Ledger) -> None:
    add(ledger, "ant")
    page = customer("ant")

    assert page.title[0].value == "Ant"
    assert "ant.workable.com" in page.caption[0].value.replace("\\", "")
    assert "account token ····" in page.caption[0].value
    assert not page.error
    assert not page.warning or page.warning[0].value == words.NO_AGENT_YET_BODY


def test_a_refused_token_tells_what_happened_and_what_to_do(ledger: Ledger) -> None:
    add(ledger, "ant", "failing")
    page = customer("ant")

    assert "Reconnect" in shown(page)
    assert "agent reconnect --account ant --token-stdin" in page.error[0].value
    assert "r_candidates" in page.error[0].value


def test_trouble_that_mends_itself_says_that_nothing_need_be_done(ledger: Ledger) -> None:
    add(ledger, "ant", "degraded")
    agent_reported(ledger)

    assert advice.BY_ITSELF in customer("ant").warning[0].value


@pytest.mark.parametrize(
    ("code", "is_person", "advised"),
    [
        ("invite_cap", False, "account --account bee --invites-per-hour N"),
        ("invites_wait", True, "tick each one that waits, and send it or cancel it"),
        ("interviews_failing", True, "tried again all the time"),
        ("timelines_unread", False, "The tab “Why?” tells how far one candidate is"),
        ("triggers_paused", False, "as soon as timelines can be read again"),
        ("stage_drift", True, "Choose the stage again in the tab “Stage mapping”."),
        ("webhooks_refused", True, "still seen by the regular sync"),
        ("platform", False, "Invites and results wait meanwhile"),
    ],
)
def test_each_problem_with_interviews_comes_with_what_fits_it(
    ledger: Ledger, code: str, *, is_person: bool, advised: str
) -> None:
    add(ledger, "bee")
    with ledger.write() as tx:
        problems.report(tx, "bee", code, "Something.", now=datetime.now(UTC), needs_person=is_person)
    page = customer("bee")
    (told,) = [box.value for box in (*page.warning, *page.error) if "First seen" in box.value]

    assert advised in told
    assert advice.BY_ITSELF not in told
    assert advice.ASK_OPERATOR not in told


def test_a_customer_that_is_late_leads_to_the_agent(ledger: Ledger) -> None:
    add(ledger, "ant", "late")

    assert words.CHECK_AGENT in customer("ant").error[0].value


def test_a_customer_that_is_late_and_has_a_problem_tells_both_apart(ledger: Ledger) -> None:
    add(ledger, "ant", "late")
    with ledger.write() as tx:
        problems.report(tx, "ant", "stream_failing", "Workable was slow.", now=NOW - timedelta(minutes=41))
    told = customer("ant").error[0].value

    assert words.CHECK_AGENT in told
    assert "- Workable was slow" in told.replace("\\", "")
    assert "41 min" not in told


def test_a_first_sync_shows_how_far_it_is(ledger: Ledger) -> None:
    add(ledger, "ant", "new")
    candidates = next(m for m in customer("ant").metric if m.label == "Candidates")

    assert candidates.delta == "first sync under way"


def test_a_customer_just_connected_has_a_page(ledger: Ledger) -> None:
    add(ledger, "ant", "connected")
    told = shown(freshness())

    assert words.NO_RUNS in told
    assert words.NO_STAGES_YET in told


def test_a_revoked_customer_can_only_be_looked_at(ledger: Ledger) -> None:
    add(ledger, "ant", "revoked")
    page = customer("ant")

    assert page.button(key="act_test_sync").disabled
    assert page.button(key="act_backfill").disabled
    assert words.REVOKE_LAST_STEP in shown(page)
    assert "token destroyed" in page.caption[0].value


def test_an_unknown_customer_is_told_and_leads_back(ledger: Ledger) -> None:
    page = visit(CUSTOMER, id="nobody")

    assert page.error[0].value == words.UNKNOWN_CUSTOMER
    assert page.button[0].label == words.BACK


@pytest.mark.parametrize(("left", "told"), [(-1, "expired"), (3, ":orange-badge[expires"), (90, "expires")])
def test_the_end_of_a_token_is_told_and_soon_is_marked(ledger: Ledger, left: int, told: str) -> None:
    add(ledger, "ant")
    token = accounts.NewToken("another-token-1234", "account", {}, NOW + timedelta(days=left))
    from bench.seed_ledger import vault

    with ledger.write() as tx:
        accounts.connect(
            tx, vault(), account_id="ant", name="Ant", base_url="https://ant.workable.com/spi/v3", region="eu",
            token=token, member_id=None, actor="ann@example.com", now=NOW,
        )  # fmt: skip

    assert told in customer("ant").caption[0].value


def test_progress_is_told_in_numbers_with_the_time_left(ledger: Ledger) -> None:
    add(ledger, "ant")
    agent_reported(ledger)
    request = filed(ledger, Kind.BACKFILL, timedelta(minutes=1), is_taken=True)
    with ledger.write() as tx:
        note = "1,000 candidates read."
        requests.progress(tx, request, now=datetime.now(UTC), done=1000, total=4000, note=note)
    told = shown(customer("ant"))

    assert "1,000 of 4,000 · about 3 min left" in told
    assert "1,000 candidates read" in told.replace("\\", "")


def test_a_second_one_cannot_be_asked_for_while_one_is_open(ledger: Ledger) -> None:
    add(ledger, "ant")
    filed(ledger, Kind.BACKFILL)
    page = customer("ant")

    assert page.button(key="act_backfill").disabled
    assert not page.button(key="act_test_sync").disabled


def test_a_backfill_can_be_cancelled_and_the_page_says_so(ledger: Ledger) -> None:
    add(ledger, "ant")
    agent_reported(ledger)
    request = filed(ledger, Kind.BACKFILL, is_taken=True)
    page = customer("ant")
    page.button(key=f"cancel_{request}").click().run()

    with ledger.read() as tx:
        assert requests.get(tx, request).cancel_requested_at is not None
    assert page.button(key=f"cancel_{request}").label == words.CANCELLING


@pytest.mark.parametrize(("is_taken", "sentence"), [(False, words.STUCK), (True, words.STUCK_RUNNING)])
def test_what_nobody_works_on_can_be_tried_again(ledger: Ledger, is_taken: bool, sentence: str) -> None:  # noqa: FBT001 -- a parameter of the test
    add(ledger, "ant")
    request = filed(ledger, Kind.TEST_SYNC, timedelta(seconds=30), is_taken=is_taken)
    page = customer("ant")

    assert sentence in shown(page)
    assert page.button(key=f"again_{request}").label == words.TRY_AGAIN


def test_a_request_is_given_time_before_it_is_called_stuck(ledger: Ledger) -> None:
    add(ledger, "ant")
    filed(ledger, Kind.TEST_SYNC, timedelta(seconds=5))

    assert words.STUCK not in shown(customer("ant"))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.DONE, "Test sync finished"),
        (State.FAILED, "Test sync did not succeed"),
        (State.CANCELLED, "Test sync was cancelled"),
    ],
)
def test_the_last_result_stays_in_words_until_it_is_dismissed(
    ledger: Ledger, state: State, told: str
) -> None:
    add(ledger, "ant")
    request = filed(ledger, Kind.TEST_SYNC, is_taken=True)
    with ledger.write() as tx:
        requests.finish(tx, request, state, "Read 50 candidates.", now=datetime.now(UTC))
    page = customer("ant")
    assert told in shown(page)
    assert "Read 50 candidates" in shown(page)

    page.button(key=f"dismiss_{request}").click().run()

    assert told not in shown(page)


def test_how_the_last_one_ended_is_not_told_beside_one_that_runs(ledger: Ledger) -> None:
    add(ledger, "ant")
    before = filed(ledger, Kind.BACKFILL, is_taken=True)
    with ledger.write() as tx:
        requests.finish(tx, before, State.DONE, "Read 50 candidates.", now=datetime.now(UTC))
    assert "Backfill finished" in shown(customer("ant"))
    filed(ledger, Kind.TEST_SYNC)
    assert "Backfill finished" in shown(customer("ant"))
    filed(ledger, Kind.BACKFILL)

    assert "Backfill finished" not in shown(customer("ant"))


def test_many_missing_candidates_can_be_confirmed_as_deleted(ledger: Ledger) -> None:
    add(ledger, "ant")
    with ledger.write() as tx:
        sentence = "200 of 900 candidates are no longer listed."
        problems.report(tx, "ant", "deletions_frozen", sentence, now=NOW, needs_person=True)
    page = customer("ant")

    assert "Ask the customer whether they removed" in page.error[0].value
    assert not page.button(key="confirm_deletions").disabled


def freshness() -> AppTest:
    """The customer's page with runs and freshness unfolded."""
    page = customer("ant")
    page.session_state["freshness_ant"] = True
    return page.run()


def test_runs_and_freshness_are_folded_unless_something_is_late(ledger: Ledger) -> None:
    add(ledger, "ant")
    assert "Changed candidates" not in shown(customer("ant"))
    assert "Changed candidates" in shown(freshness())
    with ledger.write() as tx:
        runs.stream_completed(tx, "ant", "jobs", now=NOW - timedelta(hours=5), every_seconds=60)
    assert "Changed candidates" in shown(customer("ant"))


def test_a_late_stream_is_marked_and_one_offs_are_left_out(ledger: Ledger) -> None:
    add(ledger, "ant")
    with ledger.write() as tx:
        runs.stream_completed(tx, "ant", "jobs", now=NOW - timedelta(hours=5), every_seconds=60)
        runs.stream_completed(tx, "ant", "test_sync", now=NOW - timedelta(hours=5), every_seconds=0)
    table = customer("ant").dataframe[0].value
    states = dict(zip(table["what"], table["state"], strict=True))

    assert list(states["Jobs"]) == ["Late"]
    assert list(states["Changed candidates"]) == ["On time"]
    assert "Test sync" not in states


def test_only_what_is_counted_as_a_whole_tells_how_many_there_are(ledger: Ledger) -> None:
    add(ledger, "ant")
    with ledger.write() as tx:
        for name in ("jobs", "pipelines", "stages"):
            runs.stream_completed(tx, "ant", name, now=NOW, every_seconds=60, total=8)
    table = freshness().dataframe[0].value
    told = dict(zip(table["what"], table["total"], strict=True))

    assert (told["Jobs"], told["Account's stages"]) == (8, 8)
    assert told["Jobs' stages"] != told["Jobs' stages"]  # nothing is shown: not a number


def test_nothing_of_a_revoked_customer_is_late(ledger: Ledger) -> None:
    add(ledger, "ant", "revoked")
    with ledger.write() as tx:
        runs.stream_completed(tx, "ant", "jobs", now=NOW - timedelta(hours=5), every_seconds=60)
    table = freshness().dataframe[0].value

    assert {state for states in table["state"] for state in states} == {"Stopped"}


def test_only_the_open_tab_is_sent(ledger: Ledger) -> None:
    add(ledger, "ant")

    assert "Interview starts at" in shown(customer("ant"))
    assert "Interview starts at" not in shown(customer("ant", tab="Jobs"))


def test_jobs_show_how_many_candidates_stand_in_each_stage(ledger: Ledger) -> None:
    add(ledger, "ant", jobs=2)
    table = customer("ant", tab="Jobs").dataframe[-1].value

    assert len(table) == 2
    assert table["stages"].iloc[0].startswith("Sourced ")
    assert " → Hired " in table["stages"].iloc[0]


def test_a_job_without_a_title_goes_by_its_code(ledger: Ledger) -> None:
    add(ledger, "ant", jobs=1)
    with ledger.write() as tx:
        tx.execute(schema.board_jobs.update().values(title=" "))
    table = customer("ant", tab="Jobs").dataframe[-1].value

    assert table["title"].iloc[0] == table["shortcode"].iloc[0]


def test_a_run_tells_its_counts_when_it_has_ended(ledger: Ledger) -> None:
    add(ledger, "ant")
    with ledger.write() as tx:
        runs.start(tx, "ant", "backfill", "agent-1", datetime.now(UTC))
    table = customer("ant", tab="Runs").dataframe[-1].value

    assert table["rows_read"].isna().iloc[0]
    assert table["rows_read"].notna().iloc[1]


def test_runs_tell_what_went_wrong(ledger: Ledger) -> None:
    add(ledger, "ant", "degraded")
    table = customer("ant", tab="Runs").dataframe[-1].value

    assert [list(s) for s in table["state"][:4]] == [["In part"]] * 3 + [["Clean"]]
    assert "did not answer in time" in table["error"].iloc[0]


def test_the_activity_tells_who_did_what(ledger: Ledger) -> None:
    add(ledger, "ant")
    with ledger.write() as tx:
        args = {"since": "2026-01-31"}
        requests.file(tx, "ant", Kind.BACKFILL, args, actor="ann@example.com", now=datetime.now(UTC))
    table = customer("ant", tab="Activity").dataframe[-1].value

    assert table["what"].iloc[0] == "Backfill requested, since 2026-01-31"
    assert table["actor"].iloc[0] == "ann@example.com"
    assert table["what"].iloc[-1] == "Connected the account"


@pytest.mark.parametrize("tab", ["Stage mapping", "Jobs", "Runs", "Activity"])
def test_no_tab_sends_a_token(ledger: Ledger, tab: str) -> None:
    add(ledger, "ant")
    sent = shown(customer("ant", tab=tab))

    assert TOKEN not in sent
    assert "gAAAA" not in sent  # how sealed tokens begin
