"""What the dashboard's two pages read, each page in one consistent view of the ledger."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from storage import interview_reads, reads
from storage.interview_reads import Today
from storage.ledger import schema
from storage.ledger.requests import Request

CANDIDATES = "candidates"
EVERYONE = ""  # the account of a problem that concerns the whole deployment


class AgentReport(msgspec.Struct, frozen=True):
    """`last_seen_at` is None when no agent has ever reported to this ledger."""

    is_alive: bool
    last_seen_at: datetime | None


class Board(msgspec.Struct, frozen=True):
    """The overview. `trouble_since`, `fresh_at` and `today` are by account; one without any is left out.

    `everywhere` are the problems of no account in particular.
    """

    customers: list[reads.Customer]
    trouble_since: dict[str, datetime]
    fresh_at: dict[str, datetime]
    today: dict[str, Today]
    everywhere: list[reads.Problem]
    agent: AgentReport
    taken_at: datetime


class Details(msgspec.Struct, frozen=True):
    """One customer with what is open now; `requests` are the newest first."""

    customer: reads.Customer
    state_since: datetime
    problems: list[reads.Problem]
    requests: list[Request]
    agent: AgentReport


def board(tx: Connection, now: datetime) -> Board:
    customers = reads.customers(tx, now)
    return Board(
        customers,
        _trouble_since(tx, customers),
        _fresh_at(tx),
        interview_reads.today(tx, now),
        reads.open_problems(tx, EVERYONE),
        agent_report(tx, now),
        now,
    )


def details(tx: Connection, account_id: str, now: datetime) -> Details | None:
    """None when no account of that id is connected."""
    customer = reads.customer(tx, account_id, now)
    if customer is None:
        return None
    a = schema.accounts.c
    since = tx.execute(select(a.state_since).where(a.account_id == account_id)).scalar_one()
    problems = reads.open_problems(tx, account_id)
    requests = reads.requests_of(tx, account_id)
    return Details(customer, since, problems, requests, agent_report(tx, now))


def agent_report(tx: Connection, now: datetime) -> AgentReport:
    last = tx.execute(select(func.max(schema.agents.c.heartbeat_at))).scalar()
    return AgentReport(reads.agent_is_alive(tx, now), last)


def _trouble_since(tx: Connection, customers: list[reads.Customer]) -> dict[str, datetime]:
    """Since when an account has had the problem that its health names; other sentences tell it themselves."""
    named = {(c.account_id, c.health.sentence) for c in customers}
    since: dict[str, datetime] = {}
    for problem in reads.open_problems(tx):
        if (problem.account_id, problem.sentence) in named:
            since.setdefault(problem.account_id, problem.since)
    return since


def _fresh_at(tx: Connection) -> dict[str, datetime]:
    s = schema.streams.c
    query = select(s.account_id, s.last_completed_at).where(s.stream == CANDIDATES)
    return {row.account_id: row.last_completed_at for row in tx.execute(query) if row.last_completed_at}
