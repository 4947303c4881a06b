"""Doors to served worlds and to scripted servers, one for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sandbox import World, serve
from tests.agent.doors import Door, Script, Step, door_to

OpenDoor = Callable[..., Door]
Scripted = Callable[..., Script]


@pytest.fixture
def open_door() -> Iterator[OpenDoor]:
    """Serves a world of the given arguments, without a rate limit unless `switches` say so."""
    with ExitStack() as stack:

        def one(*, door: dict[str, Any] | None = None, **world: Any) -> Door:
            switches = {"rate": "off", "post_processing": False, **world.pop("switches", {})}
            made = World(**{"candidates": 25, "jobs": 3, "switches": switches, **world})
            opened = door_to(stack.enter_context(serve(made)), **(door or {}))
            stack.callback(opened.transport.close)
            return opened

        yield one


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that answers with the given steps in turn."""
    with ExitStack() as stack:

        def one(*steps: Step) -> Script:
            script = Script(list(steps))
            stack.callback(script.close)
            return script

        yield one
