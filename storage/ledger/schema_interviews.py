"""The ledger's tables for interviews: stage entries, decisions, invites, effects on the outside, answers.

Columns that hold what people said or are called are `PRIVATE` and never published.
"""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, Table, text

from storage.ledger.columns import PRIVATE, at, count, flag, maybe, metadata, text_column

templates = Table(
    "templates",
    metadata,
    text_column("template_id", primary_key=True),
    text_column("name"),
    at("seen_at", nullable=False),
    at("gone_at"),
)

# Candidates whose activities have to be read before anything can be said about their stage entries.
looks = Table(
    "looks",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("candidate_id", primary_key=True),
    text_column("job_shortcode"),
    at("version_at", nullable=False),  # `updated_at` of the row that made it necessary, Workable's time
    at("noticed_at", nullable=False),
    at("not_before", nullable=False),
    count("tries"),
    maybe("last_error"),
    Index("looks_due", "account_id", "not_before"),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("activity_id"),  # Workable's id of the entry; a relocation keeps it
    text_column("candidate_id"),
    text_column("kind"),
    text_column("job_shortcode"),
    text_column("stage_slug"),
    text_column("stage_name"),
    at("entered_at", nullable=False),
    at("decided_at", nullable=False),
    text_column("outcome"),
    text_column("reason"),
    text_column("sentence"),
    Column("mapping_id", Integer),
    Column("invite_id", Integer),
    Index("one_decision_for_an_entry", "account_id", "activity_id", unique=True),
    Index("decisions_of_candidate", "account_id", "candidate_id"),
)

aliases = Table(
    "aliases",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("former_id", primary_key=True),
    text_column("candidate_id"),
    at("seen_at", nullable=False),
)

invites = Table(
    "invites",
    metadata,
    Column("invite_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("first_candidate_id"),  # as it was when invited
    text_column("candidate_id"),  # as Workable calls it now
    text_column("job_shortcode"),
    text_column("template_id"),
    Column("round", Integer, nullable=False),
    Column("mapping_id", Integer),
    text_column("external_id"),
    text_column("state"),
    maybe("interview_id"),
    maybe("interview_url", info=PRIVATE),
    maybe("email_digest", info=PRIVATE),
    text_column("stage_id"),
    text_column("stage_slug"),
    text_column("stage_name"),
    at("entered_at", nullable=False),
    at("planned_at", nullable=False),
    at("invited_at"),
    at("delivered_at"),
    at("opened_at"),
    at("bounced_at"),
    at("ended_at"),
    at("platform_updated_at"),
    count("revision"),
    Column("score", Integer),
    maybe("grade"),
    Column("result", JSON(none_as_null=True), info=PRIVATE),
    text_column("actor"),
    Index(
        "one_invite_a_round",
        "account_id", "first_candidate_id", "job_shortcode", "template_id", "round",
        unique=True,
    ),
    Index("one_invite_an_external_id", "external_id", unique=True),
    Index("invites_of_candidate", "account_id", "candidate_id"),
    Index("invites_of_email", "account_id", "email_digest"),
    Index("invites_of_account", "account_id", "invite_id"),
    Index("invites_by_invited", "invited_at"),
    Index("invites_by_end", "ended_at"),
)  # fmt: skip

effects = Table(
    "effects",
    metadata,
    Column("effect_id", Integer, primary_key=True),
    text_column("account_id"),
    text_column("kind"),
    Column("lane", Integer, nullable=False),
    text_column("effect_key"),
    text_column("mark"),
    maybe("candidate_id"),
    Column("invite_id", Integer),
    count("revision"),
    text_column("state"),
    maybe("reason"),
    maybe("sentence"),
    Column("payload", JSON, nullable=False, info=PRIVATE),
    maybe("member_id"),
    count("attempts"),
    at("planned_at", nullable=False),
    at("due_at", nullable=False),
    at("sent_at"),
    at("ended_at"),
    at("approved_at"),  # when a person let it go, although it was held
    maybe("remote_id"),
    text_column("actor"),
    Index("one_effect_a_key", "effect_key", unique=True),
    Index(
        "effects_due", "account_id", "due_at", sqlite_where=text("state IN ('planned','waiting','unknown')")
    ),
    Index("effects_of_candidate", "account_id", "candidate_id"),
    Index("effects_of_invite", "invite_id"),
    Index("effects_by_state", "account_id", "state"),
    Index("effects_by_remote", "account_id", "remote_id"),
    Index("effects_by_kind", "account_id", "kind", "sent_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Integer, primary_key=True),
    Column("effect_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    text_column("account_id"),
    text_column("agent_id"),
    Column("fence", Integer, nullable=False),
    at("sent_at", nullable=False),
    at("ended_at"),
    maybe("outcome"),
    Column("status", Integer),
    maybe("sentence"),
    Index("one_attempt_a_number", "effect_id", "number", unique=True),
)

inbox = Table(
    "inbox",
    metadata,
    Column("inbox_id", Integer, primary_key=True),
    text_column("source"),  # workable or platform
    text_column("account_id"),  # '' for the platform
    text_column("event"),
    text_column("resource_id"),
    text_column("digest"),
    Column("body", LargeBinary, info=PRIVATE),
    at("received_at", nullable=False),
    at("handled_at"),
    maybe("outcome"),
    Index("one_delivery_once", "source", "account_id", "digest", unique=True),
    Index("inbox_waiting", "account_id", "inbox_id", sqlite_where=text("handled_at IS NULL")),
    Index("inbox_handled", "handled_at"),
)

hooks = Table(
    "hooks",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("event", primary_key=True),
    Column("sealed", LargeBinary, nullable=False, info=PRIVATE),
    text_column("secret_digest", info=PRIVATE),
    text_column("state"),
    maybe("sentence"),
    maybe("subscription_id"),
    at("made_at", nullable=False),
    at("checked_at"),
    at("last_delivery_at"),
    count("deliveries"),
    count("refused"),
    count("refused_in_a_row"),
)

platform_members = Table(
    "platform_members",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("member_id", primary_key=True),
    text_column("email", info=PRIVATE),
    text_column("role"),
    text_column("state"),
    maybe("sentence"),
    at("changed_at", nullable=False),
)

applicants = Table(
    "applicants",
    metadata,
    text_column("applicant_id", primary_key=True),
    maybe("account_id"),
    text_column("job_shortcode"),
    maybe("candidate_id"),
    text_column("state"),
    maybe("sentence"),
    at("seen_at", nullable=False),
)

board_members = Table(
    "board_members",
    metadata,
    text_column("account_id", primary_key=True),
    text_column("member_id", primary_key=True),
    text_column("name"),
    maybe("role"),
    flag("is_active"),
)
