"""Interviews: looks, decisions, invites, effects with their attempts, inbox, and a mapping's particulars."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 -- one statement for each table and index
    op.create_table(
        "aliases",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("former_id", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "former_id"),
    )
    op.create_table(
        "applicants",
        sa.Column("applicant_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("job_shortcode", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("applicant_id"),
    )
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("effect_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_index("one_attempt_a_number", "attempts", ["effect_id", "number"], unique=True)
    op.create_table(
        "board_members",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "member_id"),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("job_shortcode", sa.String(), nullable=False),
        sa.Column("stage_slug", sa.String(), nullable=False),
        sa.Column("stage_name", sa.String(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=True),
        sa.Column("invite_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("decisions_of_candidate", "decisions", ["account_id", "candidate_id"], unique=False)
    op.create_index("one_decision_for_an_entry", "decisions", ["account_id", "activity_id"], unique=True)
    op.create_table(
        "effects",
        sa.Column("effect_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("effect_key", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=True),
        sa.Column("invite_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remote_id", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("effect_id"),
    )
    op.create_index(
        "effects_due",
        "effects",
        ["account_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('planned','waiting','unknown')"),
    )
    op.create_index("effects_by_kind", "effects", ["account_id", "kind", "sent_at"], unique=False)
    op.create_index("effects_by_remote", "effects", ["account_id", "remote_id"], unique=False)
    op.create_index("effects_by_state", "effects", ["account_id", "state"], unique=False)
    op.create_index("effects_of_candidate", "effects", ["account_id", "candidate_id"], unique=False)
    op.create_index("effects_of_invite", "effects", ["invite_id"], unique=False)
    op.create_index("one_effect_a_key", "effects", ["effect_key"], unique=True)
    op.create_table(
        "hooks",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("secret_digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("subscription_id", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_delivery_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliveries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused_in_a_row", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account_id", "event"),
    )
    op.create_table(
        "inbox",
        sa.Column("inbox_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("inbox_id"),
    )
    op.create_index("inbox_handled", "inbox", ["handled_at"], unique=False)
    op.create_index(
        "inbox_waiting",
        "inbox",
        ["account_id", "inbox_id"],
        unique=False,
        sqlite_where=sa.text("handled_at IS NULL"),
    )
    op.create_index("one_delivery_once", "inbox", ["source", "account_id", "digest"], unique=True)
    op.create_table(
        "invites",
        sa.Column("invite_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("first_candidate_id", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=False),
        sa.Column("job_shortcode", sa.String(), nullable=False),
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("interview_id", sa.String(), nullable=True),
        sa.Column("interview_url", sa.String(), nullable=True),
        sa.Column("email_digest", sa.String(), nullable=True),
        sa.Column("stage_id", sa.String(), nullable=False),
        sa.Column("stage_slug", sa.String(), nullable=False),
        sa.Column("stage_name", sa.String(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("platform_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("invite_id"),
    )
    op.create_index("invites_by_end", "invites", ["ended_at"], unique=False)
    op.create_index("invites_by_invited", "invites", ["invited_at"], unique=False)
    op.create_index("invites_of_account", "invites", ["account_id", "invite_id"], unique=False)
    op.create_index("invites_of_candidate", "invites", ["account_id", "candidate_id"], unique=False)
    op.create_index("invites_of_email", "invites", ["account_id", "email_digest"], unique=False)
    op.create_index(
        "one_invite_a_round",
        "invites",
        ["account_id", "first_candidate_id", "job_shortcode", "template_id", "round"],
        unique=True,
    )
    op.create_index("one_invite_an_external_id", "invites", ["external_id"], unique=True)
    op.create_table(
        "looks",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=False),
        sa.Column("job_shortcode", sa.String(), nullable=False),
        sa.Column("version_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "candidate_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("looks_due", "looks", ["account_id", "not_before"], unique=False)
    op.create_table(
        "platform_members",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "member_id"),
    )
    op.create_table(
        "templates",
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("template_id"),
    )
    op.add_column("accounts", sa.Column("fallback_member_id", sa.String(), nullable=True))
    op.add_column("accounts", sa.Column("days_between_invites", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("invites_per_hour", sa.Integer(), nullable=True))
    op.add_column(
        "accounts", sa.Column("follows_employees", sa.Boolean(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "accounts", sa.Column("provisions_members", sa.Boolean(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("mappings", sa.Column("trigger", sa.String(), server_default="both", nullable=False))
    op.add_column("mappings", sa.Column("template_id", sa.String(), nullable=True))
    op.add_column("mappings", sa.Column("member_id", sa.String(), nullable=True))
    op.add_column("mappings", sa.Column("fallback_member_id", sa.String(), nullable=True))
    op.add_column("mappings", sa.Column("scale", sa.String(), server_default="stars", nullable=False))
    op.add_column("mappings", sa.Column("thresholds", sa.JSON(), nullable=True))
    op.add_column("mappings", sa.Column("pass_score", sa.Integer(), nullable=True))
    op.add_column("mappings", sa.Column("pass_stage", sa.JSON(), nullable=True))
    op.add_column("mappings", sa.Column("fail_stage", sa.JSON(), nullable=True))
    op.add_column("mappings", sa.Column("visibility", sa.JSON(), nullable=True))
    op.add_column("mappings", sa.Column("applicants", sa.String(), server_default="sourced", nullable=False))
    op.add_column(
        "mappings", sa.Column("notes_ends", sa.Boolean(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("requests", sa.Column("subject", sa.String(), server_default="", nullable=False))
    op.drop_index("one_open_request", "requests")
    op.create_index(
        "one_open_request",
        "requests",
        ["account_id", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued','running')"),
    )
