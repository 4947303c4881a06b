"""The one read service: every face (page, command line) asks here for what the ledger tells."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Table, func, select

from storage.health import Facts, Health, Level, judge
from storage.ledger import schema
from storage.ledger.agents import alive
from storage.ledger.requests import OPEN, Request

ORDER = list(Level)
S = TypeVar("S", bound=msgspec.Struct)


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """One connected account with its health. Rates are requests of the current 10-second window."""

    account_id: str
    name: str
    region: str
    state: str
    base_url: str
    owner: str | None
    health: Health
    connected_at: datetime
    token_kind: str | None
    token_last_four: str | None
    token_expires_at: datetime | None
    token_scopes: dict[str, bool | None]
    last_run_at: datetime | None
    last_good_at: datetime | None
    next_run_at: datetime | None
    first_sync_done_at: datetime | None
    last_change_at: datetime | None
    candidates: int
    jobs: int
    live_jobs: int
    members: int
    rate_limit: int | None
    rate_allowed: int | None
    rate_used: int | None
    rate_others: int | None
    rate_seen_at: datetime | None


class Stream(msgspec.Struct, frozen=True):
    """Freshness of one stream; `is_late` after three intervals without completing (behaviours B25)."""

    stream: str
    last_completed_at: datetime | None
    every_seconds: int
    rows_total: int
    rows_changed: int
    last_error: str | None
    is_late: bool


class Problem(msgspec.Struct, frozen=True):
    account_id: str
    code: str
    subject: str
    sentence: str
    needs_person: bool
    since: datetime


class JobMapping(msgspec.Struct, frozen=True):
    """The current mapping of a job ('' the account's default); `stage_id` None: no stage triggers."""

    job_shortcode: str
    version: int
    stage_id: str | None
    stage_name: str | None
    saved_at: datetime
    saved_by: str
    active_from: datetime


def customers(tx: Connection, now: datetime) -> list[Customer]:
    """Every connected account, the ones in trouble first, then by name."""
    problems = _worst_problems(tx)
    found = [_customer(dict(row._mapping), problems, now) for row in tx.execute(_customer_query())]  # noqa: SLF001 -- public in SQLAlchemy
    return sorted(found, key=lambda c: (ORDER.index(c.health.level), c.name.casefold()))


def customer(tx: Connection, account_id: str, now: datetime) -> Customer | None:
    query = _customer_query().where(schema.accounts.c.account_id == account_id)
    row = tx.execute(query).first()
    return None if row is None else _customer(dict(row._mapping), _worst_problems(tx), now)  # noqa: SLF001 -- public in SQLAlchemy


def _customer_query() -> Any:
    a, s, k = schema.accounts, schema.account_status, schema.tokens
    join = a.join(s, s.c.account_id == a.c.account_id).outerjoin(
        k, (k.c.account_id == a.c.account_id) & k.c.replaced_at.is_(None)
    )
    status = [c for c in s.c if c.name != "account_id"]
    token = [
        k.c.kind.label("token_kind"),
        k.c.last_four.label("token_last_four"),
        k.c.expires_at.label("token_expires_at"),
        k.c.scopes.label("token_scopes"),
    ]
    return select(a, *status, *token).select_from(join)


def _worst_problems(tx: Connection) -> dict[str, Problem]:
    """Of each account the problem to name first: one that needs a person, then the oldest."""
    worst: dict[str, Problem] = {}
    for problem in open_problems(tx):
        worst.setdefault(problem.account_id, problem)
    return worst


def _customer(row: dict[str, Any], problems: dict[str, Problem], now: datetime) -> Customer:
    problem = problems.get(row["account_id"])
    facts = Facts(
        **{n: row[n] for n in Facts.__struct_fields__ if n in row},
        problem=problem.sentence if problem else None,
        problem_needs_person=problem is not None and problem.needs_person,
    )
    row["token_scopes"] = row["token_scopes"] or {}
    fields = {n: row[n] for n in Customer.__struct_fields__ if n != "health"}
    return Customer(**fields, health=judge(facts, now))


def _rows(tx: Connection, kind: type[S], query: Any) -> list[S]:
    return [kind(**{n: getattr(row, n) for n in kind.__struct_fields__}) for row in tx.execute(query)]


def open_problems(tx: Connection, account_id: str | None = None) -> list[Problem]:
    p = schema.problems
    query = select(p).where(p.c.resolved_at.is_(None)).order_by(p.c.needs_person.desc(), p.c.since)
    return _rows(tx, Problem, query if account_id is None else query.where(p.c.account_id == account_id))


def streams(tx: Connection, account_id: str, now: datetime) -> list[Stream]:
    s, a = schema.streams, schema.accounts
    query = select(s, a.c.connected_at).join(a, a.c.account_id == s.c.account_id)
    return [
        Stream(
            row.stream, row.last_completed_at, row.every_seconds, row.rows_total, row.rows_changed,
            row.last_error, _is_late(row, now),
        )
        for row in tx.execute(query.where(s.c.account_id == account_id).order_by(s.c.stream))
    ]  # fmt: skip


def _is_late(row: Row[Any], now: datetime) -> bool:
    """A stream that never completed counts from the connecting, though it is tried again and again."""
    since: datetime = row.last_completed_at or row.connected_at
    return now - since > timedelta(seconds=3 * row.every_seconds)


def _newest(tx: Connection, table: Table, key: str, account_id: str, limit: int) -> list[dict[str, Any]]:
    query = select(table).where(table.c.account_id == account_id).order_by(table.c[key].desc()).limit(limit)
    return [dict(row._mapping) for row in tx.execute(query)]  # noqa: SLF001 -- public in SQLAlchemy


def runs(tx: Connection, account_id: str, limit: int = 60) -> list[dict[str, Any]]:
    """The newest runs first, with the columns of the ledger's table `runs`."""
    return _newest(tx, schema.runs, "run_id", account_id, limit)


def audit_trail(tx: Connection, account_id: str, limit: int = 50) -> list[dict[str, Any]]:
    return _newest(tx, schema.audit, "audit_id", account_id, limit)


def jobs(tx: Connection, account_id: str) -> list[dict[str, Any]]:
    """Jobs with counts; columns of `board_jobs`, live ones first, then by title."""
    j = schema.board_jobs
    found = [dict(row._mapping) for row in tx.execute(select(j).where(j.c.account_id == account_id))]  # noqa: SLF001 -- public in SQLAlchemy
    return sorted(
        found, key=lambda row: (row["state"] not in ("published", "closed"), row["title"].casefold())
    )


def pipelines(tx: Connection, account_id: str) -> dict[str, list[dict[str, Any]]]:
    """Stages by job shortcode ('' the account's default), each in its order."""
    s = schema.board_stages
    query = select(s).where(s.c.account_id == account_id).order_by(s.c.job_shortcode, s.c.position)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tx.execute(query):
        found.setdefault(row.job_shortcode, []).append(dict(row._mapping))  # noqa: SLF001 -- public in SQLAlchemy
    return found


def current_mappings(tx: Connection, account_id: str) -> dict[str, JobMapping]:
    m = schema.mappings
    query = select(m).where(m.c.account_id == account_id, m.c.replaced_at.is_(None))
    return {found.job_shortcode: found for found in _rows(tx, JobMapping, query)}


def requests_of(tx: Connection, account_id: str, limit: int = 10) -> list[Request]:
    """The newest requests first."""
    r = schema.requests
    query = select(r).where(r.c.account_id == account_id).order_by(r.c.request_id.desc()).limit(limit)
    return _rows(tx, Request, query)


def sample_candidates(tx: Connection, account_id: str) -> dict[str, str]:
    """Candidates of sample jobs with their job's title, as the last test sync has found them."""
    r = schema.requests.c
    done = (r.account_id == account_id, r.kind == "test_sync", r.state == "done")
    result = tx.execute(select(r.result).where(*done).order_by(r.request_id.desc()).limit(1)).scalar()
    return {c["candidate_id"]: c["job_title"] for c in (result or {}).get("sample_candidates", [])}


def any_request_waits(tx: Connection) -> bool:
    r = schema.requests
    return bool(tx.execute(select(func.count()).where(r.c.state.in_(OPEN))).scalar())


def agent_is_alive(tx: Connection, now: datetime) -> bool:
    return alive(tx, now)
