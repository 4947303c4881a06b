"""The daemon as a process of its own: it syncs, takes what staff ask for, and leaves nothing when it ends."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from sandbox.stamps import hex_id
from storage.agent_lock import AgentLock
from storage.ledger.requests import Kind, State
from storage.publish import LINK
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig

TWO = "acme:account,globex:oauth"
OFTEN = {"poll_seconds": 1, "publish_seconds": 1}
PATIENCE = 60.0  # of a very busy machine; what is waited for usually comes within a second


@contextmanager
def _daemon(rig: Rig) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "agent", "run"]
    with subprocess.Popen(command, env=rig.environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def _until(what: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    last = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < last, "it never came"
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the daemon has ended with {process.wait(0.05)}")


def _is_published(rig: Rig) -> bool:
    if not rig.settings.published_dir.joinpath(LINK).exists():
        return False
    return all(rig.live_rows(name) == rig.expected_rows(name) for name in ("acme", "globex"))


def test_a_daemon_mirrors_two_accounts_and_what_changes_in_them(make_rig: MakeRig) -> None:
    rig = make_rig(accounts=TWO, candidates=60, settings=OFTEN)
    with _daemon(rig) as process:
        _until(lambda: _is_published(rig), process)
        for name in ("acme", "globex"):
            account = rig.running.world.account(name)
            account.edit(hex_id(account.ids[1]), {"headline": "Edited meanwhile"})
        _until(lambda: _is_published(rig), process)


def test_a_daemon_takes_a_request_long_before_the_next_poll(make_rig: MakeRig) -> None:
    rig = make_rig(accounts=TWO, candidates=60, settings={"poll_seconds": 3_600})
    with _daemon(rig) as process:
        _until(lambda: len(rig.runs("globex")) > 1, process)
        asked = rig.ask(Kind.TEST_SYNC, "globex")
        _until(lambda: rig.request(asked.request_id).state == State.DONE, process)
        polls = [run for run in rig.runs("globex") if run["kind"] == "sync"]
    assert len(polls) == 1


def test_a_daemon_told_to_end_stops_in_the_middle_of_a_listing_and_leaves_nothing_behind(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(candidates=1_500, settings=OFTEN)
    rig.fault("slow_header", "/candidates$", times=None, params={"seconds": 1})
    with _daemon(rig) as process:
        _until(lambda: sum(one["path"].endswith("/candidates") for one in rig.asked()) > 4, process)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    lock = AgentLock(rig.settings.private_dir / "agent.lock")
    assert lock.acquire()
    lock.release()
    assert all(run["state"] != "running" for run in rig.runs())
    assert list(rig.settings.private_dir.glob("*.wal")) == []
    rig.running.world.faults.clear()
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
