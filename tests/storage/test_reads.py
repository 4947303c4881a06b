"""The read service: what every face is told about customers, streams, jobs and requests."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection

from storage import reads
from storage.health import Level
from storage.ledger import accounts, board, problems, requests, runs
from storage.ledger.accounts import AccountState
from storage.ledger.board import BoardJob, BoardStage
from storage.ledger.database import Ledger
from tests.storage.ledgers import NOON, TOKEN, after, connect


def healthy(tx: Connection, account_id: str, **other: object) -> None:
    connect(tx, account_id, name=account_id)
    times = {"last_run_at": NOON, "last_good_at": NOON, "first_sync_done_at": NOON, "next_run_at": after(1)}
    runs.set_status(tx, account_id, **times | other)


def test_customers_in_trouble_come_first_and_then_by_name(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for name in ("zeta", "Beta", "alpha", "new", "gone", "refused", "hiccup"):
            healthy(tx, name)
        runs.set_status(tx, "new", last_run_at=None)
        accounts.set_state(tx, "gone", AccountState.REVOKED, None, NOON)
        accounts.set_state(tx, "refused", AccountState.RECONNECT, None, NOON)
        problems.report(tx, "hiccup", "members", "Members could not be read.", now=NOON)
        found = [(c.account_id, c.health.level) for c in reads.customers(tx, NOON)]
    assert found == [
        ("refused", Level.FAILING),
        ("hiccup", Level.DEGRADED),
        ("new", Level.NEW),
        ("gone", Level.PAUSED),
        ("alpha", Level.HEALTHY),
        ("Beta", Level.HEALTHY),
        ("zeta", Level.HEALTHY),
    ]


def test_a_customer_shows_the_current_token_by_its_last_four_characters_only(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx, token="invented-token-0000")
        connect(tx, at=after(1))
        found = reads.customer(tx, "acme", after(1))
    assert found is not None
    assert (found.token_last_four, found.token_kind) == ("4321", "account")
    assert found.token_scopes == {"r_jobs": True, "w_candidates": None}
    assert TOKEN not in repr(found)


def test_one_customer_is_told_as_in_the_overview(ledger: Ledger) -> None:
    with ledger.write() as tx:
        healthy(tx, "acme", candidates=12, rate_limit=10)
        healthy(tx, "globex")
        assert reads.customer(tx, "acme", NOON) == reads.customers(tx, NOON)[0]
        assert reads.customer(tx, "initech", NOON) is None


def test_a_revoked_customer_stays_listed_after_its_token_is_gone(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        accounts.destroy_tokens(tx, "acme", after(1))
        accounts.set_state(tx, "acme", AccountState.REVOKED, None, after(1))
        (found,) = reads.customers(tx, after(2))
    assert found.health.sentence == "Revoked 12:01 UTC: nothing is synced."


def test_an_account_to_reconnect_says_why(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        accounts.set_state(tx, "acme", AccountState.RECONNECT, "The token lacks the scope r_jobs.", after(1))
        (found,) = reads.customers(tx, after(2))
    assert found.health.sentence == "Reconnect: The token lacks the scope r_jobs."


def test_the_problem_that_needs_a_person_is_named_before_older_ones(ledger: Ledger) -> None:
    with ledger.write() as tx:
        healthy(tx, "acme")
        problems.report(tx, "acme", "members", "Members could not be read.", now=NOON)
        problems.report(tx, "acme", "jobs", "Jobs could not be read.", now=after(1))
        assert reads.customers(tx, NOON)[0].health.sentence == "Members could not be read."
        problems.report(tx, "acme", "stage", "The stage Interview is gone.", now=after(2), needs_person=True)
        found = reads.customers(tx, NOON)[0].health
    assert (found.sentence, found.needs_person) == ("The stage Interview is gone.", True)


@pytest.mark.parametrize(("minutes", "late"), [(3, False), (3.1, True)])
def test_b25_a_stream_is_late_after_three_intervals_without_completing(
    ledger: Ledger, minutes: float, *, late: bool
) -> None:
    with ledger.write() as tx:
        connect(tx)
        runs.stream_completed(tx, "acme", "jobs", now=NOON, every_seconds=60, total=7)
        runs.stream_failed(tx, "acme", "jobs", "No answer.", now=after(2.9), every_seconds=60)
        (found,) = reads.streams(tx, "acme", after(minutes))
    assert (found.is_late, found.last_error, found.rows_total) == (late, "No answer.", 7)


def test_b25_a_stream_that_is_tried_and_never_completes_is_late_too(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        for minute in range(5):
            runs.stream_failed(tx, "acme", "jobs", "No answer.", now=after(minute), every_seconds=60)
        assert [s.is_late for s in reads.streams(tx, "acme", after(3))] == [False]
        assert [s.is_late for s in reads.streams(tx, "acme", after(4))] == [True]


def test_jobs_in_use_come_first_and_then_by_title(ledger: Ledger) -> None:
    made = [
        ("J1", "zookeeper", "published"),
        ("J2", "Baker", "published"),
        ("J3", "Actor", "archived"),
        ("J4", "Cook", "closed"),
    ]
    jobs = [
        BoardJob(code, title, state, None, is_sample=False, candidates=0, stage_counts={})
        for code, title, state in made
    ]
    with ledger.write() as tx:
        board.replace(tx, "acme", jobs, [])
        assert [job["title"] for job in reads.jobs(tx, "acme")] == ["Baker", "Cook", "zookeeper", "Actor"]


def test_stages_are_told_by_job_in_their_order(ledger: Ledger) -> None:
    stages = [BoardStage(job, f"s{n}", f"s{n}", f"S{n}", "x", n) for n in (2, 0, 1) for job in ("J1", "")]
    with ledger.write() as tx:
        board.replace(tx, "acme", [], stages)
        found = reads.pipelines(tx, "acme")
    assert {job: [s["position"] for s in of_job] for job, of_job in found.items()} == {
        "": [0, 1, 2],
        "J1": [0, 1, 2],
    }


def test_the_newest_come_first_and_no_more_than_asked_for(ledger: Ledger) -> None:
    kinds = (requests.Kind.SYNC, requests.Kind.BACKFILL, requests.Kind.REVOKE)
    with ledger.write() as tx:
        for account_id in ("acme", "globex"):
            connect(tx, account_id)
            for minute, kind in enumerate(kinds):
                requests.file(tx, account_id, kind, {}, actor="ann@example.com", now=after(minute))
                runs.start(tx, account_id, "sync", "agent-1", after(minute))
        assert [r.kind for r in reads.requests_of(tx, "acme", 2)] == ["revoke", "backfill"]
        assert [r["started_at"] for r in reads.runs(tx, "acme", 2)] == [after(2), after(1)]
        assert [a["action"] for a in reads.audit_trail(tx, "acme", 2)] == [
            "revoke.requested",
            "backfill.requested",
        ]
        assert len(reads.audit_trail(tx, "acme")) == 1 + len(kinds)


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(ledger: Ledger) -> None:
    tokyo = timezone(timedelta(hours=9))
    with ledger.write() as tx:
        connect(tx, at=datetime(2026, 3, 2, 21, 0, tzinfo=tokyo))
        found = reads.customer(tx, "acme", NOON)
    assert found is not None
    assert (found.connected_at, found.connected_at.utcoffset()) == (NOON, timedelta(0))
