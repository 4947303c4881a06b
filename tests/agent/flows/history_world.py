"""A world whose clock stands still unless it is moved, and an agent in it that may die at any commit."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.engine import Engine
from agent.errors import AgentError
from agent.flows import interviews, platform
from agent.work import Work
from sandbox import Running, World, serve
from sandbox.account import Account
from sandbox.model import Subscription
from storage.ledger import inbox, outbox, schema
from storage.ledger.database import Ledger
from storage.mirror import Mirror
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import Clock, taken

# Half a millisecond, so that no fraction is lost between a time and its whole milliseconds.
START = datetime(2026, 3, 2, 9, 0, 0, 500, tzinfo=UTC)
EVENTS = ("candidate_created", "candidate_moved", "candidate_deleted")
WATCHED = ((Ledger, "write"), (Mirror, "transaction"))
FOR_PEOPLE = ("moved_by_people", "other_job", "ask")  # parked until somebody decides
REFUSED = "member_refused"  # parked until somebody has seen to it that a member may write

MOST_STEPS = 30


@dataclass
class StillClock(Clock):
    """A seed tells everything: no time passes by itself."""

    def __call__(self) -> datetime:
        return START + self.ahead

    def unix(self) -> float:
        return self().timestamp()


class Death(BaseException):
    """The agent's process ends here."""


@dataclass
class Doom:
    """After that many commits begun or done the agent dies; None: it lives."""

    left: int | None = None

    def step(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Death


@contextmanager
def mortal(doom: Doom) -> Iterator[None]:
    """Every commit of the stores, right before it and right after it, asks `doom`."""
    with ExitStack() as undo:
        for kind, name in WATCHED:
            whole = getattr(kind, name)
            undo.callback(setattr, kind, name, whole)
            setattr(kind, name, _watched(whole, doom))
        yield


def _watched(whole: Callable[..., Any], doom: Doom) -> Callable[..., Any]:
    @contextmanager
    def watch(self: Any) -> Iterator[Any]:
        with whole(self) as tx:
            yield tx
            doom.step()
        doom.step()

    return watch


@dataclass
class Scene:
    """The world, the account in it, and one agent at a time; `deaths` counts those that died."""

    rig: InterviewRig
    doom: Doom
    deaths: int = 0
    _process: ExitStack = field(default_factory=ExitStack)
    _engine: Engine | None = None

    @property
    def world(self) -> World:
        return self.rig.running.world

    @property
    def account(self) -> Account:
        return self.world.account("acme")

    @property
    def clock(self) -> Clock:
        return self.rig.clock

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = self._process.enter_context(self.rig.agent())
        return self._engine

    def at(self) -> int:
        """Now, in Unix milliseconds, as the world stamps what happens."""
        return self.world.context.now_ms()

    def do(self, action: Callable[[Work], object], *, dies_after: int | None = None) -> None:
        """Let the agent do something; whatever fails is retried by what is done later."""
        work = taken(self.engine)
        self.doom.left = dies_after
        try:
            with suppress(AgentError):
                action(work)
        except Death:
            self.deaths += 1
            self.end()
        finally:
            self.doom.left = None

    def end(self) -> None:
        """The next action is a new agent's."""
        self.doom.left = None
        self._process.close()
        self._engine = None

    def look_at_platform(self, work: Work) -> None:
        platform.look(work.tools, work.platform)

    def take_steps(self, work: Work) -> None:
        """Until nothing is due soon, or what is due waits for a poll."""
        for _ in range(MOST_STEPS):
            interviews.turn(work)
            if (due := interviews.due_soon(work)) is None:
                return
            self.clock.ahead += max(due - work.now(), timedelta(milliseconds=1))

    def put(self, event: str, candidate_id: str, body: bytes) -> None:
        """A webhook arrives, as whoever listens would store it."""
        arrived = inbox.Delivery(
            source="workable",
            account_id="acme",
            event=event,
            resource_id=candidate_id,
            digest=hashlib.sha256(body).hexdigest(),
            body=body,
            received_at=self.clock(),
        )
        with self.engine.tools.ledger.write() as tx:
            inbox.put_many(tx, [arrived])

    def clear_desk(self) -> None:
        """A person drops what waits for a decision, and lets go what only a member was missing for."""
        e = schema.effects.c
        with self.engine.tools.ledger.write() as tx:
            parked = schema.effects.select().where(e.state == "parked", e.reason.in_((*FOR_PEOPLE, REFUSED)))
            for row in tx.execute(parked).all():
                if row.reason == REFUSED:
                    outbox.retry(tx, row.effect_id, self.clock())
                else:
                    outbox.drop(tx, row.effect_id, "dropped", "A person has dropped it.", self.clock())


@contextmanager
def opened(folder: Path, seed: int) -> Iterator[Scene]:
    """An hour after the world was made; the account is connected and nothing of it is read."""
    clock, doom = StillClock(), Doom()
    clock.forward(hours=-1)
    world = World(
        "acme:account",
        candidates=24,
        jobs=5,
        seed=seed,
        switches={"rate": "off", "post_processing": False},
        clock=clock.unix,
    )
    world.platform.configure({"progress": False})
    clock.forward(hours=1)
    with serve(world) as running, mortal(doom):
        _subscribe(running)
        rig = InterviewRig(running, folder, clock, {"invites_per_hour": 100_000})
        rig.connect("acme")
        scene = Scene(rig, doom)
        try:
            yield scene
        finally:
            scene.end()


def _subscribe(running: Running) -> None:
    """What Workable fires is kept back, until a history decides what becomes of it."""
    account = running.world.account("acme")
    running.world.postman.handle({"hold": True})
    for event in EVENTS:
        number = account.new_number("subscription")
        target = f"https://{event}.example.com/hook"
        account.save_subscription(Subscription(number, event, target, 0, running.token("acme")))
