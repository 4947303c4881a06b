"""The ready questions of the published copy: views of schema `marts`, none with personal data."""

from collections.abc import Mapping

import duckdb
import msgspec
import pyarrow as pa

from storage.mirror import quoted

PUBLICATION = {
    "publication": "This copy itself, one row",
    "publication.number": "The copy's number, as in its file name; it only grows",
    "publication.published_at": "UTC; when the copy was made",
}
_ACCOUNT = "Our key of the connected Workable account"
_JOB = "The job"
_STAGE = {
    "stage_name": "The stage's display name",
    "stage_slug": "The stage's key in the job's pipeline",
}


class Mart(msgspec.Struct, frozen=True):
    """A view; made only if `sync` has the columns it `needs`, named `table.column`."""

    name: str
    comment: str
    columns: Mapping[str, str]
    sql: str
    needs: tuple[str, ...] = ()


class Described:
    """Which columns the tables of schema `sync` have."""

    def __init__(self, reports: Mapping[str, pa.Table]) -> None:
        self._columns = {
            f"{name}.{column}" for name, table in reports.items() for column in table.column_names
        }

    def has(self, columns: tuple[str, ...]) -> bool:
        return self._columns.issuperset(columns)


def create_marts(connection: duckdb.DuckDBPyConnection, reports: Described) -> None:
    connection.execute("CREATE SCHEMA marts")
    for mart in MARTS:
        if reports.has(mart.needs):
            names = ", ".join(mart.columns)
            connection.execute(f"CREATE VIEW marts.{mart.name} AS SELECT * FROM ({mart.sql}) t({names})")
            connection.execute(f"COMMENT ON VIEW marts.{mart.name} IS {quoted(mart.comment)}")
            for column, sentence in mart.columns.items():
                connection.execute(f"COMMENT ON COLUMN marts.{mart.name}.{column} IS {quoted(sentence)}")


_APPLICATIONS = Mart(
    "applications",
    "Applications that Workable still has, without anything personal",
    {
        "account_id": _ACCOUNT,
        "candidate_id": "Workable's hexadecimal id of the application",
        "job_shortcode": "The job applied to; NULL in the talent pool",
        "job_title": "The job's title",
        "job_state": "draft, published, closed (internal or confidential, yet live) or archived",
        **_STAGE,
        "stage_kind": "Workable's kind of the present stage",
        "is_disqualified": "Whether disqualified; the stage stays as it was",
        "disqualification_reason": "Reason given for the disqualification",
        "is_anonymized": "Whether Workable has removed the personal data",
        "is_sourced": "Whether sourced by the team; otherwise the person applied",
        "common_source": "Source as Workable's reports name it",
        "common_source_category": "Category of the source",
        "has_resume": "Whether a resume is attached",
        "hired_at": "UTC; when hired",
        "moved_to_offer_at": "UTC; when moved to the offer stage",
        "created_at": "UTC; when made in Workable",
        "updated_at": "UTC; Workable's last change",
    },
    """
    SELECT c.account_id, c.candidate_id, c.job_shortcode, j.title, j.state, c.stage_name, c.stage_slug,
        c.stage_kind, c.is_disqualified, c.disqualification_reason, c.is_anonymized, c.is_sourced,
        c.common_source, c.common_source_category, c.has_resume, c.hired_at, c.moved_to_offer_at,
        c.created_at, c.updated_at
    FROM workable.candidates c
    LEFT JOIN workable.jobs j ON j.account_id = c.account_id AND j.job_shortcode = c.job_shortcode
    WHERE NOT c.is_deleted
    """,
)

