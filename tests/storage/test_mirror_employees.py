"""Employees in the mirror: every event adds what it says, whatever the order in which they come."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.mirror import Mirror
from storage.mirror_employees import CREATED, ONBOARDED, UPDATED, EmployeeEvent, merge_employees
from tests.storage.mirrors import ACCOUNT, NOW, later, rows

NEW = EmployeeEvent(
    "4d3", CREATED, {"id": "4d3", "status": "status_draft", "firstname": "Robin", "start_date": "2026-04-01"}
)
ACTIVE = EmployeeEvent(
    "4d3", UPDATED, {"id": "4d3", "status": "status_active", "department": {"name": "Design"}}
)
DONE = EmployeeEvent("4d3", ONBOARDED, {"id": "4d3", "status": "finished"})


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    opened = Mirror(tmp_path / "private" / "mirror.duckdb")
    yield opened
    opened.close()


def take(mirror: Mirror, *news: EmployeeEvent, minutes: float = 0, account_id: str = ACCOUNT) -> int:
    with mirror.transaction() as tx:
        return merge_employees(tx, account_id, news, now=later(minutes=minutes))


def told(mirror: Mirror, what: str) -> list[tuple[Any, ...]]:
    return rows(mirror, f"SELECT {what} FROM workable.employees ORDER BY ALL")


def test_a_new_employee_is_stored_with_everything_that_was_said(mirror: Mirror) -> None:
    assert take(mirror, NEW) == 1
    found = told(
        mirror, "account_id, employee_id, status, firstname, start_date::VARCHAR, last_event, synced_at"
    )
    assert found == [
        (ACCOUNT, "4d3", "status_draft", "Robin", "2026-04-01", CREATED, NOW.replace(tzinfo=None))
    ]


@pytest.mark.parametrize("order", list(itertools.permutations((NEW, ACTIVE, DONE))))
def test_any_order_leads_to_the_same_fields(mirror: Mirror, order: tuple[EmployeeEvent, ...]) -> None:
    for one in order:
        take(mirror, one)
    assert told(mirror, "status, firstname, department, raw->>'$.onboarding.status'") == [
        ("status_active", "Robin", "Design", "finished")
    ]


def test_an_event_taken_again_changes_nothing(mirror: Mirror) -> None:
    take(mirror, NEW, ACTIVE)
    before = told(mirror, "*")
    assert take(mirror, ACTIVE, minutes=5) == 0
    assert take(mirror, NEW, minutes=6) == 0
    assert told(mirror, "*") == before


def test_equal_ids_of_two_accounts_are_two_employees(mirror: Mirror) -> None:
    take(mirror, NEW)
    take(mirror, ACTIVE, account_id="globex")
    assert told(mirror, "account_id, status") == [(ACCOUNT, "status_draft"), ("globex", "status_active")]


@pytest.mark.parametrize("value", ["soon", 7, None, {"name": 3}, ["x"]])
def test_values_of_an_unexpected_kind_stay_in_raw_only(mirror: Mirror, value: Any) -> None:
    odd = EmployeeEvent("4d3", UPDATED, {"start_date": value, "job_title": {"name": value}})
    take(mirror, odd)
    wanted = value if isinstance(value, str) else None
    assert told(mirror, "start_date, job_title") == [(None, wanted)]
    assert told(mirror, "raw IS NULL") == [(False,)]
