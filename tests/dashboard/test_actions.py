"""What a click leaves behind: one request, and somebody who will do it."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dashboard import actions
from dashboard.worker import Worker
from storage.ledger import requests, schema
from storage.ledger.database import Ledger
from storage.ledger.requests import Kind, State
from tests.dashboard.visits import add, agent_reported, rows

TELL_ENVIRONMENT = "import json, os; print(json.dumps([os.environ['IVW_DATA_DIR'], os.getcwd()]))"


def ended(worker: Worker) -> None:
    """Wait until the process that was begun last is over."""
    assert worker._process is not None
    worker._process.wait()


@pytest.fixture(autouse=True)
def _with_an_agent(ledger: Ledger) -> None:
    """An agent lives, so that no click starts one."""
    add(ledger, "ant")
    agent_reported(ledger, timedelta(hours=-1))


def test_a_second_click_files_no_second_request(ledger: Ledger) -> None:
    assert actions.test_sync("ant")
    assert not actions.test_sync("ant")

    assert [row["kind"] for row in rows(ledger, schema.requests)] == ["test_sync"]


def test_a_backfill_since_a_day_says_so_in_its_arguments(ledger: Ledger) -> None:
    actions.backfill("ant", date(2026, 1, 31))

    assert rows(ledger, schema.requests)[0]["args"] == {"since": "2026-01-31"}


def test_a_backfill_of_everything_has_no_arguments(ledger: Ledger) -> None:
    actions.backfill("ant", None)

    assert rows(ledger, schema.requests)[0]["args"] == {}


@pytest.mark.parametrize("typed", ["", "an", "Ant", "bee"])
def test_nothing_is_revoked_without_the_account_s_name(ledger: Ledger, typed: str) -> None:
    assert not actions.revoke("ant", typed)

    assert rows(ledger, schema.requests) == []


def test_the_account_s_name_revokes(ledger: Ledger) -> None:
    assert actions.revoke("ant", " ant ")

    assert rows(ledger, schema.requests)[0]["kind"] == "revoke"


def test_a_click_is_in_the_audit_trail(ledger: Ledger) -> None:
    actions.test_sync("ant")
    last = rows(ledger, schema.audit)[-1]

    assert (last["actor"], last["action"]) == ("local operator", "test_sync.requested")


def test_a_queued_backfill_is_cancelled_at_once(ledger: Ledger) -> None:
    actions.backfill("ant", None)
    actions.cancel(rows(ledger, schema.requests)[0]["request_id"])

    assert rows(ledger, schema.requests)[0]["state"] == State.CANCELLED


def test_an_open_request_is_stuck_only_without_an_agent_and_after_a_while(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    with ledger.write() as tx:
        request, _ = requests.file(tx, "ant", Kind.TEST_SYNC, {}, actor="ann@example.com", now=now)
    later = now + timedelta(seconds=21)

    assert actions.is_stuck(request, later, agent_is_alive=False)
    assert not actions.is_stuck(request, later, agent_is_alive=True)
    assert not actions.is_stuck(request, now + timedelta(seconds=19), agent_is_alive=False)


def test_a_worker_starts_beside_the_packages_with_the_same_data_folder(tmp_path: Path, root: Path) -> None:
    worker = Worker(tmp_path / "data", [sys.executable, "-c", TELL_ENVIRONMENT])
    worker.start()
    ended(worker)
    log = tmp_path / "data" / "private" / "obey.log"

    assert json.loads(log.read_text()) == [str(tmp_path / "data"), str(root)]
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_second_click_starts_no_second_worker_while_the_first_begins(tmp_path: Path) -> None:
    worker = Worker(tmp_path, [sys.executable, "-c", "import time; time.sleep(2)"])

    assert worker.start()
    assert not worker.start()
    ended(worker)


def test_a_worker_that_has_ended_can_be_started_again_at_once(tmp_path: Path) -> None:
    worker = Worker(tmp_path, [sys.executable, "-c", "raise SystemExit(1)"])
    worker.start()
    ended(worker)

    assert worker.start()
    ended(worker)
