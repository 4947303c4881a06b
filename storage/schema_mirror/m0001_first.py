"""Migration 1: the tables of the first release, as they were then (never edited afterwards)."""

Column = tuple[str, str, str]

_ACCOUNT: Column = ("account_id", "VARCHAR NOT NULL", "Our key of the connected Workable account")
_RAW: Column = (
    "raw",
    "VARCHAR",
    "The object's JSON text exactly as Workable sent it; NULL once the person is deleted",
)
_CURRENT: tuple[Column, ...] = (
    ("synced_at", "TIMESTAMP NOT NULL", "UTC; when this version of the row was stored"),
    ("is_deleted", "BOOLEAN NOT NULL", "Whether Workable no longer has it"),
    ("deleted_at", "TIMESTAMP", "UTC; when we learnt that Workable no longer has it"),
)

_TABLES: dict[str, tuple[str, tuple[Column, ...]]] = {
    "workable.accounts": (
        "Connected Workable accounts, one row each",
        (
            _ACCOUNT,
            ("subdomain", "VARCHAR NOT NULL", "The account's name in its Workable address"),
            ("name", "VARCHAR NOT NULL", "The company's name as Workable shows it"),
            _RAW,
            *_CURRENT,
        ),
    ),
    "workable.jobs": (
        "Jobs in every state, one current row each",
        (
            _ACCOUNT,
            ("job_shortcode", "VARCHAR NOT NULL", "Workable's key of the job, as its addresses use it"),
            ("job_id", "VARCHAR NOT NULL", "Workable's hexadecimal id of the job"),
            ("title", "VARCHAR NOT NULL", "Job title"),
            (
                "state",
                "VARCHAR NOT NULL",
                "draft, published, closed (internal or confidential, yet live) or archived",
            ),
            ("department", "VARCHAR", "Department's name"),
            ("is_sample", "BOOLEAN NOT NULL", "Whether it is one of Workable's sample jobs"),
            ("created_at", "TIMESTAMP", "UTC; when the job was made in Workable"),
            ("updated_at", "TIMESTAMP", "UTC; Workable's last change, which may be noise"),
            _RAW,
            *_CURRENT,
        ),
    ),
    "workable.stages": (
        "Stages of every pipeline: of each job, and of the account's default pipeline",
        (
            _ACCOUNT,
            (
                "job_shortcode",
                "VARCHAR NOT NULL",
                "The job, or an empty text for the account's default pipeline",
            ),
            (
                "stage_id",
                "VARCHAR NOT NULL",
                "Workable's id of the stage, or its slug where Workable gives no id",
            ),
            ("slug", "VARCHAR NOT NULL", "The stage's key within its pipeline"),
            ("name", "VARCHAR NOT NULL", "The stage's present display name"),
            ("kind", "VARCHAR NOT NULL", "Workable's kind, such as applied, interview or hired"),
            ("position", "INTEGER NOT NULL", "Order within the pipeline"),
            *_CURRENT,
        ),
    ),
    "workable.candidates": (
        "Applications, one current row each: Workable keeps one candidate for each person and job",
        (
            _ACCOUNT,
            ("candidate_id", "VARCHAR NOT NULL", "Workable's hexadecimal id of the application"),
            ("job_shortcode", "VARCHAR", "The job applied to; NULL in the talent pool"),
            ("name", "VARCHAR", "Personal: full name"),
            ("firstname", "VARCHAR", "Personal: first name"),
            ("lastname", "VARCHAR", "Personal: last name"),
            ("headline", "VARCHAR", "Personal: headline of the profile"),
            ("email", "VARCHAR", "Personal: e-mail address"),
            ("phone", "VARCHAR", "Personal: telephone number"),
            ("address", "VARCHAR", "Personal: postal address"),
            ("stage_name", "VARCHAR", "Display name of the present stage"),
            (
                "stage_slug",
                "VARCHAR",
                "Key of the present stage in the job's pipeline; NULL while it is unknown",
            ),
            ("stage_kind", "VARCHAR", "Workable's kind of the present stage"),
            ("is_disqualified", "BOOLEAN NOT NULL", "Whether disqualified; the stage stays as it was"),
            ("disqualification_reason", "VARCHAR", "Reason given for the disqualification"),
            ("is_anonymized", "BOOLEAN NOT NULL", "Whether Workable has removed the personal data"),
            ("is_sourced", "BOOLEAN NOT NULL", "Whether sourced by the team; otherwise the person applied"),
            ("domain", "VARCHAR", "Source: domain the application came from"),
            ("outlet", "VARCHAR", "Source: outlet the application came from"),
            ("common_source", "VARCHAR", "Source as Workable's reports name it"),
            ("common_source_category", "VARCHAR", "Category of the source"),
            ("profile_url", "VARCHAR", "Personal: the profile's address in Workable"),
            ("has_resume", "BOOLEAN NOT NULL", "Whether a resume is attached"),
            ("hired_at", "TIMESTAMP", "UTC; when hired"),
            ("moved_to_offer_at", "TIMESTAMP", "UTC; when moved to the offer stage"),
            (
                "created_at",
                "TIMESTAMP",
                "UTC; when made in Workable (a relocated application keeps the first one's)",
            ),
            ("updated_at", "TIMESTAMP", "UTC, whole seconds; Workable's last change"),
            _RAW,
            *_CURRENT,
        ),
    ),
    "workable.members": (
        "Members of the account's hiring team, inactive ones too",
        (
            _ACCOUNT,
            ("member_id", "VARCHAR NOT NULL", "Workable's hexadecimal id of the member"),
            ("name", "VARCHAR NOT NULL", "Personal: the member's name"),
            ("email", "VARCHAR", "Personal: the member's e-mail address"),
            ("role", "VARCHAR", "Workable's older single role"),
            ("roles", "VARCHAR[]", "Roles as Workable spells them, such as ats.admin"),
            ("is_active", "BOOLEAN NOT NULL", "Whether the member may sign in"),
            _RAW,
            *_CURRENT,
        ),
    ),
    "workable.recruiters": (
        "External agencies' recruiters; they are not members",
        (
            _ACCOUNT,
            ("recruiter_id", "VARCHAR NOT NULL", "Workable's id of the recruiter"),
            ("name", "VARCHAR NOT NULL", "Personal: the recruiter's name"),
            ("email", "VARCHAR", "Personal: the recruiter's e-mail address"),
            _RAW,
            *_CURRENT,
        ),
    ),
    "workable.stage_entries": (
        "Every entry of an application into a stage that was seen, oldest first; rows are only added",
        (
            _ACCOUNT,
            ("candidate_id", "VARCHAR NOT NULL", "The application"),
            ("job_shortcode", "VARCHAR", "The job at the entry"),
            (
                "stage_name",
                "VARCHAR NOT NULL",
                "The stage's display name (a renamed stage is renamed here too)",
            ),
            ("stage_slug", "VARCHAR", "The stage's key in the job's pipeline, as known at the entry"),
            ("stage_kind", "VARCHAR", "Workable's kind of the stage"),
            ("previous_job_shortcode", "VARCHAR", "The job before the entry; NULL at the first sight"),
            ("previous_stage_name", "VARCHAR", "The stage before the entry; NULL at the first sight"),
            (
                "is_first_sight",
                "BOOLEAN NOT NULL",
                "Whether the application was new to us: it entered then or earlier",
            ),
            ("entered_at", "TIMESTAMP NOT NULL", "UTC; updated_at of the version that showed the entry"),
            ("seen_at", "TIMESTAMP NOT NULL", "UTC; when we saw it"),
        ),
    ),
    "workable.candidate_history": (
        "What changed in an application and when, one row for each changed field; rows are only added",
        (
            _ACCOUNT,
            ("candidate_id", "VARCHAR NOT NULL", "The application"),
            ("field", "VARCHAR NOT NULL", "The column of workable.candidates that changed"),
            ("old_value", "VARCHAR", "Value before, as text; NULL for personal fields of a deleted person"),
            ("new_value", "VARCHAR", "Value after, as text; NULL for personal fields of a deleted person"),
            ("changed_at", "TIMESTAMP NOT NULL", "UTC; updated_at of the version that showed the change"),
            ("seen_at", "TIMESTAMP NOT NULL", "UTC; when we saw it"),
        ),
    ),
    "internal.cursors": (
        "Watermarks and the state of walks, committed together with the rows they speak of",
        (
            _ACCOUNT,
            ("stream", "VARCHAR NOT NULL", "What is being read"),
            ("value", "VARCHAR NOT NULL", "How far it has been read"),
            ("changed_at", "TIMESTAMP NOT NULL", "UTC; when the value was set"),
        ),
    ),
    "internal.walk_ids": (
        "Ids that a full listing in progress has shown; one may stand here twice",
        (
            _ACCOUNT,
            ("walk_id", "VARCHAR NOT NULL", "The full listing"),
            ("candidate_id", "VARCHAR NOT NULL", "An application it has shown"),
        ),
    ),
    "internal.missing": (
        "Applications that the last complete listings did not show",
        (
            _ACCOUNT,
            ("candidate_id", "VARCHAR NOT NULL", "The application"),
            ("first_missed_at", "TIMESTAMP NOT NULL", "UTC; end of the first listing that missed it"),
            ("last_missed_at", "TIMESTAMP NOT NULL", "UTC; end of the last listing that missed it"),
            ("misses", "INTEGER NOT NULL", "How many complete listings in a row missed it"),
        ),
    ),
    "internal.superseded": (
        "Versions that gave way to another of the same second, so that a late page does not bring them back",
        (
            _ACCOUNT,
            ("candidate_id", "VARCHAR NOT NULL", "The application"),
            ("updated_at", "TIMESTAMP NOT NULL", "UTC; the second that both versions carry"),
            ("raw_hash", "VARCHAR NOT NULL", "MD5 of the version that gave way"),
            ("superseded_at", "TIMESTAMP NOT NULL", "UTC; when it gave way"),
        ),
    ),
    "internal.rebuilds": (
        "Why this file was started in place of another one",
        (
            ("rebuilt_at", "TIMESTAMP NOT NULL", "UTC; when"),
            ("reason", "VARCHAR NOT NULL", "What was wrong with the file before"),
            ("kept_as", "VARCHAR", "Name of the file put aside; NULL if there was none"),
        ),
    ),
}


def _text(sentence: str) -> str:
    return "'" + sentence.replace("'", "''") + "'"


def created(table: str, sentence: str, columns: tuple[Column, ...]) -> list[str]:
    """Statements that make the table and say what it and each column is for."""
    body = ", ".join(f"{name} {kind}" for name, kind, _ in columns)
    said = [f"COMMENT ON COLUMN {table}.{name} IS {_text(about)}" for name, _, about in columns]
    return [f"CREATE TABLE {table} ({body})", f"COMMENT ON TABLE {table} IS {_text(sentence)}", *said]


STATEMENTS: tuple[str, ...] = (
    "CREATE SCHEMA workable",
    *(s for table, (sentence, columns) in _TABLES.items() for s in created(table, sentence, columns)),
)
