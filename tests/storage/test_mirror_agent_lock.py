"""The lock that lets one agent own the mirror."""

import os
import signal
from pathlib import Path

import pytest

from storage.agent_lock import AgentBusy, AgentLock
from tests.storage.mirrors import started

HOLD = """
import sys
from pathlib import Path
from storage.agent_lock import AgentLock
with AgentLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""

LOOK_ALL_THE_TIME = """
import sys
from pathlib import Path
from storage.agent_lock import AgentLock
lock = AgentLock(Path(sys.argv[1]))
lock.holder()
print("looking", flush=True)
while True:
    lock.holder()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "agent.lock"


def test_a_free_lock_has_no_holder_before_and_after(path: Path) -> None:
    lock = AgentLock(path)
    assert lock.holder() is None

    with lock:
        assert (lock.holder(), AgentLock(path).holder()) == (os.getpid(), os.getpid())
    assert (lock.holder(), AgentLock(path).holder()) == (None, None)


def test_a_second_agent_is_told_who_is_at_work(path: Path) -> None:
    first = started(HOLD, path)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"

    assert AgentLock(path).holder() == first.pid
    with pytest.raises(AgentBusy, match=str(first.pid)), AgentLock(path):
        pass
    first.communicate("done\n")
    assert AgentLock(path).acquire()


def test_a_killed_agent_holds_nothing(path: Path) -> None:
    first = started(HOLD, path)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    first.send_signal(signal.SIGKILL)
    first.communicate()

    assert AgentLock(path).holder() is None
    with AgentLock(path) as lock:
        assert lock.holder() == os.getpid()


def test_who_merely_looks_never_turns_an_agent_away(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    looking = started(LOOK_ALL_THE_TIME, path)
    assert looking.stdout is not None
    assert looking.stdout.readline() == "looking\n"
    try:
        for _ in range(2_000):
            lock = AgentLock(path)
            assert lock.acquire()
            lock.release()
    finally:
        looking.kill()
        looking.communicate()


def test_taking_a_lock_twice_and_giving_it_back_twice_is_harmless(path: Path) -> None:
    lock = AgentLock(path)
    assert lock.acquire()
    assert lock.acquire()
    lock.release()
    lock.release()
    assert lock.holder() is None
