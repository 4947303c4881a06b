"""What comes of webhooks: readings that leave the mirror as polls would, once, and nothing for our own moves."""

import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import text

from agent import wiring
from agent.flows.receive import receive
from sandbox.stamps import hex_id
from storage import references
from storage.ledger import outbox, schema
from storage.ledger.outbox import EffectKind, EffectState, NewEffect, SendLane
from tests.agent.flows.conftest import MakeInterviews, MakeRig
from tests.agent.flows.rig import Rig
from tests.agent.flows.webhook_rig import (
    follow_employees,
    hooked,
    job_of,
    listening,
    move,
    other_stage,
    small,
    somebody,
    stage_of,
)

SEEN = {
    "candidates": "* EXCLUDE (synced_at)",
    "stage_entries": "* EXCLUDE (seen_at)",
    "candidate_history": "* EXCLUDE (seen_at)",
}


def mirrored(rig: Rig) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: rig.mirror(f"SELECT {columns} FROM workable.{name} ORDER BY ALL")
        for name, columns in SEEN.items()
    }


def test_a_candidate_seen_by_webhook_looks_in_the_mirror_exactly_as_when_polled(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        made = site.account.create_candidate(job_of(site.account))
        moved = somebody(rig)
        name = move(rig, moved)
        site.came(2)
        assert site.receive() == 2
        by_webhook = mirrored(rig)
        assert stage_of(rig, moved) == name
        assert stage_of(rig, hex_id(made.id)) is not None
        polled = rig.poll()
    assert (polled.tally.rows_inserted, polled.tally.rows_changed) == (0, 0)
    assert polled.tally.rows_read >= 2
    assert mirrored(rig) == by_webhook
    events = rig.from_ledger(
        lambda tx: tx.execute(text("SELECT kind FROM events ORDER BY event_id")).scalars().all()
    )
    assert sorted(events) == ["created", "moved"]


@pytest.mark.parametrize("kind", ["account", "oauth", "partner"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_webhooks_of_every_kind_of_token_are_believed(make_rig: MakeRig, kind: str, encoding: str) -> None:
    ours = {
        "workable_client_secret": "sandbox-oauth-application-secret",
        "workable_client_id": "sandbox-client-id",
    }
    rig = make_rig(
        accounts=f"acme:{kind}",
        candidates=6,
        jobs=1,
        settings=ours,
        switches={"signature_encoding": encoding},
    )
    rig.connect(kind=kind)  # it cannot be told without a rate limit
    with listening(rig) as site:
        move(rig, somebody(rig))
        site.answered(1)
        assert site.hooks()["candidate_moved"].deliveries == 1


def test_b49_doubled_and_reordered_webhooks_are_read_once_each(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        site.handle(duplicate=4, jitter=0.2)
        people = [somebody(rig, skip) for skip in range(4)]
        names = {one: move(rig, one) for one in people}
        site.answered(8)
        rig.forget_requests()
        site.receive()
        assert {one: stage_of(rig, one) for one in people} == names
        assert len([one for one in rig.asked() if one["path"].endswith("/candidates")]) == 4
        assert None not in site.outcomes()


def test_b49_losing_every_webhook_costs_only_latency(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        site.handle(lose=100)
        moved = somebody(rig)
        name = move(rig, moved)
        assert site.receive() == 0
        assert stage_of(rig, moved) != name
        rig.poll()
    assert stage_of(rig, moved) == name


def test_several_messages_about_one_candidate_are_one_reading(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        moved = somebody(rig)
        for _ in range(3):
            rig.clock.forward(seconds=1)  # or they would read alike and be one
            name = move(rig, moved)
        site.came(3)
        rig.forget_requests()
        assert site.receive() == 3
        assert len(rig.asked()) == 1
    assert stage_of(rig, moved) == name


def test_many_candidates_at_once_are_read_as_a_list(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        people = [hex_id(number) for number in list(site.account.candidates)[:10]]
        names = {one: move(rig, one) for one in people}
        site.came(10)
        rig.forget_requests()
        assert site.receive() == 10
        assert len(rig.asked()) == 1
        assert {one: stage_of(rig, one) for one in people} == names
        assert set(site.outcomes()) == {"read"}


def test_what_a_poll_has_read_since_costs_no_request(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        move(rig, somebody(rig))
        site.came(1)
        rig.clock.forward(seconds=5)
        rig.poll()
        rig.forget_requests()
        site.receive()
        assert (site.outcomes(), rig.asked()) == (["polled"], [])


def plan_move(rig: Rig, candidate_id: str, stage: str, state: EffectState) -> None:
    """A move of ours into the stage of that name, as if it had just been sent."""
    key = references.key("acme", candidate_id, "move", 1)
    new = NewEffect(
        account_id="acme", kind=EffectKind.MOVE, lane=SendLane.RESULTS, effect_key=key, mark=references.mark(key),
        payload={"stage": {"name": stage}, "passed": True}, actor="a test", candidate_id=candidate_id,
    )  # fmt: skip
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        outbox.plan(tx, new, rig.clock())
        tx.execute(schema.effects.update().values(state=state, sent_at=rig.clock()))


@pytest.mark.parametrize("state", [EffectState.SENDING, EffectState.UNKNOWN, EffectState.CONFIRMED])
def test_b15_our_own_move_that_comes_back_costs_no_request(make_rig: MakeRig, state: EffectState) -> None:
    rig = small(make_rig)
    with listening(rig) as site, rig.work() as work:  # a new agent would take what is being sent for unknown
        moved = somebody(rig)
        slug, name = other_stage(rig, moved)
        plan_move(rig, moved, name, state)
        site.account.move(moved, slug)
        site.came(1)
        rig.forget_requests()
        assert receive(work) == 1
        assert (site.outcomes(), rig.asked()) == (["ours"], [])


@pytest.mark.parametrize("why", ["another stage", "another candidate", "long ago", "only planned"])
def test_b15_a_move_that_is_not_ours_is_read(make_rig: MakeRig, why: str) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        moved = somebody(rig)
        slug, name = other_stage(rig, moved)
        planned = somebody(rig, 1) if why == "another candidate" else moved
        state = EffectState.PLANNED if why == "only planned" else EffectState.CONFIRMED
        plan_move(rig, planned, "Offer" if why == "another stage" else name, state)
        rig.clock.forward(minutes=3 if why == "long ago" else 0)
        site.account.move(moved, slug)
        site.came(1)
        site.receive()
        assert site.outcomes() == ["read"]
    assert stage_of(rig, moved) == name


def test_b15_webhooks_alone_lead_to_the_interview_and_the_echo_of_its_end_is_ours(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews()
    rig.map("phone-screen", pass_stage="interview")
    with listening(rig) as site:
        person = rig.candidate()
        rig.move(person)
        site.came(2)
        rig.go_on(polls=False)
        (interview,) = rig.interviews()
        rig.running.world.platform.complete(interview["id"], score=90)
        rig.go_on(polls=False)
        site.came(3)
        rig.go_on(polls=False)
        assert site.outcomes() == ["read", "read", "ours"]
    assert [one["verb"] for one in rig.changes()].count("move") == 1
    assert (len(rig.interviews()), len(rig.decisions(person))) == (1, 1)


def test_a_deletion_is_believed_after_two_404s(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        gone = somebody(rig)
        site.account.delete(gone)
        site.came(1)
        site.receive()
        assert site.outcomes() == ["deleted"]
    row = rig.mirror(f"SELECT is_deleted, name, raw FROM workable.candidates WHERE candidate_id = '{gone}'")
    assert row == [(True, None, None)]
    events = rig.from_ledger(lambda tx: tx.execute(text("SELECT kind FROM events")).scalars().all())
    assert events == ["deleted"]


def test_b21_a_deletion_that_is_not_true_deletes_nothing(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        gone = somebody(rig)
        site.handle(hold=True)
        site.account.delete(gone)
        site.came(0)
        there = somebody(rig)
        (delivery,) = rig.running.world.postman.held
        delivery.number = int(there, 16)
        rig.running.world.postman.deliver()
        site.came(1)
        rig.fault("not_found", rf"/candidates/{there}$")
        site.receive()
        assert site.outcomes() == ["still_there"]
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]


def test_a_candidate_that_is_gone_meanwhile_is_left_to_the_sweeps(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        gone = somebody(rig)
        site.handle(hold=True)
        move(rig, gone)
        site.account.delete(gone)
        rig.running.world.postman.deliver(1)
        site.came(1)
        site.receive()
        assert site.messages() == [("candidate_moved", "gone")]
    assert rig.mirror("SELECT count(*) FROM workable.candidates WHERE is_deleted") == [(0,)]


@pytest.mark.parametrize("count", [1, 10])
def test_what_cannot_be_read_waits_and_is_read_later(make_rig: MakeRig, count: int) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        people = [hex_id(number) for number in list(site.account.candidates)[:count]]
        names = {one: move(rig, one) for one in people}
        site.came(count)
        rig.fault("server_error", r"/candidates$", times=None)
        assert site.receive() == 0
        rig.running.world.faults.clear()
        assert site.receive() == count
        assert {one: stage_of(rig, one) for one in people} == names


def test_what_cannot_be_read_for_long_is_left_to_the_polls(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        moved = somebody(rig)
        move(rig, moved)
        site.came(1)
        rig.fault("server_error", r"/candidates$", times=None)
        rig.clock.forward(minutes=11)
        assert site.receive() == 1
        assert site.outcomes() == ["left_to_polls"]


def test_what_says_nothing_readable_is_put_aside_and_its_body_forgotten(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    bodies = (
        b"{",
        b"[]",
        b"{}",
        b'{"event_type":"candidate_hired","id":"1"}',
        b'{"event_type":"candidate_moved","id":"../jobs"}',
    )
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        for body in bodies:
            values = {
                "source": "workable",
                "account_id": "acme",
                "event": "candidate_moved",
                "resource_id": "",
            }
            tx.execute(
                schema.inbox.insert().values(**values, digest=str(body), body=body, received_at=rig.clock())
            )
    with listening(rig, heals=False) as site:
        rig.forget_requests()
        assert site.receive() == len(bodies)
        assert (site.outcomes(), rig.asked()) == (["unreadable"] * len(bodies), [])
    assert rig.from_ledger(lambda tx: tx.execute(text("SELECT body FROM inbox")).scalars().all()) == [
        None
    ] * len(bodies)


def employee(rig: Rig, event: str, **data: Any) -> None:
    rig.running.world.postman.fire_employee("acme", event, {"id": "4d3", **data})


def test_employees_are_kept_with_the_newest_value_of_each_field(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    follow_employees(rig)
    with listening(rig) as site:
        employee(rig, "employee_created", status="status_draft", firstname="Robin", start_date="2026-04-01")
        site.came(1)
        employee(rig, "employee_updated", status="status_active", department={"name": "Design"})
        site.came(2)
        employee(rig, "onboarding_completed", forms=["tax"])
        site.came(3)
        site.receive()
        assert set(site.outcomes()) == {"stored"}
    found = rig.mirror(
        "SELECT account_id, employee_id, status, firstname, department, start_date::VARCHAR, last_event,"
        " raw->'$.onboarding.forms[0]' FROM workable.employees"
    )
    assert found == [
        ("acme", "4d3", "status_active", "Robin", "Design", "2026-04-01", "onboarding_completed", '"tax"')
    ]


def test_employees_are_dropped_once_they_are_no_longer_followed(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    follow_employees(rig)
    with listening(rig) as site:
        employee(rig, "employee_created", firstname="Robin")
        site.came(1)
        with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
            tx.execute(schema.accounts.update().values(follows_employees=False))
        site.receive()
        assert site.outcomes() == ["dropped"]
    assert rig.mirror("SELECT * FROM workable.employees") == []


# Dies after the message is committed, before it is answered.
DIES = """
import os, signal, sys
from agent import wiring
from agent.listener import Listener
from storage.clock import utc_now
from storage.settings import load
settings = load()
with wiring.opened_ledger(settings) as ledger:
    vault = wiring.opened_vault(settings, ledger)
    listener = Listener(settings, ledger, vault, utc_now, lambda: os.kill(os.getpid(), signal.SIGKILL))
    print(*listener.start(), flush=True)
    signal.pause()
"""


def test_b49_death_between_storing_and_answering_loses_nothing_and_doubles_nothing(make_rig: MakeRig) -> None:
    rig = small(make_rig, switches={"webhook_retry_seconds": [0.3] * 30})
    program = [sys.executable, "-c", DIES]
    environment = rig.environment | {"IVW_LISTEN": "127.0.0.1:0"}
    with (
        wiring.opened_ledger(rig.settings) as ledger,
        subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        host, port = process.stdout.readline().split()
        site = hooked(rig, ledger, host, int(port))
        moved = somebody(rig)
        name = move(rig, moved)
        assert process.wait(20) == -signal.SIGKILL
        assert site.outcomes() == [None]
        with listening(rig, heals=False, port=int(port)):
            site.answered(1)
            assert site.receive() == 1
        assert site.outcomes() == ["read"]
    assert stage_of(rig, moved) == name
