"""Rigs for one test each, with short waits between tries."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.rules import retries
from sandbox import World, serve
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import Clock, Rig

MakeRig = Callable[..., Rig]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_SECONDS", 0.01)


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    """A world made an hour ago, without a rate limit, and an account of it connected.

    `settings` changes the agent's settings; the rest goes to the world.
    """
    with ExitStack() as stack:

        def one(*, settings: dict[str, Any] | None = None, **world: Any) -> Rig:
            switches = {"rate": "off", "post_processing": False, **world.pop("switches", {})}
            clock = Clock()
            clock.forward(hours=-1)
            made = World(**{"candidates": 230, "jobs": 4, **world}, switches=switches, clock=clock.unix)
            clock.forward(hours=1)
            rig = Rig(stack.enter_context(serve(made)), tmp_path / "data", clock, settings or {})
            for account_id in made.accounts:
                rig.connect(account_id)
            return rig

        yield one


MakeInterviews = Callable[..., InterviewRig]


@pytest.fixture
def make_interviews(tmp_path: Path) -> Iterator[MakeInterviews]:
    """A world whose interviews end by hand, and an account of it that was read completely (unless not `synced`).

    `settings` and `switches` change the agent's settings and the world's switches; the rest goes to the world.
    """
    with ExitStack() as stack:

        def one(
            *,
            settings: dict[str, Any] | None = None,
            switches: dict[str, Any] | None = None,
            synced: bool = True,
            **world: Any,
        ) -> InterviewRig:
            clock = Clock()
            clock.forward(hours=-1)
            wanted: dict[str, Any] = {"accounts": "acme:account", "candidates": 24, "jobs": 5} | world
            made = World(
                **wanted,
                switches={"rate": "off", "post_processing": False, **(switches or {})},
                clock=clock.unix,
            )
            made.platform.configure({"progress": False})
            clock.forward(hours=1)
            rig = InterviewRig(stack.enter_context(serve(made)), tmp_path / "data", clock, settings or {})
            rig.connect("acme")
            if synced:
                rig.turn()
            return rig

        yield one
