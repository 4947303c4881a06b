"""The ledger's tables: what this product knows and did. Migrations must lead to exactly this."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC; SQLite has no zones, so there it rests naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- its base has it
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData()


def _text(name: str, **kw: Any) -> Column[str]:
    return Column(name, String, nullable=False, **kw)


def _maybe(name: str) -> Column[str | None]:
    return Column(name, String)


def _at(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("0"))


meta = Table("meta", metadata, _text("key", primary_key=True), _text("value"))

accounts = Table(
    "accounts",
    metadata,
    _text("account_id", primary_key=True),
    _text("name"),
    _text("base_url"),
    _text("region"),
    _text("state"),
    _at("state_since", nullable=False),
    _maybe("state_reason"),
    _maybe("member_id"),
    _maybe("owner"),
    _at("connected_at", nullable=False),
    _text("connected_by"),
    _at("baseline_at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Integer, primary_key=True),
    _text("account_id"),
    Column("sealed", LargeBinary),
    _text("last_four"),
    _text("kind"),
    Column("scopes", JSON, nullable=False),
    _at("expires_at"),
    _at("stored_at", nullable=False),
    _at("replaced_at"),
    _at("destroyed_at"),
    Index("one_current_token", "account_id", unique=True, sqlite_where=text("replaced_at IS NULL")),
)

account_status = Table(
    "account_status",
    metadata,
    _text("account_id", primary_key=True),
    _at("last_run_at"),
    _at("last_good_at"),
    _at("next_run_at"),
    _at("first_sync_done_at"),
    _at("last_change_at"),
    _count("candidates"),
    _count("jobs"),
    _count("live_jobs"),
    _count("members"),
    Column("rate_limit", Integer),
    Column("rate_allowed", Integer),
    Column("rate_used", Integer),
    Column("rate_others", Integer),
    _at("rate_seen_at"),
)

streams = Table(
    "streams",
    metadata,
    _text("account_id", primary_key=True),
    _text("stream", primary_key=True),
    _at("last_tried_at"),
    _at("last_completed_at"),
    _count("rows_total"),
    _count("rows_changed"),
    _count("failures_in_a_row"),
    _maybe("last_error"),
    _at("last_error_at"),
    Column("every_seconds", Integer, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Integer, primary_key=True),
    _text("account_id"),
    _text("kind"),
    _text("agent_id"),
    _text("state"),
    _at("started_at", nullable=False),
    _at("finished_at"),
    _count("planned"),
    _count("done"),
    _count("skipped"),
    _count("failed"),
    _count("unknown"),
    _count("requests"),
    _count("retries"),
    _count("throttled"),
    _count("rows_read"),
    _count("rows_inserted"),
    _count("rows_changed"),
    _count("rows_deleted"),
    _count("bad_rows"),
    _maybe("error_code"),
    _maybe("error"),
    Index("runs_of_account", "account_id", "run_id"),
    Index("runs_by_start", "started_at"),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Integer, primary_key=True),
    _text("account_id"),
    _text("kind"),
    Column("args", JSON, nullable=False),
    _text("state"),
    _text("actor"),
    _count("done"),
    Column("total", Integer),
    _maybe("note"),
    Column("result", JSON),
    _at("created_at", nullable=False),
    _at("started_at"),
    _at("finished_at"),
    _at("heartbeat_at"),
    _at("cancel_requested_at"),
    _maybe("agent_id"),
    Index("requests_of_account", "account_id", "request_id"),
    # A second click while one waits or runs must find that one instead of making another.
    Index(
        "one_open_request",
        "account_id",
        "kind",
        unique=True,
        sqlite_where=text("state IN ('queued','running')"),
    ),
)

problems = Table(
    "problems",
    metadata,
    Column("problem_id", Integer, primary_key=True),
    _text("account_id"),
    _text("code"),
    _text("subject"),
    _text("sentence"),
    _flag("needs_person"),
    _at("since", nullable=False),
    _at("last_seen_at", nullable=False),
    _at("resolved_at"),
    _count("times"),
    Index(
        "one_open_problem",
        "account_id",
        "code",
        "subject",
        unique=True,
        sqlite_where=text("resolved_at IS NULL"),
    ),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True),
    _at("at", nullable=False),
    _text("actor"),
    _text("account_id"),
    _text("action"),
    Column("detail", JSON, nullable=False),
    Index("audit_of_account", "account_id", "audit_id"),
)

mappings = Table(
    "mappings",
    metadata,
    Column("mapping_id", Integer, primary_key=True),
    _text("account_id"),
    _text("job_shortcode"),  # '' is the account's default
    Column("version", Integer, nullable=False),
    _maybe("stage_id"),  # None: no stage triggers
    _maybe("stage_slug"),
    _maybe("stage_kind"),
    _maybe("stage_name"),
    _at("active_from", nullable=False),
    _at("saved_at", nullable=False),
    _text("saved_by"),
    _at("replaced_at"),
    Index(
        "one_current_mapping",
        "account_id",
        "job_shortcode",
        unique=True,
        sqlite_where=text("replaced_at IS NULL"),
    ),
)

board_jobs = Table(
    "board_jobs",
    metadata,
    _text("account_id", primary_key=True),
    _text("shortcode", primary_key=True),
    _text("title"),
    _text("state"),
    _maybe("department"),
    _flag("is_sample"),
    _count("candidates"),
    Column("stage_counts", JSON, nullable=False),
)

board_stages = Table(
    "board_stages",
    metadata,
    _text("account_id", primary_key=True),
    _text("job_shortcode", primary_key=True),
    _text("stage_id", primary_key=True),
    _text("slug"),
    _text("name"),
    _text("kind"),
    Column("position", Integer, nullable=False),
)

trigger_states = Table(
    "trigger_states",
    metadata,
    _text("account_id", primary_key=True),
    _text("candidate_id", primary_key=True),
    _maybe("job_shortcode"),
    _maybe("stage_name"),
    _at("updated_at"),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    _text("account_id"),
    _text("candidate_id"),
    _text("kind"),
    _text("job_shortcode"),
    _text("from_stage"),
    _text("to_stage"),
    _at("occurred_at", nullable=False),
    _at("seen_at", nullable=False),
    Index(
        "one_event_for_what_happened",
        "account_id",
        "candidate_id",
        "kind",
        "job_shortcode",
        "to_stage",
        "occurred_at",
        unique=True,
    ),
)

agents = Table(
    "agents",
    metadata,
    _text("agent_id", primary_key=True),
    _text("kind"),
    Column("pid", Integer, nullable=False),
    _text("host"),
    _at("started_at", nullable=False),
    _at("heartbeat_at", nullable=False),
    _at("stopped_at"),
)

leases = Table(
    "leases",
    metadata,
    _text("account_id", primary_key=True),
    _text("agent_id"),
    Column("fence", Integer, nullable=False),
    _at("expires_at", nullable=False),
)
