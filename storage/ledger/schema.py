"""The ledger's tables: what this product knows and did. Migrations must lead to exactly these.

Here those for accounts, syncing and staff; those for interviews are written in schema_interviews.
"""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, Table, text

from storage.ledger.columns import at, count, flag, maybe, metadata, text_column
from storage.ledger.schema_interviews import (
    aliases,
    applicants,
    attempts,
    board_members,
    decisions,
    effects,
    hooks,
    inbox,
    invites,
    looks,
    platform_members,
    templates,
)

__all__ = [
    "account_status",
    "accounts",
    "agents",
    "aliases",
    "applicants",
    "attempts",
    "audit",
    "board_jobs",
    "board_members",
    "board_stages",
    "decisions",
    "effects",
    "events",
    "hooks",
    "inbox",
    "invites",
    "leases",
    "looks",
    "mappings",
    "meta",
    "metadata",
    "platform_members",
    "problems",
    "requests",
    "runs",
    "streams",
    "templates",
    "tokens",
    "trigger_states",
]

meta = Table("meta", metadata, text_column("key", primary_key=True), text_column("value"))

accounts = Table(
    "accounts",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("name"),
    text_column("base_url"),
    text_column("region"),
    text_column("state"),
    at("state_since", nullable=False),
    maybe("state_reason"),
    maybe("member_id"),
    maybe("fallback_member_id"),
    maybe("owner"),
    at("connected_at", nullable=False),
    text_column("connected_by"),
    at("baseline_at"),
    Column(
        "days_between_invites", Integer
    ),  # of one e-mail address, whatever the job; None: each job invites
    Column("invites_per_hour", Integer),  # None: as the settings say
    flag("follows_employees"),
    flag("provisions_members"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Integer, primary_key=True),
    text_column("account_id"),
    Column("sealed", LargeBinary),
    text_column("last_four"),
    text_column("kind"),
    Column("scopes", JSON, nullable=False),
    at("expires_at"),
    at("stored_at", nullable=False),
    at("replaced_at"),
    at("destroyed_at"),
    Index("one_current_token", "account_id", unique=True, sqlite_where=text("replaced_at IS NULL")),
)

account_status = Table(
    "account_status",
    metadata,
    text_column("account_id", primary_key=True),
    at("last_run_at"),
    at("last_good_at"),
    at("next_run_at"),
    at("first_sync_done_at"),
    at("last_change_at"),
    count("candidates"),
    count("jobs"),
    count("live_jobs"),
    count("members"),
    Column("rate_limit", Integer),
    Column("rate_allowed", Integer),
    Column("rate_used", Integer),
    Column("rate_others", Integer),
    at("rate_seen_at"),
)

streams = Table(
    "streams",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("stream", primary_key=True),
    at("last_tried_at"),
    at("last_completed_at"),
    count("rows_total"),
    count("rows_changed"),
    count("failures_in_a_row"),
    maybe("last_error"),
    at("last_error_at"),
    Column("every_seconds", Integer, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("kind"),
    text_column("agent_id"),
    text_column("state"),
    at("started_at", nullable=False),
    at("finished_at"),
    count("planned"),
    count("done"),
    count("skipped"),
    count("failed"),
    count("unknown"),
    count("requests"),
    count("retries"),
    count("throttled"),
    count("rows_read"),
    count("rows_inserted"),
    count("rows_changed"),
    count("rows_deleted"),
    count("bad_rows"),
    maybe("error_code"),
    maybe("error"),
    Index("runs_of_account", "account_id", "run_id"),
    Index("runs_by_start", "started_at"),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("kind"),
    text_column("subject", server_default=""),
    Column("args", JSON, nullable=False),
    text_column("state"),
    text_column("actor"),
    count("done"),
    Column("total", Integer),
    maybe("note"),
    Column("result", JSON(none_as_null=True)),
    at("created_at", nullable=False),
    at("started_at"),
    at("finished_at"),
    at("heartbeat_at"),
    at("cancel_requested_at"),
    maybe("agent_id"),
    Index("requests_of_account", "account_id", "request_id"),
    # A second click while one waits or runs must find that one instead of making another.
    Index(
        "one_open_request",
        "account_id",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("state IN ('queued','running')"),
    ),
)

problems = Table(
    "problems",
    metadata,
    Column("problem_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("code"),
    text_column("subject"),
    text_column("sentence"),
    flag("needs_person"),
    at("since", nullable=False),
    at("last_seen_at", nullable=False),
    at("resolved_at"),
    count("times"),
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
    at("at", nullable=False),
    text_column("actor"),
    text_column("account_id"),
    text_column("action"),
    Column("detail", JSON, nullable=False),
    Index("audit_of_account", "account_id", "audit_id"),
)

mappings = Table(
    "mappings",
    metadata,
    Column("mapping_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("job_shortcode"),  # '' is the account's default
    Column("version", Integer, nullable=False),
    maybe("stage_id"),  # None: no stage triggers
    maybe("stage_slug"),
    maybe("stage_kind"),
    maybe("stage_name"),
    text_column("trigger", server_default="both"),
    maybe("template_id"),
    maybe("member_id"),  # None: the account's
    maybe("fallback_member_id"),
    text_column("scale", server_default="stars"),
    Column("thresholds", JSON(none_as_null=True)),  # None: the scale's usual ones
    Column("pass_score", Integer),  # None: as the platform grades
    Column("pass_stage", JSON(none_as_null=True)),
    Column("fail_stage", JSON(none_as_null=True)),
    Column("visibility", JSON(none_as_null=True)),  # None: as Workable shows comments by itself
    text_column("applicants", server_default="sourced"),
    flag("notes_ends"),
    at("active_from", nullable=False),
    at("saved_at", nullable=False),
    text_column("saved_by"),
    at("replaced_at"),
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
    text_column("account_id", primary_key=True),
    text_column("shortcode", primary_key=True),
    text_column("title"),
    text_column("state"),
    maybe("department"),
    flag("is_sample"),
    count("candidates"),
    Column("stage_counts", JSON, nullable=False),
)

board_stages = Table(
    "board_stages",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("job_shortcode", primary_key=True),
    text_column("stage_id", primary_key=True),
    text_column("slug"),
    text_column("name"),
    text_column("kind"),
    Column("position", Integer, nullable=False),
)

trigger_states = Table(
    "trigger_states",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("candidate_id", primary_key=True),
    maybe("job_shortcode"),
    maybe("stage_name"),
    at("updated_at"),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("candidate_id"),
    text_column("kind"),
    text_column("job_shortcode"),
    text_column("from_stage"),
    text_column("to_stage"),
    at("occurred_at", nullable=False),
    at("seen_at", nullable=False),
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
    text_column("agent_id", primary_key=True),
    text_column("kind"),
    Column("pid", Integer, nullable=False),
    text_column("host"),
    at("started_at", nullable=False),
    at("heartbeat_at", nullable=False),
    at("stopped_at"),
)

leases = Table(
    "leases",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("agent_id"),
    Column("fence", Integer, nullable=False),
    at("expires_at", nullable=False),
)
