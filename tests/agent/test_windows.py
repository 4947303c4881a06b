"""The rate arithmetic against a simulated server with its own clock, delays and other customers."""

import doctest
import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agent.addresses
import agent.budget
import agent.jsontext
from agent.rules import retries
from agent.rules.windows import Answer, ServerClock, Windows


@pytest.mark.parametrize("module", [retries, agent.addresses, agent.budget, agent.jsontext])
def test_the_examples_in_docstrings_are_true(module: ModuleType) -> None:
    outcome = doctest.testmod(module)

    assert outcome.attempted > 0
    assert outcome.failed == 0


@dataclass
class Simulation:
    """Workers that always have something to send, a fixed-window server, and perhaps other software."""

    limit: int = 10
    share: float = 0.8
    offset: float = 1_784_839_520.0
    drift: float = 0.0
    workers: int = 1
    longest_delay: float = 0.3
    seconds: float = 120.0
    seed: int = 0
    others: Callable[[int], int] = lambda _: 0
    has_headers: bool = True
    accepted: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)

    def run(self) -> "Simulation":
        self.windows = Windows(self.share)
        self._random = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._serial = itertools.count()
        self._idle = self.workers
        self._at(0.0, self._wake)
        while self._events and self._events[0][0] < self.seconds:
            now, _, action = heapq.heappop(self._events)
            action(now)
        return self

    def server_time(self, local: float) -> float:
        return self.offset + local * (1 + self.drift)

    def whole_windows(self) -> range:
        """The windows after the first ones, in which the server's clock was not yet known, up to the last whole one."""
        return range(int(self.server_time(0) // 10) + 2, int(self.server_time(self.seconds) // 10))

    def _at(self, moment: float, action: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._serial), action))

    def _wake(self, now: float) -> None:
        while self._idle:
            pause = self.windows.seconds_until_free(now)
            if pause > 0:
                self._at(now + pause, self._wake)
                return
            self._idle -= 1
            self._send(now)

    def _send(self, now: float) -> None:
        use = self.windows.begin(now)
        there = now + self._random.uniform(0.001, self.longest_delay / 2)
        back = there + self._random.uniform(0.001, self.longest_delay / 2)
        told: list[Answer] = []
        self._at(there, lambda moment: told.append(self._serve(moment, now, back)))

        def receive(moment: float) -> None:
            self.windows.answered(use, told[0])
            self._idle += 1
            self._wake(moment)

        self._at(back, receive)

    def _serve(self, moment: float, sent: float, back: float) -> Answer:
        server = self.server_time(moment)
        window = int(server // 10)
        free = self.limit - self.others(window) - self.accepted[window]
        (self.accepted if free > 0 else self.refused)[window] += 1
        if not self.has_headers:
            return Answer(sent, back, None, None, None, is_throttled=free <= 0)
        left = max(free - 1, 0)
        return Answer(sent, back, int(server), self.limit, left, is_throttled=free <= 0)


@st.composite
def simulations(draw: st.DrawFn) -> Simulation:
    limit = draw(st.sampled_from([10, 50]))
    share = draw(st.sampled_from([0.8, 1.0, 0.5, 0.05]))
    workers = draw(st.integers(1, 12))
    # What must be sent in a window has to fit into it at all.
    fits = 6.0 * workers / max(1, limit * share)
    return Simulation(
        limit=limit,
        share=share,
        workers=workers,
        offset=1_784_839_520 + draw(st.floats(-1e6, 1e6)),
        drift=draw(st.floats(-5e-5, 5e-5)),
        longest_delay=draw(st.floats(0.003, min(1.5, fits))),
        seed=draw(st.integers(0, 2**32)),
    )


@given(simulations())
def test_alone_nothing_is_throttled_and_nearly_all_that_the_share_allows_is_used(sim: Simulation) -> None:
    sim.run()

    windows = sim.whole_windows()
    used = sum(sim.accepted[window] for window in windows)
    assert sim.refused.total() == 0
    assert max(sim.accepted.values()) <= sim.windows.allowed
    assert used >= 0.95 * sim.windows.allowed * len(windows)


@given(simulations(), st.integers(0, 2**32))
def test_beside_other_software_a_refusal_ends_our_calls_for_that_window(sim: Simulation, seed: int) -> None:
    sim.others = lambda window: random.Random(seed + window).randint(0, sim.limit)
    sim.run()

    assert all(count <= sim.workers for count in sim.refused.values())
    assert max(sim.accepted.values(), default=0) <= sim.windows.allowed
    assert sim.windows.throttled >= sim.refused.total() - sim.workers


@given(simulations())
def test_without_headers_no_window_of_the_server_is_overrun(sim: Simulation) -> None:
    sim.has_headers = False
    sim.limit = 10
    sim.run()

    assert sim.refused.total() == 0
    assert sim.accepted.total() >= sim.seconds / 20 * sim.windows.allowed * 0.9


def test_what_others_use_is_taken_from_our_part_so_that_a_fifth_stays_free() -> None:
    sim = Simulation(others=lambda _: 3).run()

    windows = sim.whole_windows()
    assert {sim.accepted[window] for window in windows} == {5}
    assert sim.refused.total() == 0
    assert sim.windows.others == 3


@given(jump=st.floats(-86_400, 86_400), seed=st.integers(0, 2**32))
def test_a_server_clock_that_jumps_costs_at_most_the_windows_around_the_jump(jump: float, seed: int) -> None:
    sim = Simulation(seed=seed, seconds=200.0)
    steady = sim.server_time
    sim.server_time = lambda local: steady(local) + (jump if local > 60 else 0)  # type: ignore[method-assign]  # the jump
    sim.run()

    last = range(int(sim.server_time(90) // 10) + 1, int(sim.server_time(200) // 10))
    assert sim.refused.total() <= 2
    assert sum(sim.accepted[w] for w in last) >= 0.95 * 8 * len(last)


@given(
    offset=st.floats(-1e9, 1e9),
    calls=st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0)), min_size=1),
)
def test_the_estimate_always_encloses_the_servers_clock(
    offset: float, calls: list[tuple[float, float, float]]
) -> None:
    clock, now = ServerClock(), 0.0
    for gap, there, back in calls:
        sent = now + gap
        now = sent + there + back
        clock.learn(math.floor(sent + there + offset), sent, now)

        assert clock.earliest(now) <= now + offset + 1e-5
        assert clock.latest(now) >= now + offset - 1e-5


