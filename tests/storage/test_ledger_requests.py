"""Requests of staff: one open of a kind, taken in order, their progress in their row, each act in the audit trail."""

from datetime import datetime

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from storage import reads
from storage.ledger import requests, schema
from storage.ledger.database import Ledger
from storage.ledger.requests import Kind, Request, State
from tests.storage.ledgers import NOON, after, audit_actions, size, take_oldest


def file(tx: Connection, kind: Kind = Kind.SYNC, account_id: str = "acme", at: datetime = NOON) -> Request:
    return requests.file(tx, account_id, kind, {}, actor="ann@example.com", now=at)[0]


def claimed(tx: Connection) -> Request:
    file(tx)
    taken = take_oldest(tx, "agent-1", after(1))
    assert taken is not None
    return taken


def test_a_second_click_finds_the_open_request(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first, is_new = requests.file(
            tx, "acme", Kind.BACKFILL, {"since": "2026-01-01"}, actor="ann@example.com", now=NOON
        )
        second, again_new = requests.file(
            tx, "acme", Kind.BACKFILL, {}, actor="bob@example.com", now=after(1)
        )
        assert (is_new, again_new) == (True, False)
        assert second == first
        assert second.args == {"since": "2026-01-01"}
        assert audit_actions(tx) == [("ann@example.com", "backfill.requested")]


def test_other_kinds_and_other_accounts_have_requests_of_their_own(ledger: Ledger) -> None:
    with ledger.write() as tx:
        filed = [file(tx), file(tx, Kind.TEST_SYNC), file(tx, account_id="globex")]
    assert len({request.request_id for request in filed}) == 3


def test_the_ledger_itself_refuses_a_second_open_request(ledger: Ledger) -> None:
    with ledger.write() as tx:
        file(tx)
    twin = {"kind": "sync", "args": {}, "state": "running", "actor": "x", "created_at": NOON}
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.execute(schema.requests.insert().values(account_id="acme", **twin))


def test_after_the_end_of_one_another_can_be_filed(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first = file(tx)
        requests.finish(tx, first.request_id, State.DONE, "Done.", now=after(1))
        assert file(tx).request_id != first.request_id


def test_requests_are_taken_oldest_first_and_once(ledger: Ledger) -> None:
    with ledger.write() as tx:
        filed = [file(tx, kind).request_id for kind in (Kind.SYNC, Kind.BACKFILL)]
        taken = [take_oldest(tx, "agent-1", after(1)) for _ in range(3)]
    assert [request and request.request_id for request in taken] == [*filed, None]
    assert taken[0] is not None
    assert (taken[0].state, taken[0].agent_id, taken[0].started_at) == ("running", "agent-1", after(1))


def test_progress_is_in_the_row(ledger: Ledger) -> None:
    with ledger.write() as tx:
        taken = claimed(tx)
        assert (
            requests.progress(tx, taken.request_id, now=after(2), done=40, total=None, note="Reading.")
            is False
        )
        row = requests.get(tx, taken.request_id)
    assert (row.done, row.total, row.note, row.heartbeat_at) == (40, None, "Reading.", after(2))


def test_a_running_request_learns_that_it_is_to_end(ledger: Ledger) -> None:
    with ledger.write() as tx:
        taken = claimed(tx)
        for minute in (2, 3):
            requests.cancel(tx, taken.request_id, actor="bob@example.com", now=after(minute))
        assert requests.progress(tx, taken.request_id, now=after(4), done=1, total=2, note=None) is True
        assert requests.get(tx, taken.request_id).cancel_requested_at == after(2)
        assert audit_actions(tx) == [
            ("ann@example.com", "sync.requested"),
            ("bob@example.com", "sync.cancel_requested"),
        ]


def test_a_waiting_request_is_cancelled_at_once_by_the_one_who_cancels(ledger: Ledger) -> None:
    with ledger.write() as tx:
        filed = file(tx)
        requests.cancel(tx, filed.request_id, actor="bob@example.com", now=after(1))
        row = requests.get(tx, filed.request_id)
        assert (row.state, row.note) == ("cancelled", "Cancelled before it began.")
        assert take_oldest(tx, "agent-1", after(2)) is None
        assert audit_actions(tx) == [
            ("ann@example.com", "sync.requested"),
            ("bob@example.com", "sync.cancelled"),
        ]


def test_an_ended_request_stays_as_it_ended(ledger: Ledger) -> None:
    with ledger.write() as tx:
        taken = claimed(tx)
        requests.finish(tx, taken.request_id, State.DONE, "40 read.", now=after(2), result={"read": 40})
        ended = requests.get(tx, taken.request_id)
        requests.finish(tx, taken.request_id, State.FAILED, "Too late.", now=after(3))
        requests.cancel(tx, taken.request_id, actor="bob@example.com", now=after(3))
        assert requests.get(tx, taken.request_id) == ended
        assert (ended.state, ended.result, ended.finished_at) == ("done", {"read": 40}, after(2))
        assert audit_actions(tx)[1:] == [("ann@example.com", "sync.done")]


def test_requests_of_a_dead_agent_wait_again_unless_they_were_to_end(ledger: Ledger) -> None:
    with ledger.write() as tx:
        kept = claimed(tx)
        file(tx, Kind.BACKFILL)
        ended = take_oldest(tx, "agent-1", after(1))
        assert ended is not None
        requests.cancel(tx, ended.request_id, actor="ann@example.com", now=after(2))
        requests.release_orphans(tx, after(3))
        assert requests.get(tx, kept.request_id).state == State.QUEUED
        assert requests.get(tx, ended.request_id).state == State.CANCELLED
        again = take_oldest(tx, "agent-2", after(4))
        assert again is not None
        assert (again.request_id, again.agent_id) == (kept.request_id, "agent-2")


def test_whether_any_request_waits_or_runs_can_be_asked(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert not reads.any_request_waits(tx)
        taken = claimed(tx)
        assert reads.any_request_waits(tx)
        requests.finish(tx, taken.request_id, State.DONE, "Done.", now=after(2))
        assert not reads.any_request_waits(tx)
        assert size(tx, schema.requests) == 1
