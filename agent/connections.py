"""Keeps one connection to Workable for each account and token, and takes the account's lease with it."""

import threading
from dataclasses import dataclass

from sqlalchemy import Connection as SqlConnection

from agent.budget import Budget
from agent.errors import NeedsPerson, Stopped
from agent.transport import Transport
from agent.work import Tools, Work
from agent.workable import Workable
from storage.ledger import accounts, agents
from storage.ledger.accounts import Account
from storage.settings import Settings
from storage.vault import KeyProblem


@dataclass(frozen=True)
class Connection:
    token_id: int
    workable: Workable
    budget: Budget
    stop: threading.Event


def open_workable(
    settings: Settings,
    account_id: str,
    base_url: str,
    token: str,
    *,
    budget: Budget,
    stop: threading.Event,
) -> Workable:
    """The door to one account's API; the only place that opens one. Raises Blocked or UsageProblem."""
    transport = Transport(
        base_url,
        token,
        budget=budget,
        client_id=settings.workable_client_id or None,
        allow_hosts=settings.allowed_hosts,
        stop=stop,
    )
    return Workable(transport, account_id)


def _token(tools: Tools, tx: SqlConnection, account_id: str) -> str | None:
    try:
        return accounts.token(tx, tools.vault, account_id)
    except KeyProblem as problem:
        raise NeedsPerson(f"{account_id}: {problem}", code="key") from problem


class Connections:
    """Used by all threads at once. A reconnected account gets a new connection, a revoked one none."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lock = threading.Lock()
        self._open: dict[str, Connection] = {}
        self._replaced: list[Connection] = []
        self._stopped = False

    def work(self, account: Account) -> Work:
        """Take the account. Raises Stopped while another agent has it, NeedsPerson when there is no token."""
        with self._tools.ledger.write() as tx:
            fence = agents.acquire(tx, account.account_id, self._tools.agent_id, self._tools.clock())
        if fence is None:
            raise Stopped(f"Another agent is at work on {account.account_id}.")
        connection = self._connection(account)
        return Work(self._tools, account, connection.workable, connection.budget, connection.stop, fence)

    def look(self, account: Account) -> Connection:
        """The connection without the lease: for reading only."""
        return self._connection(account)

    def stop(self) -> None:
        """End every wait of every thread soon."""
        with self._lock:
            self._stopped = True
            for connection in self._open.values():
                connection.stop.set()

    def close(self) -> None:
        with self._lock:
            for connection in (*self._open.values(), *self._replaced):
                connection.workable.close()
            self._open.clear()
            self._replaced.clear()

    def _connection(self, account: Account) -> Connection:
        with self._lock:
            if self._stopped:
                raise Stopped("The agent is stopping.")
            known = self._open.get(account.account_id)
            if known and known.token_id == account.token_id and not known.stop.is_set():
                return known
            if known:
                known.stop.set()
                self._replaced.append(known)  # some thread may still be in a call on it
            connection = self._opened(account)
            self._open[account.account_id] = connection
            return connection

    def _opened(self, account: Account) -> Connection:
        tools = self._tools
        with tools.ledger.read() as tx:
            token = _token(tools, tx, account.account_id)
        if token is None or account.token_id is None:
            raise NeedsPerson(
                f"{account.account_id} has no token any more. "
                f"Connect it again with 'python -m agent reconnect --account {account.account_id}'.",
                code="no_token",
            )
        stop = threading.Event()
        budget = Budget(share=tools.settings.rate_share, stop=stop)
        workable = open_workable(
            tools.settings, account.account_id, account.base_url, token, budget=budget, stop=stop
        )
        return Connection(account.token_id, workable, budget, stop)