def test_answers_at_different_moments_of_a_second_narrow_the_estimate() -> None:
    clock = ServerClock()
    for call in range(20):
        sent = call * 1.05
        clock.learn(math.floor(sent + 0.01 + 0.5), sent, sent + 0.02)

    assert clock.latest(21.0) - clock.earliest(21.0) < 0.1


def test_a_lost_call_counts_in_every_window_in_which_it_may_have_arrived() -> None:
    windows = Windows(share=0.8)
    first = windows.begin(0.0)
    windows.answered(first, Answer(0.0, 0.0, 1000, 10, 9))
    lost = windows.begin(8.0)
    windows.lost(lost, 12.0)

    assert windows.used(8.5) == 2
    assert windows.used(12.0) == 1


def test_a_call_that_never_left_is_not_counted() -> None:
    windows = Windows(share=0.8)
    windows.answered(windows.begin(0.0), Answer(0.0, 0.0, 1000, 10, 9))
    windows.never_left(windows.begin(1.0))

    assert windows.used(1.0) == 1


def test_calls_under_way_count_like_answered_ones() -> None:
    windows = Windows(share=0.8)
    windows.answered(windows.begin(0.0), Answer(0.0, 0.0, 1000, None, None))
    for _ in range(7):
        assert windows.seconds_until_free(0.1) == 0.0
        windows.begin(0.1)

    assert windows.seconds_until_free(0.1) > 0.0


def test_what_is_left_is_taken_less_the_calls_under_way() -> None:
    windows = Windows(share=0.8)
    windows.answered(windows.begin(0.0), Answer(0.0, 0.0, 1000, 10, 4))
    for _ in range(2):
        assert windows.seconds_until_free(0.1) == 0.0
        windows.begin(0.1)

    assert windows.seconds_until_free(0.1) > 0.0


def test_before_the_first_answer_only_one_call_is_under_way() -> None:
    windows = Windows(share=0.8)

    assert windows.seconds_until_free(0.0) == 0.0
    windows.begin(0.0)
    assert windows.seconds_until_free(0.0) > 0.0


def test_retry_after_of_a_refusal_is_kept_even_past_the_windows_edge() -> None:
    windows = Windows(share=0.8)
    use = windows.begin(0.0)
    windows.answered(use, Answer(0.0, 0.0, 1000, 10, 0, is_throttled=True, retry_after=33.0))

    assert windows.seconds_until_free(0.0) == 33.0


def test_a_share_outside_of_nought_to_one_is_refused() -> None:
    for share in (0.0, -1.0, 1.1):
        with pytest.raises(ValueError, match="share"):
            Windows(share)


def test_the_wait_between_tries_doubles_up_to_a_bound_and_is_spread() -> None:
    waits = [retries.delay(attempt, 0.5) for attempt in range(1, 12)]

    assert waits == sorted(waits)
    assert waits[-1] == retries.LONGEST_SECONDS
    assert retries.delay(4, 0.0) < retries.delay(4, 0.9)