_FUNNEL = Mart(
    "funnel",
    "How many applications each stage of each job has seen and has now; stages nobody reached count too",
    {
        "account_id": _ACCOUNT,
        "job_shortcode": _JOB,
        "job_title": "The job's title",
        "stage_position": "Order within the pipeline; NULL for a stage that no pipeline knows",
        **_STAGE,
        "reached": "Applications ever seen in the stage, deleted ones too",
        "active": "Applications in the stage now, not disqualified",
        "disqualified": "Applications in the stage now, disqualified",
        "hired": "Applications in the stage now, hired",
    },
    """
    WITH reached AS (
        SELECT account_id, job_shortcode, stage_name, count(DISTINCT candidate_id) AS reached
        FROM workable.stage_entries WHERE job_shortcode IS NOT NULL GROUP BY ALL
    ), present AS (
        SELECT account_id, job_shortcode, stage_name, count_if(NOT is_disqualified) AS active,
            count_if(is_disqualified) AS disqualified, count(hired_at) AS hired
        FROM workable.candidates
        WHERE NOT is_deleted AND job_shortcode IS NOT NULL AND stage_name IS NOT NULL GROUP BY ALL
    ), named AS (
        SELECT account_id, job_shortcode, name AS stage_name,
            first(slug ORDER BY is_deleted, position) AS slug,
            first(position ORDER BY is_deleted, position) AS position
        FROM workable.stages GROUP BY ALL
    ), steps AS (
        SELECT account_id, job_shortcode, name AS stage_name FROM workable.stages
        WHERE NOT is_deleted AND job_shortcode <> ''
        UNION SELECT account_id, job_shortcode, stage_name FROM reached
        UNION SELECT account_id, job_shortcode, stage_name FROM present
    )
    SELECT s.account_id, s.job_shortcode, j.title, coalesce(own.position, usual.position), s.stage_name,
        coalesce(own.slug, usual.slug), coalesce(r.reached, 0), coalesce(p.active, 0),
        coalesce(p.disqualified, 0), coalesce(p.hired, 0)
    FROM steps s
    LEFT JOIN reached r USING (account_id, job_shortcode, stage_name)
    LEFT JOIN present p USING (account_id, job_shortcode, stage_name)
    LEFT JOIN named own USING (account_id, job_shortcode, stage_name)
    LEFT JOIN named usual ON usual.account_id = s.account_id AND usual.job_shortcode = ''
        AND usual.stage_name = s.stage_name
    LEFT JOIN workable.jobs j ON j.account_id = s.account_id AND j.job_shortcode = s.job_shortcode
    """,
)

_STAGE_VISITS = Mart(
    "stage_visits",
    "Every stay of an application in a stage, from its entry to the next entry",
    {
        "account_id": _ACCOUNT,
        "candidate_id": "The application",
        "job_shortcode": _JOB,
        **_STAGE,
        "entered_at": "UTC; when it entered, or was first seen there",
        "left_at": "UTC; when it entered the next stage; NULL while it stays",
        "hours": "Hours from entry to leaving; NULL while it stays",
        "is_lower_bound": "Whether it was made an hour or more before we saw it: it may have stayed longer",
    },
    """
    SELECT e.account_id, e.candidate_id, e.job_shortcode, e.stage_name, e.stage_slug, e.entered_at,
        lead(e.entered_at) OVER visits AS left_at,
        date_diff('second', e.entered_at, lead(e.entered_at) OVER visits) / 3600.0,
        e.is_first_sight AND coalesce(e.entered_at > c.created_at + INTERVAL 1 HOUR, true)
    FROM workable.stage_entries e LEFT JOIN workable.candidates c
        ON c.account_id = e.account_id AND c.candidate_id = e.candidate_id
    WINDOW visits AS (PARTITION BY e.account_id, e.candidate_id ORDER BY e.entered_at, e.seen_at)
    """,
)

_TIME_IN_STAGE = Mart(
    "time_in_stage",
    "How long applications stay in each stage of each job: stays that ended and were seen from their start",
    {
        "account_id": _ACCOUNT,
        "job_shortcode": _JOB,
        **_STAGE,
        "visits": "Stays counted",
        "median_hours": "Half of them were shorter",
        "p90_hours": "Nine in ten were shorter",
    },
    """
    SELECT account_id, job_shortcode, stage_name, first(stage_slug ORDER BY entered_at DESC), count(*),
        median(hours), quantile_cont(hours, 0.9)
    FROM marts.stage_visits WHERE left_at IS NOT NULL AND NOT is_lower_bound
    GROUP BY account_id, job_shortcode, stage_name
    """,
)

_SYNC_FRESHNESS = Mart(
    "sync_freshness",
    "How old each stream of each account was when this copy was made",
    {
        "account_id": _ACCOUNT,
        "stream": "What is read from Workable",
        "last_completed_at": "UTC; end of the last complete reading",
        "age_seconds": "Seconds from then to this copy; NULL if it never completed",
        "is_late": "Whether three intervals have passed without a complete reading",
    },
    """
    SELECT s.account_id, s.stream, s.last_completed_at,
        date_diff('second', s.last_completed_at, p.published_at),
        coalesce(date_diff('second', s.last_completed_at, p.published_at) > 3 * s.every_seconds, true)
    FROM sync.streams s, sync.publication p
    """,
    needs=("streams.account_id", "streams.stream", "streams.last_completed_at", "streams.every_seconds"),
)

MARTS = (_APPLICATIONS, _FUNNEL, _STAGE_VISITS, _TIME_IN_STAGE, _SYNC_FRESHNESS)
