"""Pages of candidates in the mirror: new ones, changes, stage entries, and pages that come twice or late."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.mirror import Mirror
from storage.mirror_candidates import PERSONAL, upsert_candidates
from storage.mirror_reads import candidate as stored
from storage.mirror_staging import Changes
from storage.mirror_walks import mark_deleted
from storage.records import Candidate
from tests.storage.mirrors import ACCOUNT, NOW, candidate, everything, later, left_in, rows, take

HISTORY = "SELECT field, old_value, new_value FROM workable.candidate_history ORDER BY ALL"
ENTRIES = (
    "SELECT stage_name, previous_stage_name, is_first_sight FROM workable.stage_entries ORDER BY entered_at"
)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    yield mirror
    mirror.close()


def kept(mirror: Mirror, row: Candidate) -> Candidate:
    with mirror.transaction() as tx:
        found = stored(tx, ACCOUNT, row.candidate_id)
    assert found is not None
    return found.candidate


def take_and_fail(mirror: Mirror, *page: Candidate) -> None:
    with mirror.transaction() as tx:
        upsert_candidates(tx, ACCOUNT, page, now=NOW)
        raise LookupError


def deleted(mirror: Mirror, row: Candidate) -> None:
    with mirror.transaction() as tx:
        assert mark_deleted(tx, ACCOUNT, [row.candidate_id], now=later(minutes=1)) == 1


def test_every_field_comes_back_as_it_was_taken(mirror: Mirror) -> None:
    full = candidate(
        hired_at=NOW, moved_to_offer_at=later(hours=-1), disqualification_reason="Other", is_disqualified=True
    )
    empty = candidate(2, job_shortcode=None, name=None, email=None, stage_name=None, created_at=None)

    assert take(mirror, full, empty) == Changes(read=2, inserted=2)
    assert [kept(mirror, full), kept(mirror, empty)] == [full, empty]


def test_the_same_page_again_rewrites_nothing(mirror: Mirror) -> None:
    take(mirror, candidate(1), candidate(2))

    again = take(mirror, candidate(1), candidate(2), at=later(minutes=1))

    assert again == Changes(read=2, unchanged=2)
    assert rows(mirror, "SELECT DISTINCT synced_at FROM workable.candidates") == [(NOW.replace(tzinfo=None),)]


def test_of_many_rows_only_the_changed_ones_are_rewritten(mirror: Mirror) -> None:
    take(mirror, *(candidate(n) for n in range(3_000)))
    moved = [candidate(n, stage_name="Interview", updated_at=later(seconds=5)) for n in range(0, 3_000, 100)]

    page = [*moved, *(candidate(n) for n in range(1, 3_000, 2))]

    assert take(mirror, *page, at=later(minutes=1)) == Changes(read=1_530, changed=30, unchanged=1_500)
    rewritten = "SELECT candidate_id FROM workable.candidates WHERE synced_at > ? ORDER BY candidate_id"
    assert rows(mirror, rewritten, [NOW]) == [(row.candidate_id,) for row in moved]
    assert rows(mirror, "SELECT count(*), count(DISTINCT candidate_id) FROM workable.candidates") == [
        (3_000, 3_000)
    ]


def test_b23_an_older_row_never_overwrites(mirror: Mirror) -> None:
    moved = candidate(stage_name="Interview", updated_at=later(seconds=1))
    take(mirror, moved)

    assert take(mirror, candidate()) == Changes(read=1, stale=1)
    assert kept(mirror, moved) == moved
    assert rows(mirror, HISTORY) == []


def test_b23_a_late_page_of_the_same_second_does_not_bring_the_old_stage_back(mirror: Mirror) -> None:
    take(mirror, candidate())
    take(mirror, candidate(stage_name="Interview"), at=later(seconds=1))

    assert take(mirror, candidate(), at=later(seconds=2)) == Changes(read=1, stale=1)
    assert kept(mirror, candidate()).stage_name == "Interview"


def test_a_row_of_the_same_second_is_believed_when_no_page_can_still_be_on_its_way(mirror: Mirror) -> None:
    take(mirror, candidate())
    take(mirror, candidate(stage_name="Interview"), at=later(seconds=1))

    assert take(mirror, candidate(), at=later(minutes=15, seconds=1)) == Changes(read=1, changed=1)


def test_in_one_batch_the_newest_counts_and_of_equally_new_ones_the_last(mirror: Mirror) -> None:
    newest = candidate(stage_name="Interview", updated_at=later(seconds=9))
    last = candidate(2, stage_name="Phone Screen")

    counted = take(mirror, newest, candidate(), candidate(2), last)

    assert counted == Changes(read=4, inserted=2)
    assert [kept(mirror, newest), kept(mirror, last)] == [newest, last]
    assert take(mirror, candidate(2)) == Changes(read=1, stale=1)


def test_a_time_without_a_date_of_change_gives_way_to_one_with(mirror: Mirror) -> None:
    take(mirror, candidate(updated_at=None))

    assert take(mirror, candidate()).changed == 1
    assert take(mirror, candidate(updated_at=None)).stale == 1


def test_history_has_one_row_for_each_changed_field(mirror: Mirror) -> None:
    take(mirror, candidate())
    take(mirror, candidate(email="new@example.com", is_disqualified=True, updated_at=later(seconds=7)))

    assert rows(mirror, HISTORY) == [
        ("email", "robin1@example.com", "new@example.com"),
        ("is_disqualified", "false", "true"),
    ]
    assert rows(mirror, "SELECT DISTINCT changed_at FROM workable.candidate_history") == [
        (later(seconds=7).replace(tzinfo=None),)
    ]


def test_stage_entries_begin_with_the_first_sight_and_follow_moves_only(mirror: Mirror) -> None:
    take(mirror, candidate())
    take(mirror, candidate(phone=None, updated_at=later(seconds=1)))
    take(mirror, candidate(stage_name="Interview", updated_at=later(seconds=2)))

    assert rows(mirror, ENTRIES) == [("Applied", None, True), ("Interview", "Applied", False)]


def test_a_candidate_without_a_stage_has_entered_none(mirror: Mirror) -> None:
    take(mirror, candidate(stage_name=None, job_shortcode=None))

    assert rows(mirror, ENTRIES) == []


def test_accounts_do_not_see_each_other(mirror: Mirror) -> None:
    take(mirror, candidate())
    with mirror.transaction() as tx:
        other = upsert_candidates(tx, "other", [candidate(name="Kim Example")], now=NOW)

    assert other == Changes(read=1, inserted=1)
    assert kept(mirror, candidate()).name == "Robin Example 1"


def test_b21_an_empty_page_changes_nothing(mirror: Mirror) -> None:
    take(mirror, candidate())

    assert take(mirror) == Changes()
    assert kept(mirror, candidate()) == candidate()


def test_a_batch_that_fails_leaves_nothing_behind(mirror: Mirror) -> None:
    take(mirror, candidate(1))
    before = everything(mirror)

    with pytest.raises(LookupError):
        take_and_fail(mirror, candidate(1, name=None, updated_at=later(seconds=1)), candidate(2))

    assert everything(mirror) == before
    assert take(mirror, candidate(2)).inserted == 1


def test_b40_a_page_on_its_way_does_not_bring_a_deleted_person_back(mirror: Mirror) -> None:
    take(mirror, candidate())
    deleted(mirror, candidate())

    late = candidate(phone=None, updated_at=later(seconds=30))

    assert take(mirror, late, at=later(minutes=2)) == Changes(read=1, stale=1)
    assert kept(mirror, candidate()).name is None


def test_a_person_whom_workable_still_has_comes_back_without_a_trace_of_the_earlier_data(
    mirror: Mirror,
) -> None:
    take(mirror, candidate())
    deleted(mirror, candidate())

    assert take(mirror, candidate(), at=later(hours=1)) == Changes(read=1, changed=1)
    assert kept(mirror, candidate()) == candidate()
    assert rows(mirror, HISTORY) == []
    assert len(rows(mirror, ENTRIES)) == 1


def test_b40_an_anonymized_person_leaves_no_personal_values_in_history(mirror: Mirror) -> None:
    take(mirror, candidate())
    take(mirror, candidate(email="new@example.com", stage_name="Interview", updated_at=later(seconds=1)))
    gone: dict[str, Any] = dict.fromkeys(PERSONAL)
    take(mirror, candidate(**gone, is_anonymized=True, stage_name="Interview", updated_at=later(seconds=2)))

    assert rows(mirror, HISTORY) == [
        ("email", None, None),
        ("is_anonymized", "false", "true"),
        ("stage_name", "Applied", "Interview"),
    ]


def test_a_changed_answer_without_a_changed_field_is_kept_without_history(mirror: Mirror) -> None:
    take(mirror, candidate())
    richer = msgspec.structs.replace(candidate(), raw='{"new_key": 1}')

    assert take(mirror, richer).changed == 1
    assert (kept(mirror, richer), rows(mirror, HISTORY)) == (richer, [])


VERSION = st.builds(
    lambda number, second, stage: candidate(number, updated_at=later(seconds=second), stage_name=stage),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(["Applied", "Phone Screen", "Interview"]),
)
PAGES = st.lists(st.lists(VERSION, max_size=4), min_size=1, max_size=6)


@given(pages=PAGES, data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_page_taken_again_at_any_later_time_changes_nothing(
    mirror: Mirror, pages: list[list[Candidate]], data: st.DataObject
) -> None:
    sequence = [
        page
        for n in range(len(pages))
        for page in (pages[n], *(pages[i] for i in data.draw(st.lists(st.integers(0, n), max_size=2))))
    ]

    assert outcome(mirror, sequence) == outcome(mirror, pages)


def outcome(mirror: Mirror, pages: list[list[Candidate]]) -> object:
    """What the pages leave in an empty mirror, which is empty again afterwards."""
    with pytest.raises(Forgotten) as found:
        take_and_forget(mirror, pages)
    return found.value.args


def take_and_forget(mirror: Mirror, pages: list[list[Candidate]]) -> None:
    with mirror.transaction() as tx:
        for second, page in enumerate(pages):
            upsert_candidates(tx, ACCOUNT, page, now=NOW + timedelta(seconds=second))
        raise Forgotten(left_in(tx))


class Forgotten(Exception):
    """Carries what was found out of a transaction that is rolled back."""
