"""The gate that threads pass: order of lanes, stopping, and what headers teach."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.budget import Budget, Lane
from agent.errors import Stopped

START = 1_784_839_520


class Clock:
    """A local clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for another thread to get there; a test that hangs here has failed."""
    while not holds():
        time.sleep(0.001)


def headers(second: int, remaining: int, limit: int = 10) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(second + 10),
    }


def spend(budget: Budget, calls: int, *, left_after: int = 10) -> None:
    for call in range(1, calls + 1):
        budget.observe(budget.acquire(Lane.READS), headers(START, left_after - call), 200)


def waiting(pool: ThreadPoolExecutor, budget: Budget, lane: Lane, order: list[Lane]) -> None:
    """Start a thread that waits in `lane`, and return when it stands in line."""
    before = budget.snapshot().waiting

    def call() -> None:
        permit = budget.acquire(lane)
        order.append(lane)
        budget.observe(permit, {}, 200)

    pool.submit(call)
    eventually(lambda: budget.snapshot().waiting == before + 1)


def test_when_several_threads_wait_the_better_lane_goes_first() -> None:
    clock, order = Clock(), list[Lane]()
    budget = Budget(clock=clock)
    spend(budget, 8)
    with ThreadPoolExecutor() as pool:
        for lane in (Lane.BACKFILL, Lane.READS, Lane.INVITES, Lane.RESULTS):
            waiting(pool, budget, lane, order)
        assert order == []
        clock.now = 10.5

    assert order == [Lane.RESULTS, Lane.INVITES, Lane.READS, Lane.BACKFILL]


def test_a_newcomer_in_a_worse_lane_does_not_overtake_who_waits() -> None:
    clock, order = Clock(), list[Lane]()
    budget = Budget(clock=clock, share=0.1)
    spend(budget, 1)
    with ThreadPoolExecutor() as pool:
        waiting(pool, budget, Lane.RESULTS, order)
        waiting(pool, budget, Lane.BACKFILL, order)
        clock.now = 10.5
        eventually(lambda: len(order) == 1)
        assert order == [Lane.RESULTS]
        clock.now = 30.5

    assert order == [Lane.RESULTS, Lane.BACKFILL]


def test_a_full_window_is_waited_out_until_its_edge_and_not_until_reset() -> None:
    budget = Budget(clock=Clock())
    spend(budget, 8)

    assert 9.99 < budget.seconds_until_free() < 10.02


def test_the_stop_event_ends_waiting_with_an_error_of_its_own() -> None:
    stop = threading.Event()
    budget = Budget(clock=Clock(), stop=stop)
    spend(budget, 8)
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(budget.acquire, Lane.READS)
        eventually(lambda: budget.snapshot().waiting == 1)
        stop.set()
        with pytest.raises(Stopped):
            waiter.result()

    assert budget.snapshot().waiting == 0


def test_an_abandoned_wait_ends_alone() -> None:
    abandoned = threading.Event()
    budget = Budget(clock=Clock())
    spend(budget, 8)
    with ThreadPoolExecutor() as pool:
        waiter = pool.submit(budget.acquire, Lane.READS, abandoned)
        eventually(lambda: budget.snapshot().waiting == 1)
        abandoned.set()
        with pytest.raises(Stopped):
            waiter.result()


def test_a_call_that_ends_lets_the_next_one_in_at_once() -> None:
    budget = Budget(clock=Clock())
    first = budget.acquire(Lane.READS)
    with ThreadPoolExecutor() as pool:
        second = pool.submit(budget.acquire, Lane.READS)
        eventually(lambda: budget.snapshot().waiting == 1)
        budget.observe(first, headers(START, 9), 200)

        assert second.result()


def test_the_snapshot_tells_what_the_page_shows() -> None:
    budget = Budget(clock=Clock())
    assert not budget.snapshot().is_measured
    spend(budget, 3, left_after=46)
    budget.observe(budget.acquire(Lane.READS), headers(START, 42, limit=50), 200)

    usage = budget.snapshot()
    assert (usage.limit, usage.allowed, usage.used, usage.remaining) == (50, 40, 4, 42)
    assert (usage.others, usage.throttled, usage.is_measured) == (4, 0, True)


def test_a_refusal_closes_the_window_and_is_counted() -> None:
    budget = Budget(clock=Clock())
    spend(budget, 1)
    budget.observe(budget.acquire(Lane.READS), {}, 429)

    usage = budget.snapshot()
    assert (usage.throttled, usage.remaining, usage.others) == (1, 0, 8)
    assert 9.0 < budget.seconds_until_free() < 11.1


def test_the_date_header_stands_in_where_the_rate_headers_are_missing() -> None:
    budget = Budget(clock=Clock())
    budget.observe(budget.acquire(Lane.READS), {"date": "Thu, 23 Jul 2026 20:45:20 GMT"}, 404)

    assert budget.server_seconds() == pytest.approx(1_784_839_520, abs=0.01)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"x-rate-limit-reset": "soon", "x-rate-limit-limit": "-3", "x-rate-limit-remaining": "1e3"},
        {"x-rate-limit-reset": "7", "date": "yesterday"},
        {"x-rate-limit-reset": "9" * 5000, "x-rate-limit-limit": "0", "retry-after": "Thu, 23 Jul 2026"},
        {"date": "Thu, 99 Jul 2026 20:45:20 GMT"},
        {"date": ""},
    ],
)
def test_headers_that_make_no_sense_are_as_good_as_none(nonsense: dict[str, str]) -> None:
    budget = Budget(clock=Clock())
    budget.observe(budget.acquire(Lane.READS), nonsense, 200)

    assert budget.server_seconds() is None
    assert budget.snapshot().limit == 10


def test_workables_time_is_told_at_the_earliest() -> None:
    clock = Clock()
    budget = Budget(clock=clock)
    assert budget.server_seconds() is None
    permit = budget.acquire(Lane.READS)
    clock.now = 0.4
    budget.observe(permit, headers(START, 9), 200)

    assert budget.server_seconds() == pytest.approx(START, abs=0.01)
