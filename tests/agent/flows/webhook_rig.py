"""A rig whose webhooks arrive: a listener beside the agent, and what became of each message."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text

from agent import wiring
from agent.flows.receive import receive
from agent.flows.subscribe import heal
from agent.listener import Listener
from sandbox.account import Account
from storage.ledger import hooks
from storage.ledger.database import Ledger
from storage.ledger.hooks import Hook
from tests.agent.flows.rig import Rig

PATIENCE_SECONDS = 20.0


@dataclass
class Hooked:
    """`root` is the address under which the listener is reached."""

    rig: Rig
    root: str
    ledger: Ledger

    @property
    def account(self) -> Account:
        return self.rig.running.world.account("acme")

    def heal(self) -> int:
        with self.rig.work() as work:
            return heal(work)

    def receive(self) -> int:
        with self.rig.work() as work:
            return receive(work)

    def hooks(self) -> dict[str, Hook]:
        with self.ledger.read() as tx:
            return {hook.event: hook for hook in hooks.listing(tx, "acme")}

    def targets(self) -> dict[str, str]:
        """What Workable has subscribed, event by target."""
        return {one.target: one.event for one in self.account.subscriptions.values()}

    def messages(self) -> list[tuple[str, str | None]]:
        """Event and outcome of every message that was ever kept, in their order."""
        found = text("SELECT event, outcome FROM inbox ORDER BY inbox_id")
        with self.ledger.read() as tx:
            return [(row.event, row.outcome) for row in tx.execute(found)]

    def outcomes(self) -> list[str | None]:
        return [outcome for _, outcome in self.messages()]

    def came(self, count: int) -> None:
        """Wait until so many messages are kept."""
        until(lambda: len(self.messages()) >= count)
        assert len(self.messages()) == count

    def answered(self, count: int, status: int = 200) -> None:
        """Wait until Workable has had so many answers of that status."""
        until(lambda: [one["outcome"] for one in self._sent()].count(status) >= count)

    def handle(self, **how: Any) -> None:
        self.rig.running.world.postman.handle(how)

    def _sent(self) -> list[dict[str, Any]]:
        return self.rig.running.world.context.journal.entries(kind="webhook")


def until(happened: Callable[[], bool]) -> None:
    """Look again and again; what never happens fails the test."""
    pause, waited = threading.Event(), 0.0
    while not happened():
        assert waited < PATIENCE_SECONDS
        pause.wait(0.02)
        waited += 0.02


@contextmanager
def listening(rig: Rig, *, heals: bool = True, port: int = 0) -> Iterator[Hooked]:
    """A listener until the end of the block; `rig.settings` then name its address."""
    with wiring.opened_ledger(rig.settings) as ledger:
        vault = wiring.opened_vault(rig.settings, ledger)
        settings = msgspec.structs.replace(rig.settings, listen=f"127.0.0.1:{port}")
        listener = Listener(settings, ledger, vault, rig.clock, lambda: None)
        host, bound = listener.start()
        try:
            yield hooked(rig, ledger, host, bound, heals=heals)
        finally:
            listener.close()


def hooked(rig: Rig, ledger: Ledger, host: str, port: int, *, heals: bool = True) -> Hooked:
    rig.changed_settings["public_url"] = f"http://{host}:{port}"
    made = Hooked(rig, rig.changed_settings["public_url"], ledger)
    if heals:
        made.heal()
    return made
