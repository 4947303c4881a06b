"""Events: each thing that happened to a candidate once, however often, in whatever batches it is told."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from storage.ledger import events, schema
from storage.ledger.database import Ledger, open_ledger
from storage.records import Candidate
from tests.storage.ledgers import NOON, after, candidate, rows, size

BASELINE = NOON
STAGES = ["Applied", "Interview", "Offer"]
Happened = tuple[str, str, str, str, datetime]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One ledger for all examples; each takes an account of its own."""
    opened = open_ledger(tmp_path_factory.mktemp("events") / "private" / "ledger.sqlite3")
    yield opened
    opened.close()


NUMBERS = count()


def observe(tx: Connection, batch: Sequence[Candidate], account_id: str = "acme") -> int:
    return events.observe(tx, account_id, batch, baseline_before=BASELINE, now=after(600))


def told(tx: Connection, account_id: str = "acme") -> list[Happened]:
    """The account's events in order: candidate, kind, from, to, when."""
    e = schema.events.c
    found = tx.execute(
        select(e.candidate_id, e.kind, e.from_stage, e.to_stage, e.occurred_at)
        .where(e.account_id == account_id)
        .order_by(e.event_id)
    )
    return [tuple(row) for row in found]


def after_batches(
    ledger: Ledger, batches: Sequence[Sequence[Candidate]]
) -> tuple[set[Happened], dict[str, str]]:
    """The events of a fresh account that saw these batches, and the stage it then remembers of each candidate."""
    account_id = f"account-{next(NUMBERS)}"
    with ledger.write() as tx:
        added = sum(observe(tx, batch, account_id) for batch in batches)
        seen = told(tx, account_id)
        assert added == len(seen) == len(set(seen))
        s = schema.trigger_states.c
        kept = tx.execute(select(s.candidate_id, s.stage_name).where(s.account_id == account_id))
        return set(seen), {row.candidate_id: row.stage_name for row in kept}


def made(candidate_id: str, stage: str, created: float, touched: float) -> Candidate:
    return candidate(
        candidate_id, stage_name=stage, created_at=after(created), updated_at=after(max(created, touched))
    )


# Some are older than the baseline and some younger.
MINUTES = st.integers(min_value=-5, max_value=5)
LISTING = st.lists(
    st.builds(made, st.sampled_from("abcdef"), st.sampled_from(STAGES), MINUTES, MINUTES),
    unique_by=lambda c: c.candidate_id,
    max_size=6,
)


@st.composite
def batches_of(
    draw: st.DrawFn, row_lists: st.SearchStrategy[list[Candidate]]
) -> tuple[list[Candidate], list[list[Candidate]]]:
    """Rows, and the same rows in another order, some repeated, cut into batches."""
    listing = draw(row_lists)
    again = draw(st.lists(st.sampled_from(listing), max_size=6)) if listing else []
    mixed = draw(st.permutations(listing + again))
    return listing, draw(cut(mixed))


@st.composite
def cut(draw: st.DrawFn, whole: list[Candidate]) -> list[list[Candidate]]:
    pages: list[list[Candidate]] = [[]]
    for row in whole:
        if draw(st.booleans()):
            pages.append([])
        pages[-1].append(row)
    return pages


@given(batches_of(LISTING))
def test_b20_a_listing_tells_the_same_in_any_order_repetition_and_batching(
    shared: Ledger, drawn: tuple[list[Candidate], list[list[Candidate]]]
) -> None:
    listing, batches = drawn
    assert after_batches(shared, batches) == after_batches(shared, [listing])


@st.composite
def retold_histories(draw: st.DrawFn) -> tuple[list[Candidate], list[list[Candidate]]]:
    """One candidate's life, each change later than the one before; and that life with old rows told again."""
    created = draw(MINUTES)
    stages = draw(st.lists(st.sampled_from(STAGES), min_size=1, max_size=5))
    life = [made("a", stage, created, created + n) for n, stage in enumerate(stages)]
    retold: list[Candidate] = []
    for number, row in enumerate(life):
        retold += [row, *draw(st.lists(st.sampled_from(life[: number + 1]), max_size=2))]
    return life, draw(cut(retold))


