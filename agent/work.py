"""What every flow is handed: the stores, the clock, and one account's connection to Workable."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from agent.budget import Budget
from agent.errors import NeedsPerson, Stopped
from agent.platform import Platform
from agent.workable import Workable
from storage.clock import Clock
from storage.ledger import agents
from storage.ledger.accounts import Account
from storage.ledger.database import Ledger
from storage.mirror import Mirror
from storage.settings import Settings
from storage.vault import Vault


@dataclass(frozen=True)
class Tools:
    """The stores and settings of this agent process."""

    settings: Settings
    ledger: Ledger
    mirror: Mirror
    vault: Vault
    clock: Clock
    agent_id: str
    platform: Platform | None = None


@dataclass(frozen=True)
class Work:
    """One account in the hands of this agent, under the lease's fencing number `fence`."""

    tools: Tools
    account: Account
    workable: Workable
    budget: Budget
    stop: threading.Event
    fence: int

    @property
    def account_id(self) -> str:
        return self.account.account_id

    @property
    def settings(self) -> Settings:
        return self.tools.settings

    @property
    def platform(self) -> Platform:
        """Raises NeedsPerson when none is set."""
        if self.tools.platform is None:
            raise NeedsPerson(
                "No interview platform is set. Set IVW_PLATFORM_URL and IVW_PLATFORM_TOKEN.",
                code="no_platform",
            )
        return self.tools.platform

    def now(self) -> datetime:
        return self.tools.clock()

    def server_now(self) -> datetime:
        """Workable's own time, in which watermarks are; asks for it when no answer has shown it yet."""
        if self.budget.server_seconds() is None:
            self.workable.account()
        seconds = self.budget.server_seconds()
        return self.now() if seconds is None else datetime.fromtimestamp(seconds, UTC)

    @contextmanager
    def ledger_write(self) -> Iterator[Connection]:
        """A ledger transaction, refused when the account has meanwhile gone to another agent."""
        with self.tools.ledger.write() as tx:
            if not agents.holds(tx, self.account_id, self.tools.agent_id, self.fence):
                raise Stopped("Another agent has taken this account over.")
            yield tx
