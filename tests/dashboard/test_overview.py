"""The overview: what staff see of all customers."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from bench import seed_ledger
from dashboard import words
from storage.ledger import problems, schema
from storage.ledger.database import Ledger
from tests.dashboard.visits import TOKEN, add, agent_reported, rows, shown, visit


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def listed(page: AppTest) -> list[str]:
    return [str(name).strip("\N{WORD JOINER}") for name in page.dataframe[0].value["name"]]


def test_an_empty_ledger_teaches_how_to_connect_the_first_customer(ledger: Ledger) -> None:
    page = visit()

    assert words.CONNECT_COMMAND in [code.value for code in page.code]
    assert page.subheader[0].value == words.FIRST_CUSTOMER
    assert not page.dataframe


def test_the_cards_count_who_is_well_who_needs_you_and_who_does_not(ledger: Ledger) -> None:
    for account_id, kind in (("ant", "healthy"), ("bee", "failing"), ("cat", "degraded"), ("dog", "new")):
        add(ledger, account_id, kind)
    page = visit()

    assert metrics(page)["Customers"] == "4"
    assert metrics(page)["Healthy"] == "1"
    assert metrics(page)["Need you"] == "1"
    assert metrics(page)["Resolve by themselves"] == "1"


def test_the_table_holds_everyone_and_the_ones_in_trouble_come_first(ledger: Ledger) -> None:
    for account_id, kind in (("ant", "healthy"), ("bee", "degraded"), ("cat", "failing"), ("dog", "revoked")):
        add(ledger, account_id, kind)
    page = visit()

    assert listed(page) == ["Cat", "Bee", "Dog", "Ant"]
    assert [list(h) for h in page.dataframe[0].value["health"]] == [
        ["Failing"],
        ["Degraded"],
        ["Stopped"],
        ["Healthy"],
    ]


def test_trouble_is_listed_with_its_reason_and_since_when(ledger: Ledger) -> None:
    add(ledger, "bee", "degraded")
    told = next(m.value for m in visit().markdown if "Bee" in m.value)

    assert "Workable answers slowly" in told
    assert "since 20 min ago" in told


@pytest.mark.parametrize("is_person", [False, True])
def test_a_problem_of_the_whole_deployment_is_a_banner(ledger: Ledger, *, is_person: bool) -> None:
    add(ledger, "ant")
    agent_reported(ledger)
    now = datetime.now(UTC)
    with ledger.write() as tx:
        problems.report(tx, "", "platform", "The *platform* is silent.", now=now, needs_person=is_person)
        problems.report(tx, "ant", "invite_cap", "Not this one.", now=now)
    page = visit()
    (banner,) = page.error if is_person else page.warning

    assert banner.proto.title == words.DEPLOYMENT_TROUBLE
    assert "The \\*platform\\* is silent\\." in banner.value
    assert "Invites and results wait meanwhile" in banner.value
    assert "Not this one" not in banner.value


def test_ages_in_the_table_are_short(ledger: Ledger) -> None:
    add(ledger, "ant")
    add(ledger, "bee", "connected")
    table = visit().dataframe[0].value

    assert re.fullmatch(r"\d+ s ago|just now|1 min ago", table["last_good"].iloc[1])
    assert table["fresh"].iloc[0] == "never"


def test_no_list_of_trouble_is_shown_when_there_is_none(ledger: Ledger) -> None:
    add(ledger, "ant")

    assert words.ATTENTION not in shown(visit())


def test_five_hundred_customers_are_one_table_without_a_widget_for_each(ledger: Ledger) -> None:
    seed_ledger.seed(ledger, 500, datetime.now(UTC), jobs=1)
    page = visit()

    assert len(page.dataframe) == 1
    assert len(page.dataframe[0].value) == 500
    assert len(page.button) < 10


def test_the_filters_in_the_address_are_obeyed(ledger: Ledger) -> None:
    for account_id, kind in (("ant", "healthy"), ("bee", "failing"), ("antelope", "failing")):
        add(ledger, account_id, kind)

    assert listed(visit(health="failing")) == ["Antelope", "Bee"]
    assert listed(visit(health="failing", q="ant")) == ["Antelope"]
    assert listed(visit(q="ANT")) == ["Antelope", "Ant"]


def test_a_wrong_filter_in_the_address_shows_everyone(ledger: Ledger) -> None:
    add(ledger, "ant")

    assert listed(visit(health="no such thing")) == ["Ant"]


def test_choosing_a_filter_puts_it_into_the_address_by_value(ledger: Ledger) -> None:
    add(ledger, "ant")
    add(ledger, "bee", "failing")
    page = visit()
    page.segmented_control(key="health").set_value("failing").run()

    assert page.query_params["health"] == "failing"
    assert listed(page) == ["Bee"]


def test_filters_that_match_nobody_can_be_cleared(ledger: Ledger) -> None:
    add(ledger, "ant")
    page = visit(q="zebra")
    assert page.info[-1].value == words.NO_MATCH

    next(b for b in page.button if b.label == words.CLEAR_FILTERS).click().run()

    assert listed(page) == ["Ant"]


def test_choosing_a_region_leaves_its_customers(ledger: Ledger) -> None:
    seed_ledger.seed(ledger, 8, datetime.now(UTC), jobs=1)
    european = {row["name"] for row in rows(ledger, schema.accounts) if row["region"] == "eu"}
    page = visit()
    page.selectbox(key="region").select("EU").run()

    assert 0 < len(european) < 8
    assert set(listed(page)) == european


@pytest.mark.parametrize(
    ("ago", "title"),
    [
        (None, words.NO_AGENT_YET),
        (timedelta(minutes=5), words.AGENT_QUIET),
        (timedelta(hours=3), words.AGENT_GONE.format(span="3 h")),
    ],
)
def test_a_missing_agent_is_told_with_what_still_works(
    ledger: Ledger, ago: timedelta | None, title: str
) -> None:
    add(ledger, "ant")
    if ago is not None:
        agent_reported(ledger, ago)
    told = shown(visit())

    assert title in told
    assert "each one starts a helper" in told


def test_nothing_is_said_of_the_agent_while_it_lives(ledger: Ledger) -> None:
    add(ledger, "ant")
    agent_reported(ledger)

    assert "helper" not in shown(visit())


def test_of_a_token_only_kind_and_last_four_characters_are_sent(ledger: Ledger) -> None:
    add(ledger, "ant")
    sent = shown(visit())

    assert "account ····" in sent
    assert TOKEN not in sent
    assert "sealed" not in sent


def test_an_unusable_ledger_is_told_in_a_sentence(ledger: Ledger) -> None:
    ledger.close()
    ledger.path.write_bytes(b"this was never a database" * 100)
    page = visit()

    assert words.UNUSABLE in shown(page)
    assert "restore it from a backup" in page.error[0].value


def test_a_ledger_that_disappears_while_the_page_runs_is_told(ledger: Ledger) -> None:
    add(ledger, "ant")
    page = visit()
    ledger.path.unlink()
    page.run()

    assert "is gone now" in page.error[0].value
