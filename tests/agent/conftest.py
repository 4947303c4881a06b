"""Doors to served worlds and to scripted servers, and listeners, one for each test."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox import World, serve
from storage.ledger.database import open_ledger
from storage.settings import Settings
from tests.agent.doors import Door, Script, Step, door_to
from tests.agent.listener_site import APPLICATION, CALLBACKS, OpenSite, Site

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


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[OpenSite]:
    with ExitStack() as stack:

        def one(**changed: Any) -> Site:
            ledger = open_ledger(tmp_path / "private" / "ledger.sqlite3")
            stack.callback(ledger.close)
            secret = "whsec_" + base64.b64encode(CALLBACKS).decode()
            own = Settings(
                listen="127.0.0.1:0", platform_callback_secret=secret, workable_client_secret=APPLICATION
            )
            site = Site(ledger, msgspec.structs.replace(own, **changed))
            stack.callback(site.listener.close)
            return site

        yield one


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    return open_site()
