"""A served world with an agent's data folder beside it: turns of the agent, and what should have come of them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from cryptography.fernet import Fernet
from sqlalchemy import Connection

from agent import wiring
from agent.engine import Engine
from agent.errors import AgentError
from agent.flows import account as turns
from agent.flows.candidates import WalkKind
from agent.flows.connect import Connected, Wish, connect
from agent.flows.run import Run
from agent.work import Work
from sandbox import Running
from storage import reads
from storage.ledger import accounts, requests
from storage.ledger.requests import Kind, Request
from storage.ledger.runs import RunState
from storage.published import open_published
from storage.settings import Settings

KEY = Fernet.generate_key().decode()
AS_WORKABLE_SAYS = {
    "candidate_id": "id",
    "name": "name",
    "firstname": "firstname",
    "lastname": "lastname",
    "headline": "headline",
    "email": "email",
    "phone": "phone",
    "address": "address",
    "stage_name": "stage",
    "stage_kind": "stage_kind",
    "is_disqualified": "disqualified",
    "disqualification_reason": "disqualification_reason",
    "is_anonymized": "anonymized",
    "is_sourced": "sourced",
    "domain": "domain",
    "outlet": "outlet",
    "common_source": "common_source",
    "common_source_category": "common_source_category",
    "profile_url": "profile_url",
}
MOMENTS = ("hired_at", "moved_to_offer_at", "created_at", "updated_at")
COLUMNS = (*AS_WORKABLE_SAYS, "job_shortcode", "stage_slug", "has_resume", *MOMENTS, "raw")
Row = dict[str, Any]
T = TypeVar("T")


@dataclass
class Clock:
    """The machine's time, moved ahead by hand; the agent and the world may share one."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def unix(self) -> float:
        return time.time() + self.ahead.total_seconds()

    def forward(self, **time_spans: float) -> None:
        self.ahead += timedelta(**time_spans)


