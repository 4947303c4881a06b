"""Worlds that are served for one test each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sandbox import World, serve
from tests.sandbox.site import Receiver, Site

Start = Callable[..., Site]


@pytest.fixture
def start() -> Iterator[Start]:
    """Serves a world made of the given arguments, without limits and side effects unless they are asked for."""
    with ExitStack() as stack:

        def one(accounts: str = "acme:account", *, life: float | None = None, **kwargs: Any) -> Site:
            switches = {"rate": "off", "post_processing": False, **kwargs.pop("switches", {})}
            world = World(accounts, **{"candidates": 40, "switches": switches, **kwargs})
            running = stack.enter_context(serve(world, life=life))
            site = Site(running, accounts.partition(":")[0])
            stack.callback(site.http.close)
            return site

        yield one


@pytest.fixture
def site(start: Start) -> Site:
    """An account with an account token."""
    return start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()
