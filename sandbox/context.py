"""What every part of the world is handed: clock, switches, store, journal, scheduler and the one lock."""

import functools
import time
from collections.abc import Callable
from random import Random
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sandbox.journal import Journal
from sandbox.scheduler import Scheduler
from sandbox.store import Guard, Store
from sandbox.switches import Switches

P = ParamSpec("P")
T = TypeVar("T")


class Context:
    """Shared by all accounts and the interview platform of one world."""

    def __init__(self, store: Store, seed: int, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self.guard = Guard(store)
        self.journal = Journal(store)
        self.scheduler = Scheduler()
        self.switches = next(store.load("switches", Switches), Switches())
        self.random = Random(seed)
        self._clock = clock

    def time(self) -> float:
        """The server's own idea of Unix time, skewed as the switch says."""
        return self._clock() + self.switches.clock_skew

    def now(self) -> int:
        return int(self.time())

    def now_ms(self) -> int:
        return int(self.time() * 1000)

    def note(self, kind: str, **what: object) -> None:
        self.journal.write(self.now_ms(), kind, **what)


class HasContext(Protocol):
    @property
    def context(self) -> Context: ...


S = TypeVar("S", bound=HasContext)


def guarded(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """The method runs under the world's lock, and what it changed is committed at the end."""

    @functools.wraps(method)
    def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.context.guard:
            return method(self, *args, **kwargs)

    return run