@dataclass
class Rig:
    """`ends` is how each account's turn ended, as the last agent process told it."""

    running: Running
    folder: Path
    clock: Clock
    changed_settings: dict[str, Any] = field(default_factory=dict)
    ends: dict[str, RunState | AgentError] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        own: dict[str, Any] = {
            "data_dir": self.folder,
            "secret_key": KEY,
            "allow_hosts": f"{self.running.host}:{self.running.port}",
        }
        return Settings(**own | self.changed_settings)

    @property
    def environment(self) -> dict[str, str]:
        """The same settings for a process of its own."""
        given = {
            f"IVW_{name.upper()}": str(value)
            for name, value in msgspec.structs.asdict(self.settings).items()
            if value != getattr(Settings(), name)
        }
        return os.environ | given

    def connect(self, account_id: str = "acme", **wish: Any) -> Connected:
        with wiring.opened_ledger(self.settings) as ledger:
            vault = wiring.opened_vault(self.settings, ledger)
            wanted = Wish(
                account_id,
                wish.pop("token", None) or self.running.token(account_id),
                base_url=self.running.base_url(account_id),
                **wish,
            )
            return connect(self.settings, ledger, vault, wanted, clock=self.clock, actor="a test")

    @contextmanager
    def agent(self) -> Iterator[Engine]:
        with wiring.agent_process(self.settings, "sync", self.clock) as engine:
            yield engine

    @contextmanager
    def work(self, account_id: str = "acme") -> Iterator[Work]:
        """The account in the hands of a fresh agent process."""
        with self.agent() as engine:
            yield taken(engine, account_id)

    def turn(self) -> None:
        """What one line of cron does."""
        with self.agent() as engine:
            for account in engine.active_accounts():
                engine.start_turn(account)
            settle(engine)
            engine.publish()
        self.ends = engine.ends

    def poll(self) -> Run:
        with self.work() as work:
            return turns.poll(work, every=None)

    def sweep(self) -> Run:
        with self.work() as work:
            return turns.walk(work, WalkKind.SWEEP, lambda _rows, _newest: None)

    def two_sweeps(self) -> Run:
        """Far enough apart for what both miss to be gone."""
        self.sweep()
        self.clock.forward(minutes=11)
        return self.sweep()

    def ask(self, kind: Kind, account_id: str = "acme", **args: Any) -> Request:
        with wiring.opened_ledger(self.settings) as ledger, ledger.write() as tx:
            return requests.file(tx, account_id, kind, args, actor="a test", now=self.clock())[0]

    def request(self, number: int) -> Request:
        return self.from_ledger(lambda tx: requests.get(tx, number))

    def from_ledger(self, read: Callable[[Connection], T]) -> T:
        with wiring.opened_ledger(self.settings) as ledger, ledger.read() as tx:
            return read(tx)

    def runs(self, account_id: str = "acme") -> list[Row]:
        """The newest first."""
        return self.from_ledger(lambda tx: reads.runs(tx, account_id))

    def problems(self) -> dict[str, str]:
        """Sentences by code."""
        found = self.from_ledger(reads.open_problems)
        return {problem.code: problem.sentence for problem in found}

    def account(self, account_id: str = "acme") -> accounts.Account:
        return self.from_ledger(lambda tx: accounts.get(tx, account_id))

    def mirror(self, sql: str) -> list[tuple[Any, ...]]:
        with self.agent() as engine, engine.tools.mirror.transaction() as tx:
            return tx.rows(sql)

    def published(self, sql: str) -> list[tuple[Any, ...]]:
        with open_published(self.settings.published_dir) as connection:
            return connection.execute(sql).fetchall()

    def live_rows(self, account_id: str = "acme") -> dict[str, Row]:
        """Live candidates of the published copy by id."""
        sql = (
            f"SELECT {', '.join(COLUMNS)} FROM workable.candidates"
            f" WHERE account_id = '{account_id}' AND NOT is_deleted"
        )
        return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in self.published(sql)}

    def expected_rows(self, account_id: str = "acme") -> dict[str, Row]:
        """The same rows by what Workable's list says now, and the slugs it does not say."""
        url = f"{self.running.control_url}/{account_id}/candidates"
        lines = httpx.get(url, trust_env=False).raise_for_status().text.splitlines()
        found = [self._expected(account_id, line) for line in lines]
        return {row["candidate_id"]: row for row in found if row["job_shortcode"] is not None}

    def _expected(self, account_id: str, line: str) -> Row:
        told = msgspec.json.decode(line)
        account = self.running.world.account(account_id)
        candidate = account.candidate(told["id"])
        row = {column: told[key] for column, key in AS_WORKABLE_SAYS.items()}
        row |= {name: _moment(told[name]) for name in MOMENTS}
        return row | {
            "job_shortcode": told.get("job", {}).get("shortcode"),
            "stage_slug": account.stage(candidate.job, candidate.stage).slug,
            "has_resume": "resume_metadata" in told,
            "raw": line,
        }

    def asked(self) -> list[Row]:
        """Every request that has reached the world since the journal was cleared."""
        return self.running.world.context.journal.entries(kind="request")

    def forget_requests(self) -> None:
        self.running.world.context.journal.clear()

    def fault(self, kind: str, match: str = "", **spec: Any) -> None:
        self.running.world.faults.add({"kind": kind, "match": match, **spec})

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """`python -m agent` as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "agent", *arguments],
            env=self.environment | options.pop("env", {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )


def taken(engine: Engine, account_id: str = "acme") -> Work:
    with engine.tools.ledger.read() as tx:
        return engine.connections.work(accounts.get(tx, account_id))


def settle(engine: Engine) -> None:
    """Until the agent has nothing to do, requests of staff included. Raises what made it give up."""
    engine.take_requests()
    while engine.is_busy() and not engine.stop.is_set():
        engine.wait(0.05)
        engine.take_requests()
    if engine.trouble is not None:
        raise engine.trouble


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
