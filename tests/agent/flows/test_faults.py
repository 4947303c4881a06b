"""What Workable does wrong deletes nothing, is told truly, and is healed by the next run (behaviours B20 to B29)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from agent.errors import AgentError
from agent.flows import account as turns
from agent.flows.candidates import WalkKind, baseline
from agent.flows.run import running
from agent.flows.storing import store
from sandbox.stamps import hex_id
from storage.ledger import runs
from storage.ledger.requests import Kind
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig, settle, taken

LIST = "/candidates$"
FOR_EVER: dict[str, Any] = {"times": None}
BROKEN = [
    ("html", {}),
    ("truncated", {}),
    ("reset", {}),
    ("reset_body", {}),
    ("server_error", {}),
    ("server_error", {"params": {"status": 503, "html": True}}),
    ("not_found", {}),
]


def _counted(rig: Rig) -> None:
    for run in rig.runs():
        parts = run["done"] + run["skipped"] + run["failed"] + run["unknown"]
        assert run["planned"] == parts, run
        assert run["state"] != "ok" or run["failed"] + run["unknown"] == 0, run


def test_b20_rows_that_change_while_pages_are_read_are_all_there_in_the_end(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=450)
    rig.fault("between_pages", LIST, times=4, params={"do": "edit", "count": 5})
    rig.fault("between_pages", LIST, times=4, params={"do": "move", "count": 3})
    rig.fault("between_pages", LIST, times=2, params={"do": "create", "count": 2})
    rig.turn()
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    assert len(rig.live_rows()) > 450


def test_b20_a_deletion_between_pages_hides_nobody_else(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=450)
    rig.turn()
    rig.fault("between_pages", LIST, times=3, params={"do": "delete"})
    rig.sweep()
    rig.two_sweeps()
    rig.clock.forward(minutes=11)
    rig.sweep()
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    assert len(rig.live_rows()) == 447


@pytest.mark.parametrize(("kind", "params"), BROKEN)
def test_b21_a_listing_that_breaks_in_the_middle_deletes_nothing_and_goes_on_later(
    make_rig: MakeRig, kind: str, params: dict[str, Any]
) -> None:
    rig = make_rig(candidates=350)
    rig.turn()
    rig.clock.forward(hours=25)
    rig.fault(kind, LIST, after=2, **FOR_EVER, **params)
    run = rig.sweep()
    assert run.error is not None
    assert rig.runs()[0]["state"] == "failed"
    _counted(rig)
    rig.running.world.faults.clear()
    rig.turn()
    assert rig.runs()[0]["state"] == "ok"
    assert rig.live_rows() == rig.expected_rows()


@pytest.mark.parametrize("kind", ["empty_page", "short_page", "empty_rows", "duplicate_rows"])
def test_b21_listings_that_leave_rows_out_delete_nobody_who_is_still_there(
    make_rig: MakeRig, kind: str
) -> None:
    rig = make_rig(candidates=350)
    rig.turn()
    for _ in range(2):
        rig.clock.forward(hours=25)
        rig.fault(kind, LIST, after=1, **FOR_EVER)
        rig.sweep()
        rig.running.world.faults.clear()
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]
    _counted(rig)
    rig.clock.forward(hours=25)
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    assert rig.problems() == {}


def test_b21_a_spurious_404_on_a_candidate_that_was_missed_twice_deletes_nobody(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    rig.fault("short_page", LIST, params={"rows": 2}, **FOR_EVER)
    rig.fault("not_found", r"/candidates/\w+$")
    rig.two_sweeps()
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]


def test_b21_one_listing_that_misses_somebody_is_no_proof(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    acme = rig.running.world.account("acme")
    acme.delete(hex_id(acme.ids[3]))
    rig.sweep()
    rig.clock.forward(minutes=5)
    rig.sweep()
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]


def test_b21_too_many_missing_at_once_wait_for_a_person(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=300)
    rig.turn()
    acme = rig.running.world.account("acme")
    for number in acme.ids[:25]:
        acme.delete(hex_id(number))
    rig.two_sweeps()
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]
    assert "25 of 300 candidates are no longer listed" in rig.problems()["deletions_frozen"]
    asked = rig.ask(Kind.CONFIRM_DELETIONS)
    rig.turn()
    assert rig.request(asked.request_id).result == {"deleted": 25}
    assert rig.problems() == {}
    assert rig.live_rows() == rig.expected_rows()


def test_b21_what_comes_back_is_no_longer_asked_about(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=300)
    rig.turn()
    rig.fault("short_page", LIST, params={"rows": 40}, **FOR_EVER)
    rig.two_sweeps()
    assert "deletions_frozen" in rig.problems()
    rig.running.world.faults.clear()
    rig.clock.forward(minutes=11)
    rig.sweep()
    assert rig.problems() == {}


def test_b22_unknown_keys_and_values_are_kept_and_are_no_error(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=120)
    rig.fault("unknown_fields", LIST, **FOR_EVER)
    rig.fault("unknown_enum", LIST, **FOR_EVER)
    rig.turn()
    assert [run["state"] for run in rig.runs()] == ["ok", "ok"]
    kinds = rig.published("SELECT DISTINCT stage_kind FROM workable.candidates")
    assert kinds == [("never_seen_before",)]
    kept = rig.published("SELECT count(*) FROM workable.candidates WHERE raw LIKE '%shiny_new_field%'")
    assert kept == [(120,)]


def test_b23_a_stale_page_does_not_bring_back_what_was_before(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=250)
    acme = rig.running.world.account("acme")
    with rig.work() as work:
        late = list(work.workable.candidates())
    moved = next(hex_id(c.id) for c in acme.candidates.values() if c.job and not c.anonymized)
    rig.turn()
    acme.move(moved, "offer")
    rig.poll()
    with rig.work() as work, running(work, "sync") as run:
        for page in late:
            store(run, page.candidates, baseline=baseline(work), cursors={})
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    moves = "SELECT to_stage FROM events WHERE kind = 'moved'"
    assert rig.from_ledger(lambda tx: len(tx.execute(text(moves)).all())) == 1


def test_b24_a_429_that_others_cause_ends_in_a_good_run(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=120)
    rig.fault("rate_limited", LIST)
    rig.turn()
    assert [run["state"] for run in rig.runs()] == ["ok", "ok"]
    assert sum(run["throttled"] for run in rig.runs()) == 1
    assert rig.live_rows() == rig.expected_rows()


def test_b25_an_account_goes_to_another_agent_once_its_own_has_stopped_dead(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=120)
    with rig.agent() as engine:
        old = taken(engine)
        with engine.tools.ledger.write() as tx:
            tx.execute(text("UPDATE leases SET agent_id = 'of-another-machine', expires_at = '2100-01-01'"))
        with pytest.raises(AgentError, match="Another agent"):
            taken(engine)
        with pytest.raises(AgentError, match="Another agent has taken this account over"):
            turns.poll(old, every=None)
    rig.clock.forward(seconds=91)
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()


def test_b25_runs_of_a_dead_process_are_told_as_interrupted(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=120)
    with rig.work() as work, work.tools.ledger.write() as tx:
        runs.start(tx, "acme", "sync", "an-agent-that-died", work.now())
    rig.turn()
    assert rig.runs()[-1]["state"] == "interrupted"


def _truncate(rig: Rig) -> None:
    with rig.settings.mirror_path.open("r+b") as file:
        file.truncate(5_000)


def _delete(rig: Rig) -> None:
    rig.settings.mirror_path.unlink()


def _overwrite(rig: Rig) -> None:
    rig.settings.mirror_path.write_bytes(b"not a database" * 1_000)


@pytest.mark.parametrize("harm", [_truncate, _delete, _overwrite])
def test_b26_a_damaged_mirror_is_read_again_and_no_event_is_lost_or_repeated(
    make_rig: MakeRig, harm: Callable[[Rig], None]
) -> None:
    rig = make_rig()
    rig.turn()
    acme = rig.running.world.account("acme")
    acme.move(next(hex_id(c.id) for c in acme.candidates.values() if c.job), "offer")
    rig.turn()
    events = _events(rig)
    assert len(events) == 1
    harm(rig)
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    assert _events(rig) == events


def test_b28_a_revoked_token_ends_in_three_calls_and_waits_for_a_new_one(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    rig.running.world.revoke_token("acme")
    rig.forget_requests()
    rig.turn()
    rig.turn()
    assert 1 <= len(rig.asked()) <= 3
    assert rig.account().state == "reconnect"
    assert rig.runs()[0]["state"] == "failed"
    assert "token_refused" in rig.problems()
    rig.running.world.reissue_token("acme")
    rig.running.world.account("acme").touch(5)
    rig.connect()
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    assert rig.account().state == "active"
    assert rig.problems() == {}
    _counted(rig)


def test_b28_a_token_revoked_in_the_middle_of_the_first_listing_goes_on_after_reconnecting(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(candidates=450)
    rig.fault("unauthorized", after=10, **FOR_EVER)
    rig.turn()
    assert len(rig.running.world.context.journal.entries(kind="fault")) <= 3
    assert rig.account().state == "reconnect"
    rig.running.world.faults.clear()
    rig.connect()
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()


def test_b28_a_single_401_parks_nobody(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    rig.fault("unauthorized", LIST)
    rig.turn()
    assert rig.account().state == "active"
    assert rig.runs()[0]["state"] == "failed"
    rig.turn()
    assert rig.runs()[0]["state"] == "ok"


def test_b28_a_lost_scope_parks_the_account_and_names_the_scope(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    rig.running.world.drop_scope("acme", "r_candidates")
    rig.forget_requests()
    rig.turn()
    refused = [one for one in rig.asked() if one["status"] == 403]
    assert 1 <= len(refused) <= 3
    assert rig.account().state == "reconnect"
    assert any("r_candidates" in sentence for sentence in rig.problems().values())


def test_b28_reconnecting_keeps_member_mapping_and_what_was_read(make_rig: MakeRig) -> None:
    rig = make_rig()
    member = hex_id(next(m.id for m in rig.running.world.account("acme").members.values() if m.active))
    rig.connect(member_id=member)
    rig.turn()
    rig.running.world.revoke_token("acme")
    rig.turn()
    rig.running.world.reissue_token("acme")
    assert not rig.connect().is_new
    found = rig.from_ledger(lambda tx: tx.execute(text("SELECT member_id, baseline_at FROM accounts")).one())
    assert found.member_id == member
    assert found.baseline_at is not None


def test_b29_a_part_that_fails_is_told_and_the_others_are_done(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.fault("server_error", "/members$", **FOR_EVER)
    rig.turn()
    states = {run["kind"]: run["state"] for run in rig.runs()}
    assert states == {"sync": "degraded", "first_sync": "ok"}
    assert isinstance(rig.ends["acme"], AgentError)
    assert "stream_failing" in rig.problems()
    _counted(rig)
    assert rig.live_rows() == rig.expected_rows()
    rig.running.world.faults.clear()
    rig.clock.forward(hours=1)
    rig.turn()
    assert rig.problems() == {}
    assert rig.runs()[0]["state"] == "ok"


def test_b48_a_next_page_on_another_host_is_never_asked_for(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    rig.fault("foreign_next", LIST, params={"host": f"localhost:{rig.running.port}"}, **FOR_EVER)
    rig.forget_requests()
    with rig.agent() as engine:
        engine.ends.clear()
        turns.walk(taken(engine), WalkKind.SWEEP, lambda _rows, _newest: None)
        settle(engine)
    assert len([one for one in rig.asked() if one["path"].endswith("/candidates")]) == 1
    assert rig.runs()[0]["state"] == "failed"
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]


def _events(rig: Rig) -> list[tuple[Any, ...]]:
    return rig.from_ledger(lambda tx: [tuple(row) for row in tx.execute(text("SELECT * FROM events"))])
