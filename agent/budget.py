"""The rate budget of one token: which of the threads that share it may call next, and when."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from enum import IntEnum

import msgspec

from agent.errors import Stopped
from agent.rules.windows import ASSUMED_LIMIT, WINDOW_SECONDS, Answer, Use, Windows

DEFAULT_SHARE = 0.8
LONGEST_RETRY_AFTER = 120.0
# A waiting thread looks this often whether it should stop.
LOOK_SECONDS = 0.1


class Lane(IntEnum):
    """What a call is for; when several threads wait, the lower number goes first."""

    RESULTS = 0
    INVITES = 1
    READS = 2
    BACKFILL = 3


class Usage(msgspec.Struct, frozen=True):
    """The state of the present ten-second window.

    `others` is what other software used, as last estimated; `limit` is assumed until it `is_measured`.
    """

    limit: int
    allowed: int
    used: int
    remaining: int
    others: int
    throttled: int
    waiting: int
    is_measured: bool


class Budget:
    """Hands out permits for single calls so that the token's limit is never exceeded by us.

    `share` is the part of each window that may be used up; the rest is left to other software with the
    same token. `assumed_limit` counts until an answer tells the limit. Each permit ends with exactly one of
    `observe`, `lost` or `never_left`. `has_urgent_work`: BACKFILL gets a quarter of each window.
    """

    def __init__(
        self,
        *,
        share: float = DEFAULT_SHARE,
        assumed_limit: int = ASSUMED_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        stop: threading.Event | None = None,
    ) -> None:
        self._windows = Windows(share, assumed_limit)
        self._clock = clock
        self._stop = stop or threading.Event()
        self._changed = threading.Condition()
        self._queue: list[tuple[Lane, int]] = []
        self._serial = itertools.count()
        self.has_urgent_work = False

    def acquire(self, lane: Lane, abandoned: threading.Event | None = None) -> Use:
        """Wait until a call may leave. Raises Stopped soon after the stop event or `abandoned` is set."""
        with self._changed, self._in_line(lane) as ticket:
            while True:
                if self._stop.is_set() or (abandoned is not None and abandoned.is_set()):
                    raise Stopped("The agent is stopping; the call was not made.")
                now = self._clock()
                first = ticket == min(self._queue)
                pause = (
                    self._windows.seconds_until_free(now, self._kept_back(lane)) if first else LOOK_SECONDS
                )
                if pause <= 0:
                    return self._windows.begin(now)
                self._changed.wait(min(pause, LOOK_SECONDS))

    def _kept_back(self, lane: Lane) -> int:
        """A listing that took whole windows would let an invite wait for the next one."""
        return self._windows.allowed * 3 // 4 if self.has_urgent_work and lane == Lane.BACKFILL else 0

    def observe(self, permit: Use, headers: Mapping[str, str], status: int) -> None:
        """Learn from an answer's headers; call it as soon as they are there, before the body is read."""
        answer = _answer(permit.sent_at, self._clock(), headers, status)
        with self._changed:
            self._windows.answered(permit, answer)
            self._changed.notify_all()

    def lost(self, permit: Use) -> None:
        """The call left and no answer came; it may have been counted. Does nothing after `observe`."""
        with self._changed:
            self._windows.lost(permit, self._clock())
            self._changed.notify_all()

    def never_left(self, permit: Use) -> None:
        with self._changed:
            self._windows.never_left(permit)
            self._changed.notify_all()

    def seconds_until_free(self) -> float:
        """About how long a call would have to wait now."""
        with self._changed:
            return self._windows.seconds_until_free(self._clock())

    def server_seconds(self) -> float | None:
        """Workable's clock now, as Unix time and at the earliest; None until an answer has shown it."""
        with self._changed:
            clock = self._windows.clock
            return clock.earliest(self._clock()) if clock.is_known else None

    def snapshot(self) -> Usage:
        with self._changed:
            now, windows = self._clock(), self._windows
            return Usage(
                limit=windows.limit,
                allowed=windows.allowed,
                used=windows.used(now),
                remaining=windows.remaining(now),
                others=windows.others,
                throttled=windows.throttled,
                waiting=len(self._queue),
                is_measured=windows.is_measured,
            )

    @contextmanager
    def _in_line(self, lane: Lane) -> Iterator[tuple[Lane, int]]:
        ticket = (lane, next(self._serial))
        self._queue.append(ticket)
        try:
            yield ticket
        finally:
            self._queue.remove(ticket)
            self._changed.notify_all()


def _answer(sent_at: float, received_at: float, headers: Mapping[str, str], status: int) -> Answer:
    retry_after = whole_number(headers.get("retry-after"))
    return Answer(
        sent_at=sent_at,
        received_at=received_at,
        second=_server_second(headers),
        limit=whole_number(headers.get("x-rate-limit-limit")),
        remaining=whole_number(headers.get("x-rate-limit-remaining")),
        is_throttled=status == 429,
        retry_after=None if retry_after is None else min(float(retry_after), LONGEST_RETRY_AFTER),
    )


def _server_second(headers: Mapping[str, str]) -> int | None:
    """The limiter's own clock where it shows (`Reset` is ten seconds after now), else the `Date` header."""
    reset = whole_number(headers.get("x-rate-limit-reset"))
    if reset is not None and 10**9 < reset < 10**11:
        return reset - WINDOW_SECONDS
    try:
        return int(parsedate_to_datetime(headers.get("date", "")).timestamp())
    except ValueError:
        return None


def whole_number(text: str | None) -> int | None:
    """The number that a header carries; None when it is missing or is no plain whole number.

    >>> whole_number("10"), whole_number(" 7 "), whole_number("soon"), whole_number("-1"), whole_number(None)
    (10, 7, None, None, None)
    """
    text = (text or "").strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 15 else None