@given(retold_histories())
def test_b23_a_life_told_again_in_any_batches_gives_the_same_events(
    shared: Ledger, drawn: tuple[list[Candidate], list[list[Candidate]]]
) -> None:
    life, batches = drawn
    assert after_batches(shared, batches) == after_batches(shared, [[row] for row in life])


@given(
    st.permutations(
        [
            made("a", stage, -5, n)
            for n, stage in enumerate(["Applied", "Interview", "Offer", "Applied", "Interview"])
        ]
    )
)
def test_b23_an_older_row_never_undoes_a_newer_one(shared: Ledger, versions: list[Candidate]) -> None:
    _, kept = after_batches(shared, [[row] for row in versions])
    assert kept == {"a": "Interview"}


def test_b01_rows_of_the_baseline_give_no_event(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert observe(tx, [made("a", "Interview", -60, -1), made("b", "Applied", -0.01, -0.01)]) == 0
        assert size(tx, schema.trigger_states) == 2


def test_b01_a_row_without_any_time_is_no_news(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert observe(tx, [candidate("a", created_at=None, updated_at=None)]) == 0


def test_an_applicant_after_the_baseline_is_created_at_their_own_time(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert observe(tx, [made("a", "Applied", 0, 3)]) == 1
        assert told(tx) == [("a", "created", "", "Applied", after(0))]


def test_an_old_candidate_touched_during_the_first_walk_has_appeared(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Interview", -60, 2)])
        assert told(tx) == [("a", "appeared", "", "Interview", after(2))]


def test_a_move_tells_from_where_to_where(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Applied", -60, -30)])
        assert observe(tx, [made("a", "Interview", -60, 4)]) == 1
        assert told(tx) == [("a", "moved", "Applied", "Interview", after(4))]


def test_b04_every_station_of_a_there_and_back_seen_in_one_batch_is_told(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Applied", -60, -30)])
        assert observe(tx, [made("a", "Applied", -60, 3), made("a", "Interview", -60, 2)]) == 2
        assert [row[2:4] for row in told(tx)] == [("Applied", "Interview"), ("Interview", "Applied")]


def test_a_change_that_is_no_move_is_remembered_and_no_event(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Applied", -60, -30)])
        assert observe(tx, [made("a", "Applied", -60, 5)]) == 0
        assert rows(tx, schema.trigger_states)[0]["updated_at"] == after(5)


def test_two_stages_within_one_second_are_a_move(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Applied", 1, 1)])
        assert observe(tx, [made("a", "Interview", 1, 1)]) == 1
        assert observe(tx, [made("a", "Applied", 1, 1), made("a", "Interview", 1, 1)]) == 1
        assert observe(tx, [made("a", "Applied", 1, 1), made("a", "Interview", 1, 1)]) == 0


def test_b08_a_renamed_stage_moves_nobody(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Applied", -60, -30), made("b", "Interview", -60, -30)])
        events.rename_stages(tx, "acme", "J1", {"Applied": "New"})
        assert observe(tx, [made("a", "New", -60, -30), made("b", "Interview", -60, 1)]) == 0
        assert observe(tx, [made("a", "New", -60, 2)]) == 0


def test_a_renamed_stage_is_renamed_in_its_own_job_and_account_only(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Applied", -60, -30), candidate("b", job_shortcode="J2")])
        observe(tx, [made("a", "Applied", -60, -30)], "globex")
        events.rename_stages(tx, "acme", "J1", {"Applied": "New"})
        assert [row["stage_name"] for row in rows(tx, schema.trigger_states)] == ["New", "Applied", "Applied"]


def test_accounts_do_not_mix(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert observe(tx, [made("a", "Applied", 1, 1)]) == 1
        assert observe(tx, [made("a", "Applied", 1, 1)], "globex") == 1


def test_a_deletion_is_noted_once_and_only_of_candidates_that_were_known(ledger: Ledger) -> None:
    with ledger.write() as tx:
        observe(tx, [made("a", "Interview", -60, -30)])
        for minute in (10, 11):
            events.forget(tx, "acme", ["a", "never-seen"], after(minute))
        assert told(tx) == [("a", "deleted", "Interview", "", after(10))]
        assert size(tx, schema.trigger_states) == 0
