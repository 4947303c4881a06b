"""A rig whose webhooks arrive: a listener beside the agent, and what became of each message."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text

from agent import wiring
from agent.flows import account as turns
from agent.flows.candidates import WalkKind
from agent.flows.receive import receive
from agent.flows.subscribe import heal
from agent.listener import Listener
from sandbox.account import Account
from sandbox.stamps import hex_id
from storage.ledger import hooks, schema
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


def stage_of(rig: Rig, candidate_id: str) -> str | None:
    found = rig.mirror(f"SELECT stage_name FROM workable.candidates WHERE candidate_id = '{candidate_id}'")
    return str(found[0][0]) if found else None


def somebody(rig: Rig, skip: int = 0) -> str:
    """A candidate of the first job."""
    account = rig.running.world.account("acme")
    return next(hex_id(n) for n in list(account.job_ids[job_of(account)])[skip:])


def job_of(account: Account) -> str:
    return next(one.shortcode for one in account.jobs.values() if account.job_ids.get(one.shortcode))


def other_stage(rig: Rig, candidate_id: str) -> tuple[str, str]:
    """Slug and name of a stage in which the candidate is not."""
    account = rig.running.world.account("acme")
    candidate = account.candidate(candidate_id)
    present = account.stage(candidate.job, candidate.stage).slug
    slug = "assessment" if present != "assessment" else "interview"
    return slug, account.stage_by_slug(candidate.job, slug).name


def move(rig: Rig, candidate_id: str) -> str:
    """Into another stage, whose name it gives."""
    slug, name = other_stage(rig, candidate_id)
    rig.running.world.account("acme").move(candidate_id, slug)
    return name


def follow_employees(rig: Rig) -> None:
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        tx.execute(schema.accounts.update().values(follows_employees=True))


def small(make_rig: Callable[..., Rig], **more: Any) -> Rig:
    """An account of a few candidates that has been read."""
    rig = make_rig(accounts="acme:account", candidates=12, jobs=2, **more)
    with rig.work() as work:
        turns.poll(work, every=None)
        turns.walk(work, WalkKind.FIRST, lambda _rows, _newest: None)
    rig.clock.forward(seconds=2)  # times have whole seconds: what happens now is after the first reading
    return rig
