"""Takes into the mirror what webhooks tell of employees: each names only some fields, the others stay."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from storage.mirror import Transaction

CREATED = "employee_created"
UPDATED = "employee_updated"
ONBOARDED = "onboarding_completed"
_TEXTS = ("status", "firstname", "lastname", "job_title", "department")


class EmployeeEvent(msgspec.Struct, frozen=True):
    """`fields` as Workable sent them: all of a new employee's, or those that changed."""

    employee_id: str
    event: str
    fields: dict[str, Any]


def merge_employees(tx: Transaction, account_id: str, news: Sequence[EmployeeEvent], *, now: datetime) -> int:
    """Merge the events in their order; how many employees differ from before.

    A late `employee_created` only fills in what later events left open; an event taken again changes nothing.
    """
    ids = list(dict.fromkeys(one.employee_id for one in news))
    before = {employee_id: _stored(tx, account_id, employee_id) for employee_id in ids}
    after = dict(before)
    for one in news:
        after[one.employee_id] = _merged(after[one.employee_id], one)
    last = {one.employee_id: one.event for one in news}
    differing = [employee_id for employee_id in ids if after[employee_id] != before[employee_id]]
    for employee_id in differing:
        _replace(tx, account_id, EmployeeEvent(employee_id, last[employee_id], after[employee_id] or {}), now)
    return len(differing)


def _stored(tx: Transaction, account_id: str, employee_id: str) -> dict[str, Any] | None:
    raw = tx.value(
        "SELECT raw FROM workable.employees WHERE account_id = ? AND employee_id = ?",
        [account_id, employee_id],
    )
    found: dict[str, Any] | None = None if raw is None else json.loads(raw)
    return found


def _merged(known: dict[str, Any] | None, news: EmployeeEvent) -> dict[str, Any]:
    before = known or {}
    if news.event == ONBOARDED:
        return before | {"onboarding": news.fields}
    return news.fields | before if news.event == CREATED else before | news.fields


def _replace(tx: Transaction, account_id: str, last: EmployeeEvent, now: datetime) -> None:
    """`last` has the event that told of the employee last, and everything known of them."""
    tx.execute(
        "DELETE FROM workable.employees WHERE account_id = ? AND employee_id = ?",
        [account_id, last.employee_id],
    )
    fields = last.fields
    texts = [_text(fields.get(name)) for name in _TEXTS]
    start, raw = _day(fields.get("start_date")), json.dumps(fields, ensure_ascii=False)
    tx.execute(
        f"INSERT INTO workable.employees (account_id, employee_id, {', '.join(_TEXTS)},"
        " start_date, raw, last_event, synced_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [account_id, last.employee_id, *texts, start, raw, last.event, now],
    )


def _text(value: Any) -> str | None:
    """Workable names some things by an object that has a name."""
    if isinstance(value, dict):
        value = value.get("name")
    return value if isinstance(value, str) else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
