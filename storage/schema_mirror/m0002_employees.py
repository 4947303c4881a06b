"""Migration 2: employees, for accounts whose hired candidates are followed (never edited afterwards)."""

from storage.schema_mirror.m0001_first import Column, created

_COLUMNS: tuple[Column, ...] = (
    ("account_id", "VARCHAR NOT NULL", "Our key of the connected Workable account"),
    ("employee_id", "VARCHAR NOT NULL", "Workable's id of the employee; not that of a candidate"),
    ("status", "VARCHAR", "Workable's status, such as status_draft"),
    ("firstname", "VARCHAR", "Personal: first name"),
    ("lastname", "VARCHAR", "Personal: last name"),
    ("job_title", "VARCHAR", "Title of the position"),
    ("department", "VARCHAR", "Department's name"),
    ("start_date", "DATE", "First day at work"),
    (
        "raw",
        "VARCHAR",
        "Personal: JSON of everything that webhooks have told, the newest value of each field",
    ),
    ("last_event", "VARCHAR NOT NULL", "The webhook that told of the employee last"),
    ("synced_at", "TIMESTAMP NOT NULL", "UTC; when this version of the row was stored"),
)

STATEMENTS = tuple(
    created(
        "workable.employees",
        "Employees as webhooks told of them, one current row each; who never had one is not here",
        _COLUMNS,
    )
)
