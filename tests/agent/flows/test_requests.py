"""What staff ask for is done once, told while it goes on, and outlives the agent that took it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from agent import wiring
from agent.cli import main
from agent.flows.revoke import revoke
from sandbox.stamps import hex_id
from storage.ledger import requests
from storage.ledger.requests import Kind, State
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig, settle

LIST = "/candidates$"
PUBLIC = "https://interviews.example.com"


def _slow(rig: Rig, seconds: float) -> None:
    rig.fault("slow_header", LIST, times=None, params={"seconds": seconds})


def test_a_test_sync_reads_a_little_of_everything_and_moves_no_watermark(make_rig: MakeRig) -> None:
    rig = make_rig()
    asked = rig.ask(Kind.TEST_SYNC)
    with rig.agent() as engine:
        settle(engine)
    done = rig.request(asked.request_id)
    assert done.state == State.DONE
    assert done.result is not None
    assert done.result["candidates"] == 50
    assert done.result["jobs"] == 4
    assert "Nobody was invited" in (done.note or "")
    assert rig.mirror("SELECT count(*) FROM workable.candidates") == [(50,)]
    assert rig.mirror("SELECT * FROM internal.cursors WHERE stream IN ('candidates', 'listed')") == []
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()


def test_a_backfill_tells_how_far_it_is_and_how_it_ended(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=600)
    rig.turn()
    _slow(rig, 0.25)
    asked = rig.ask(Kind.BACKFILL)
    seen = set()
    with rig.agent() as engine:
        engine.take_requests()
        while engine.is_busy():
            engine.wait(0.1)
            with engine.tools.ledger.read() as tx:
                now = requests.get(tx, asked.request_id)
            seen.add((now.state, now.done, now.total))
    done = rig.request(asked.request_id)
    assert (done.state, done.done, done.total) == (State.DONE, 600, 600)
    assert done.result == {"candidates": 600, "changed": 0}
    assert any(state == State.RUNNING and 0 < rows < 600 and total == 600 for state, rows, total in seen)
    assert rig.from_ledger(lambda tx: tx.execute(text("SELECT count(*) FROM events")).scalar()) == 0


def test_a_backfill_since_a_day_reads_only_later_candidates(make_rig: MakeRig) -> None:
    rig = make_rig()
    day = (rig.clock() - timedelta(days=60)).date().isoformat()
    asked = rig.ask(Kind.BACKFILL, since=day)
    with rig.agent() as engine:
        settle(engine)
    since = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    acme = rig.running.world.account("acme").candidates.values()
    expected = sum(c.created_at > since and c.job is not None for c in acme)
    assert 0 < expected < 230
    assert rig.request(asked.request_id).result == {"candidates": expected, "changed": expected}


def test_a_cancelled_backfill_ends_soon_and_keeps_what_was_read(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=1_500)
    _slow(rig, 0.3)
    asked = rig.ask(Kind.BACKFILL)
    with rig.agent() as engine:
        engine.take_requests()
        while _rows_read(engine.tools.ledger, asked.request_id) == 0:
            engine.wait(0.05)
        with engine.tools.ledger.write() as tx:
            requests.cancel(tx, asked.request_id, actor="a test", now=rig.clock())
        settle(engine)
    assert rig.request(asked.request_id).state == State.CANCELLED
    assert [run["state"] for run in rig.runs()] == ["cancelled"]
    [(kept,)] = rig.mirror("SELECT count(*) FROM workable.candidates")
    assert 0 < kept < 1_500
    rig.running.world.faults.clear()
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()


def _rows_read(ledger: Any, request_id: int) -> int:
    with ledger.read() as tx:
        return requests.get(tx, request_id).done


def test_a_second_request_while_one_runs_does_nothing_twice(make_rig: MakeRig) -> None:
    rig = make_rig()
    first, second = rig.ask(Kind.BACKFILL), rig.ask(Kind.BACKFILL)
    with rig.agent() as engine:
        engine.take_requests()
        third = rig.ask(Kind.BACKFILL)
        settle(engine)
    assert first.request_id == second.request_id == third.request_id
    assert [run["kind"] for run in rig.runs()] == ["backfill"]


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_request_of_an_agent_that_ended_is_finished_by_the_next(make_rig: MakeRig, how: str) -> None:
    rig = make_rig(candidates=600)
    _slow(rig, 0.5)
    with rig.start("backfill", "--account", "acme") as agent:
        while len([one for one in rig.asked() if one["path"].endswith("/candidates")]) < 3:
            assert agent.poll() is None
        getattr(agent, how)()
        agent.communicate()
    rig.running.world.faults.clear()
    assert rig.request(1).state == (State.RUNNING if how == "kill" else State.QUEUED)
    rig.turn()
    assert rig.request(1).state == State.DONE
    assert rig.live_rows() == rig.expected_rows()


def _subscribe(rig: Rig, target: str) -> None:
    with rig.work() as work:
        body = {"event": "candidate_created", "target": target}
        work.workable._transport.write("POST", "/subscriptions", body)


def test_revoking_removes_our_subscriptions_and_the_token_and_ends_the_sync(make_rig: MakeRig) -> None:
    rig = make_rig(settings={"public_url": PUBLIC})
    rig.turn()
    foreign = {
        f"{PUBLIC}.evil.example.com/x",
        "https://other.example.com/y",
        f"{PUBLIC}/hooks/workable/globex/z",
    }
    for target in (f"{PUBLIC}/hooks/workable/acme/candidate_moved/secret", *foreign):
        _subscribe(rig, target)
    asked = rig.ask(Kind.REVOKE)
    rig.turn()
    done = rig.request(asked.request_id)
    assert done.state == State.DONE
    assert done.result == {"subscriptions_removed": 4, "subscriptions_left": False}
    assert "syncing stopped, 4 webhook subscriptions removed. Still" in (done.note or "")
    assert "Settings > Integrations > Apps" in (done.note or "")
    left = {one.target for one in rig.running.world.account("acme").subscriptions.values()}
    assert left == foreign
    assert rig.from_ledger(lambda tx: tx.execute(text("SELECT sealed FROM tokens")).scalars().all()) == [None]
    assert rig.account().state == "revoked"
    rig.forget_requests()
    rig.turn()
    assert rig.asked() == []
    assert len(rig.live_rows()) == 230


def test_revoking_destroys_the_token_although_workable_refuses_it(make_rig: MakeRig) -> None:
    rig = make_rig(settings={"public_url": PUBLIC})
    rig.running.world.revoke_token("acme")
    asked = rig.ask(Kind.REVOKE)
    rig.turn()
    done = rig.request(asked.request_id)
    assert done.state == State.DONE
    assert "The webhook subscriptions are left" in (done.note or "")
    assert rig.account().state == "revoked"
    assert rig.from_ledger(lambda tx: tx.execute(text("SELECT sealed FROM tokens")).scalars().all()) == [None]


def test_a_subscription_that_is_gone_already_does_not_keep_the_others(make_rig: MakeRig) -> None:
    rig = make_rig(settings={"public_url": PUBLIC})
    for name in ("a", "b"):
        _subscribe(rig, f"{PUBLIC}/hooks/workable/acme/{name}")
    first = min(rig.running.world.account("acme").subscriptions)
    rig.fault("not_found", rf"/subscriptions/{first}$", method="DELETE", times=None)
    with rig.work() as work:
        _, result = revoke(work, "a test")
    assert result == {"subscriptions_removed": 1, "subscriptions_left": False}


def test_revoking_ends_a_listing_that_is_under_way(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=1_500)
    _slow(rig, 0.5)
    with rig.agent() as engine:
        for account in engine.active_accounts():
            engine.start_turn(account)
        while len([one for one in rig.asked() if one["path"].endswith("/candidates")]) < 5:
            engine.wait(0.05)
        asked = rig.ask(Kind.REVOKE)
        settle(engine)
    assert rig.request(asked.request_id).state == State.DONE
    assert {run["state"] for run in rig.runs()} == {"ok", "interrupted"}


def test_a_second_agent_changes_nothing_and_says_so(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = make_rig(candidates=20)
    for name, value in rig.environment.items():
        if name.startswith("IVW_"):
            monkeypatch.setenv(name, value)
    rig.forget_requests()
    with wiring.agent_process(rig.settings, "sync", rig.clock):
        assert main(["sync"]) == 75
    assert "Another agent" in capsys.readouterr().err
    assert rig.asked() == []


def test_deleted_people_are_settled_once_though_asked_twice(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    acme = rig.running.world.account("acme")
    acme.delete(hex_id(acme.ids[0]))
    rig.two_sweeps()
    asked = rig.ask(Kind.CONFIRM_DELETIONS)
    rig.turn()
    assert rig.request(asked.request_id).result == {"deleted": 0}
    assert len(rig.from_ledger(lambda tx: tx.execute(text("SELECT kind FROM events")).all())) == 1
