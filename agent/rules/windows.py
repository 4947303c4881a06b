"""Workable's rate limit as arithmetic: fixed windows on the server's clock, and when the next call may go.

Times are seconds of a local clock handed in by the caller; window n lasts from second 10 n to 10 n + 10 of
the server's clock. Nothing here waits, locks or reads a clock.
"""

import math
from dataclasses import dataclass

WINDOW_SECONDS = 10
ASSUMED_LIMIT = 10
# Ordinary clocks drift by less than 100 millionths; the estimate is widened by that much.
DRIFT = 1e-4
# How long to hold back while only an answer can tell more; the caller is woken earlier by that answer.
UNTIL_AN_ANSWER = 1.0
# A wait that rounding made nothing of must not look like leave to go.
SOON = 0.001


class ServerClock:
    """Bounds of (server clock - local clock): narrowed by answers, begun anew when a clock jumps."""

    def __init__(self) -> None:
        self._low = -math.inf
        self._high = math.inf
        self._as_of = 0.0

    @property
    def is_known(self) -> bool:
        return self._low > -math.inf

    def learn(self, second: int, sent_at: float, received_at: float) -> None:
        """The server read its clock as `second` (rounded down) at some moment between the two local times."""
        low, high = second - received_at, second + 1 - sent_at
        slack = abs(received_at - self._as_of) * DRIFT
        if self._low - slack < high and low < self._high + slack:
            low, high = max(low, self._low - slack), min(high, self._high + slack)
        self._low, self._high, self._as_of = low, high, received_at

    def earliest(self, local: float) -> float:
        """The server's clock shows at least this."""
        return local + self._low - abs(local - self._as_of) * DRIFT

    def latest(self, local: float) -> float:
        return local + self._high + abs(local - self._as_of) * DRIFT


@dataclass
class Use:
    """One own call and the windows in which it may have been counted; `last` is None while it is open."""

    sent_at: float
    first: int
    last: int | None = None
    ended_at: float = 0.0

    def may_be_in(self, window: int) -> bool:
        return self.first <= window and (self.last is None or window <= self.last)


@dataclass(frozen=True)
class Answer:
    """What an answer's headers told; None for what was missing."""

    sent_at: float
    received_at: float
    second: int | None
    limit: int | None
    remaining: int | None
    is_throttled: bool = False
    retry_after: float | None = None


class Windows:
    """Counts own calls and what other software leaves, window by window.

    A call may go when its window is not used up: own calls below `allowed`, and more left than the part that
    is kept for others. If it slips into the next window, that has at least as much room.
    """

    def __init__(self, share: float, assumed_limit: int = ASSUMED_LIMIT) -> None:
        if not 0 < share <= 1:
            raise ValueError("share must be above 0 and at most 1")
        self._share = share
        self.clock = ServerClock()
        self.limit = assumed_limit
        self.is_measured = False
        self.throttled = 0
        self.others = 0
        self._has_answer = False
        self._uses: list[Use] = []
        self._left: dict[int, int] = {}
        self._blocked_until = -math.inf

    @property
    def allowed(self) -> int:
        return max(1, math.floor(self.limit * self._share + 1e-9))

    def seconds_until_free(self, now: float, kept_back: int = 0) -> float:
        """0.0 when a call may go now; else when it is worth asking again, if no answer comes before.

        `kept_back` calls of each window are not for this caller.
        """
        if now < self._blocked_until:
            return self._blocked_until - now
        if not self._has_answer:
            return UNTIL_AN_ANSWER if self._in_flight() else 0.0
        if not self.clock.is_known:
            return self._seconds_without_a_clock(now)
        window, _ = self._windows(now)
        if self._has_room(window, kept_back):
            return 0.0
        return max(self._edge_after(window, now) - now, SOON)

    def begin(self, now: float) -> Use:
        """A call leaves at `now`. It stays open until `answered`, `lost` or `never_left` closes it."""
        use = Use(now, self._windows(now)[0])
        self._uses.append(use)
        return use

    def never_left(self, use: Use) -> None:
        self._uses.remove(use)

    def lost(self, use: Use, now: float) -> None:
        """No answer came: it may have been counted in any window since. Does nothing after an answer."""
        if use.last is not None:
            return
        use.last, use.ended_at = self._windows(now)[1], now

    def answered(self, use: Use, answer: Answer) -> None:
        self._has_answer = True
        if answer.limit:
            self.limit, self.is_measured = answer.limit, True
        if answer.second is not None:
            self.clock.learn(answer.second, answer.sent_at, answer.received_at)
            use.first = use.last = answer.second // WINDOW_SECONDS
        else:
            use.first = self._windows(answer.sent_at)[0]
            use.last = self._windows(answer.received_at)[1]
        use.ended_at = answer.received_at
        if answer.is_throttled:
            self._throttle(use.last, answer)
        elif answer.remaining is not None:
            self._note_left(use.last, answer.remaining)
        self._forget_old(answer.received_at)

    def used(self, now: float) -> int:
        """Own calls that count, or may count, in the present window."""
        return self._own(self._windows(now)[0])

    def remaining(self, now: float) -> int:
        return self._left.get(self._windows(now)[0], self.limit)

    def _windows(self, now: float) -> tuple[int, int]:
        if not self.clock.is_known:
            return 0, 0
        low, high = self.clock.earliest(now), self.clock.latest(now)
        return math.floor(low / WINDOW_SECONDS), math.floor(high / WINDOW_SECONDS)

    def _has_room(self, window: int, kept_back: int) -> bool:
        left = self._left.get(window, self.limit) - self._in_flight() - kept_back
        return self._own(window) + kept_back < self.allowed and left > self.limit - self.allowed

    def _own(self, window: int) -> int:
        return sum(use.may_be_in(window) for use in self._uses)

    def _in_flight(self) -> int:
        return sum(use.last is None for use in self._uses)

    def _edge_after(self, window: int, now: float) -> float:
        """The local time at which the server's clock has surely passed the end of `window`."""
        edge = (window + 1) * WINDOW_SECONDS
        return now + (edge - self.clock.earliest(now)) * (1 + DRIFT)

    def _seconds_without_a_clock(self, now: float) -> float:
        """Any ten seconds then hold no more calls than one window may, wherever the server's edges lie."""
        recent = sorted(
            u.ended_at for u in self._uses if u.last is not None and u.ended_at > now - WINDOW_SECONDS
        )
        room = self.allowed - self._in_flight() - len(recent)
        if room > 0:
            return 0.0
        return max(recent[0] + WINDOW_SECONDS - now, SOON) if recent else UNTIL_AN_ANSWER

    def _note_left(self, window: int, remaining: int) -> None:
        self._left[window] = min(remaining, self._left.get(window, remaining))
        self.others = max(0, self.limit - self._left[window] - self._own(window))

    def _throttle(self, window: int, answer: Answer) -> None:
        self.throttled += 1
        self._note_left(window, 0)
        now = answer.received_at
        edge = self._edge_after(window, now) if self.clock.is_known else now + WINDOW_SECONDS
        self._blocked_until = max(self._blocked_until, edge, now + (answer.retry_after or 0.0))

    def _forget_old(self, now: float) -> None:
        first, last = self._windows(now)
        horizon = now - 2 * WINDOW_SECONDS
        self._uses = [u for u in self._uses if u.last is None or u.ended_at > horizon]
        self._left = {w: n for w, n in self._left.items() if first - 1 <= w <= last + 1}
