"""Full listings: what two of them miss, what deletion leaves, and where reading goes on after a restart."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.mirror import Mirror
from storage.mirror_reads import StageCount, job_counts, live_count
from storage.mirror_reads import candidate as stored
from storage.mirror_walks import (
    Missing,
    Walk,
    begin_walk,
    cursor,
    end_walk,
    mark_deleted,
    set_cursor,
    walk_cleanup,
    walk_in_progress,
)
from storage.records import Candidate
from tests.storage.mirrors import ACCOUNT, NOW, candidate, later, rows, take

ALL = [candidate(n) for n in range(1, 6)]
GONE = candidate(3).candidate_id


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    take(mirror, *ALL, at=later(hours=-1))
    yield mirror
    mirror.close()


def walked(mirror: Mirror, listed: Sequence[Candidate], *, begun: datetime, minutes: int = 1) -> Missing:
    end = begun + timedelta(minutes=minutes)
    with mirror.transaction() as tx:
        walk = begin_walk(tx, ACCOUNT, now=begun)
    for row in listed:
        take(mirror, row, at=end, walk=walk)
    with mirror.transaction() as tx:
        return end_walk(tx, ACCOUNT, walk, now=end)


def test_a_complete_listing_misses_nobody(mirror: Mirror) -> None:
    assert walked(mirror, ALL, begun=NOW) == Missing((), (), 5)


def test_b21_one_listing_that_misses_a_row_proves_nothing(mirror: Mirror) -> None:
    assert walked(mirror, ALL[:2], begun=NOW).confirmed == ()
    assert walked(mirror, ALL, begun=later(hours=1)) == Missing((), (), 5)
    assert walked(mirror, ALL[:2] + ALL[3:], begun=later(hours=2)) == Missing((GONE,), (), 5)


def test_b21_two_listings_ten_minutes_apart_confirm_what_both_missed(mirror: Mirror) -> None:
    listed = ALL[:2] + ALL[3:]
    assert walked(mirror, listed, begun=NOW) == Missing((GONE,), (), 5)

    assert walked(mirror, listed, begun=later(minutes=10, seconds=59)) == Missing((), (), 5)
    assert walked(mirror, listed, begun=later(minutes=11)) == Missing((), (GONE,), 5)
    assert rows(mirror, "SELECT candidate_id, misses FROM internal.missing") == [(GONE, 3)]


def test_a_row_seen_in_between_must_be_missed_twice_again(mirror: Mirror) -> None:
    listed = ALL[:2] + ALL[3:]
    walked(mirror, listed, begun=NOW)
    take(mirror, candidate(3), at=later(minutes=5))

    assert walked(mirror, listed, begun=later(hours=1)) == Missing((GONE,), (), 5)


def test_a_row_stored_after_the_listing_began_is_not_missed(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        walk = begin_walk(tx, ACCOUNT, now=NOW)
    take(mirror, *ALL, walk=walk)
    take(mirror, candidate(9), at=later(seconds=5))

    with mirror.transaction() as tx:
        assert end_walk(tx, ACCOUNT, walk, now=later(minutes=1)) == Missing((), (), 6)


def test_a_row_that_is_older_than_the_stored_one_is_listed_all_the_same(mirror: Mirror) -> None:
    take(mirror, candidate(1, updated_at=later(seconds=9)), at=later(minutes=-1))

    assert walked(mirror, ALL, begun=NOW).newly == ()


def test_a_listing_goes_on_after_a_restart(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        walk = begin_walk(tx, ACCOUNT, now=NOW)
    take(mirror, *ALL[:3], walk=walk)
    mirror.close()

    with mirror.transaction() as tx:
        assert walk_in_progress(tx, ACCOUNT) == Walk(walk, NOW)
    take(mirror, *ALL[3:], walk=walk)
    with mirror.transaction() as tx:
        assert end_walk(tx, ACCOUNT, walk, now=later(minutes=1)).newly == ()
        assert walk_in_progress(tx, ACCOUNT) is None


def test_a_listing_that_is_not_in_progress_cannot_be_ended(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        first = begin_walk(tx, ACCOUNT, now=NOW)
        begin_walk(tx, ACCOUNT, now=later(seconds=1))
        with pytest.raises(LookupError, match=first):
            end_walk(tx, ACCOUNT, first, now=later(minutes=1))


def test_a_listing_given_up_leaves_no_ids(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        walk = begin_walk(tx, ACCOUNT, now=NOW)
    take(mirror, *ALL, walk=walk)

    with mirror.transaction() as tx:
        walk_cleanup(tx, ACCOUNT)
        assert walk_in_progress(tx, ACCOUNT) is None
    assert rows(mirror, "SELECT count(*) FROM internal.walk_ids") == [(0,)]


def test_b40_a_deleted_candidate_stays_without_anything_personal(mirror: Mirror) -> None:
    take(mirror, candidate(3, email="new@example.com", stage_name="Interview", updated_at=later(seconds=1)))
    walked(mirror, ALL[:2] + ALL[3:], begun=later(hours=1))

    with mirror.transaction() as tx:
        assert mark_deleted(tx, ACCOUNT, [GONE, "ffff"], now=later(hours=2)) == 1
        found = stored(tx, ACCOUNT, GONE)

    assert found is not None
    assert found.deleted_at == later(hours=2)
    left = found.candidate
    personal = (left.name, left.firstname, left.lastname, left.headline, left.email, left.phone, left.address)
    assert (*personal, left.profile_url, left.raw, left.stage_name) == (*(None,) * 8, "", "Interview")
    history = rows(mirror, "SELECT field, old_value, new_value FROM workable.candidate_history ORDER BY ALL")
    assert history == [("email", None, None), ("stage_name", "Applied", "Interview")]
    assert rows(mirror, "SELECT count(*) FROM internal.missing") == [(0,)]


def test_deleting_again_keeps_the_first_time(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        mark_deleted(tx, ACCOUNT, [GONE], now=NOW)
        assert mark_deleted(tx, ACCOUNT, [GONE], now=later(hours=1)) == 0
        found = stored(tx, ACCOUNT, GONE)

    assert found is not None
    assert found.deleted_at == NOW


def test_deleted_candidates_are_neither_counted_nor_missed(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        mark_deleted(tx, ACCOUNT, [GONE], now=NOW)
        assert live_count(tx, ACCOUNT) == 4

    assert walked(mirror, ALL[:2] + ALL[3:], begun=later(hours=1)) == Missing((), (), 4)


def test_counts_are_by_job_and_stage_with_the_disqualified_apart(mirror: Mirror) -> None:
    take(mirror, candidate(1, is_disqualified=True, updated_at=later(seconds=1)))
    take(mirror, candidate(2, stage_name="Interview", updated_at=later(seconds=1)))
    take(mirror, candidate(6, job_shortcode=None, stage_name=None))

    with mirror.transaction() as tx:
        assert job_counts(tx, ACCOUNT) == [
            StageCount("GROOV001", None, "Applied", 4, 1),
            StageCount("GROOV001", None, "Interview", 1, 0),
            StageCount(None, None, None, 1, 0),
        ]


def test_an_unknown_candidate_is_none(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        assert stored(tx, ACCOUNT, "ffff") is None


def test_a_cursor_is_set_replaced_and_forgotten_for_its_account_alone(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        set_cursor(tx, ACCOUNT, "candidates", "1", now=NOW)
        set_cursor(tx, "other", "candidates", "9", now=NOW)
        set_cursor(tx, ACCOUNT, "candidates", "2", now=NOW)
        assert cursor(tx, ACCOUNT, "candidates") == "2"
        set_cursor(tx, ACCOUNT, "candidates", None, now=NOW)
        assert (cursor(tx, ACCOUNT, "candidates"), cursor(tx, "other", "candidates")) == (None, "9")
