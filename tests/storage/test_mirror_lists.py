"""Accounts, jobs, members and recruiters in the mirror."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.mirror import Mirror
from storage.mirror_lists import (
    mark_jobs_deleted,
    replace_members,
    replace_recruiters,
    set_account,
    upsert_jobs,
)
from storage.mirror_staging import Changes
from storage.records import Account, Job, Member, Recruiter
from tests.storage.mirrors import ACCOUNT, NOW, later, rows


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    yield mirror
    mirror.close()


def job(number: int = 1, **changed: Any) -> Job:
    fields: dict[str, Any] = {
        "job_id": f"5b{number:04x}",
        "shortcode": f"GROOV{number:03}",
        "title": "Engineer",
        "state": "published",
        "department": "Research",
        "is_sample": False,
        "created_at": NOW,
        "updated_at": NOW,
        **changed,
    }
    return Job(**fields, raw=str(fields))


def member(number: int = 1, **changed: Any) -> Member:
    fields: dict[str, Any] = {
        "member_id": f"1f39{number:02x}",
        "name": "Kim Example",
        "email": f"kim{number}@example.com",
        "role": "simple",
        "roles": ("ats.simple", "hris.no_access"),
        "is_active": True,
        **changed,
    }
    return Member(**fields, raw=str(fields))


def take_jobs(mirror: Mirror, *jobs: Job) -> Changes:
    with mirror.transaction() as tx:
        return upsert_jobs(tx, ACCOUNT, jobs, now=NOW)


def take_members(mirror: Mirror, *members: Member) -> Changes:
    with mirror.transaction() as tx:
        return replace_members(tx, ACCOUNT, members, now=NOW)


def titles(mirror: Mirror) -> list[tuple[Any, ...]]:
    return rows(mirror, "SELECT job_shortcode, title, is_deleted FROM workable.jobs ORDER BY ALL")


def active(mirror: Mirror) -> list[tuple[Any, ...]]:
    return rows(mirror, "SELECT member_id, roles FROM workable.members WHERE NOT is_deleted ORDER BY ALL")


def test_an_account_is_stored_once_and_follows_its_name(mirror: Mirror) -> None:
    for at, name in ((NOW, "Acme"), (later(hours=1), "Acme"), (later(hours=2), "Acme Ltd")):
        with mirror.transaction() as tx:
            set_account(tx, ACCOUNT, Account("acme", name, f'{{"name": "{name}"}}'), now=at)

    found = rows(mirror, "SELECT account_id, subdomain, name, synced_at FROM workable.accounts")
    assert found == [(ACCOUNT, "acme", "Acme Ltd", later(hours=2).replace(tzinfo=None))]


def test_an_account_read_again_keeps_the_time_of_its_version(mirror: Mirror) -> None:
    for at in (NOW, later(hours=1)):
        with mirror.transaction() as tx:
            set_account(tx, ACCOUNT, Account("acme", "Acme", "{}"), now=at)

    assert rows(mirror, "SELECT synced_at FROM workable.accounts") == [(NOW.replace(tzinfo=None),)]


def test_jobs_are_added_changed_left_alone_and_never_made_older(mirror: Mirror) -> None:
    take_jobs(mirror, job(1), job(2), job(3))
    page = (
        job(1, title="Senior Engineer", updated_at=later(hours=1)),
        job(2, title="Junior Engineer", updated_at=later(hours=-1)),
        job(3),
        job(4),
    )

    assert take_jobs(mirror, *page) == Changes(read=4, inserted=1, changed=1, stale=1, unchanged=1)
    assert [title for _, title, _ in titles(mirror)] == [
        "Senior Engineer",
        "Engineer",
        "Engineer",
        "Engineer",
    ]


def test_a_job_that_comes_twice_in_a_page_is_stored_once(mirror: Mirror) -> None:
    take_jobs(mirror, job(title="First"), job(title="Last"))

    assert titles(mirror) == [("GROOV001", "Last", False)]


def test_a_deleted_job_stays_as_deleted_until_workable_shows_it_again(mirror: Mirror) -> None:
    take_jobs(mirror, job(1), job(2))
    with mirror.transaction() as tx:
        mark_jobs_deleted(tx, ACCOUNT, ["GROOV001"], now=later(minutes=1))

    assert [gone for _, _, gone in titles(mirror)] == [True, False]
    assert take_jobs(mirror, job(1)).changed == 1
    assert [gone for _, _, gone in titles(mirror)] == [False, False]


def test_members_missing_from_the_list_are_deleted_and_come_back_with_it(mirror: Mirror) -> None:
    take_members(mirror, member(1), member(2))

    assert take_members(mirror, member(1, roles=("ats.admin",))) == Changes(read=1, changed=1, gone=1)
    assert active(mirror) == [("1f3901", ["ats.admin"])]
    assert take_members(mirror, member(1, roles=("ats.admin",)), member(2)) == Changes(
        read=2, changed=1, unchanged=1
    )
    assert [member_id for member_id, _ in active(mirror)] == ["1f3901", "1f3902"]


def test_b21_an_empty_list_of_members_deletes_nobody(mirror: Mirror) -> None:
    take_members(mirror, member())

    assert take_members(mirror) == Changes()
    assert len(active(mirror)) == 1


def test_an_account_may_lose_all_its_recruiters(mirror: Mirror) -> None:
    with mirror.transaction() as tx:
        replace_recruiters(tx, ACCOUNT, [Recruiter("7", "Sam Example", "sam@example.com", "{}")], now=NOW)
        assert replace_recruiters(tx, ACCOUNT, [], now=later(hours=1)) == Changes(gone=1)

    assert rows(mirror, "SELECT recruiter_id, is_deleted FROM workable.recruiters") == [("7", True)]
