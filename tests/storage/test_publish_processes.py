"""Publishing among other processes: readers that hold on, analysts that would write, and deaths at any step."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.mirror import Mirror
from storage.publish import publish
from storage.published import open_published
from tests.storage.mirrors import NOW, candidate, rows, said, started, take

STEPS = ("copied", "written", "sealed", "renamed", "linked", "pruned")

DIE_AT = """
import os, signal, sys
from pathlib import Path
from storage.mirror import Mirror
from storage.publish import publish
from tests.storage.mirrors import NOW, candidate, take

def die(step):
    if step == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

mirror = Mirror(Path(sys.argv[1]))
take(mirror, candidate(2))
publish(mirror, Path(sys.argv[2]), reports={}, comments={}, now=NOW, keep=1, on_step=die)
"""

READ = """
import sys
from pathlib import Path
from storage.published import open_published
connection = open_published(Path(sys.argv[1]))
def count():
    print(connection.execute("SELECT count(*) FROM workable.candidates").fetchone()[0], flush=True)
count()
sys.stdin.readline()
count()
"""

READ_ALL_THE_TIME = """
import sys
from pathlib import Path
from storage.published import open_published
print("reading", flush=True)
seen = []
while not seen or seen[-1] < int(sys.argv[2]):
    with open_published(Path(sys.argv[1])) as connection:
        rows, number = connection.execute("SELECT count(*), max(number) FROM workable.candidates, sync.publication").fetchone()
    assert rows == number, (rows, number)
    seen.append(number)
assert seen == sorted(seen), seen
print("done")
"""

TRY_TO_WRITE = """
import os, sys
import duckdb
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    duckdb.connect("analytics.duckdb")
except duckdb.IOException as error:
    print(error)
print(duckdb.connect("analytics.duckdb", read_only=True).execute("SELECT count(*) FROM workable.candidates").fetchone())
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    take(mirror, candidate(1))
    yield mirror
    mirror.close()


@pytest.fixture
def folder(mirror: Mirror, tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    copy(mirror, folder)
    return folder


def copy(mirror: Mirror, folder: Path, keep: int = 3) -> int:
    return publish(mirror, folder, reports={}, comments={}, now=NOW, keep=keep).number


def count(folder: Path) -> int:
    with open_published(folder) as connection:
        found = connection.execute("SELECT count(*) FROM workable.candidates").fetchone()
    assert found is not None
    return int(found[0])


def test_b27_a_reader_keeps_its_version_while_newer_ones_come_and_it_is_removed(
    mirror: Mirror, folder: Path
) -> None:
    reader = started(READ, folder)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "1\n"
    for n in range(2, 6):
        take(mirror, candidate(n))
        copy(mirror, folder)

    assert not (folder / "workable-1.duckdb").exists()
    assert reader.communicate("go on\n")[0] == "1\n"
    assert count(folder) == 5


def test_b27_readers_that_come_and_go_always_find_one_whole_version(mirror: Mirror, folder: Path) -> None:
    readers = [started(READ_ALL_THE_TIME, folder, 15) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
    for n in range(2, 16):
        take(mirror, candidate(n))
        copy(mirror, folder, keep=1)

    assert [said(reader) for reader in readers] == ["done\n", "done\n"]


def test_b27_a_reader_that_is_killed_leaves_nothing_that_stops_others(mirror: Mirror, folder: Path) -> None:
    reader = started(READ, folder)
    assert reader.stdout is not None
    reader.stdout.readline()
    reader.send_signal(signal.SIGKILL)
    reader.communicate()

    assert count(folder) == 1
    take(mirror, candidate(2))
    assert (copy(mirror, folder), count(folder)) == (2, 2)


def test_b27_opening_for_writing_is_refused_at_once_and_blocks_nobody(mirror: Mirror) -> None:
    # Folders of pytest are closed to other users, so that they would be refused for another reason.
    folder = Path(tempfile.mkdtemp())
    try:
        copy(mirror, folder)
        out = said(started(TRY_TO_WRITE, folder)).splitlines()

        assert "Permission denied" in out[0]
        assert out[-1] == "(1,)"
        assert (copy(mirror, folder), count(folder)) == (2, 1)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("step", STEPS)
def test_a_publisher_killed_at_any_step_leaves_a_whole_version_and_the_next_one_cleans_up(
    mirror: Mirror, folder: Path, step: str
) -> None:
    mirror.close()
    dying = started(DIE_AT, mirror.path, folder, step)
    assert dying.communicate() == ("", "")
    assert dying.returncode == -signal.SIGKILL

    assert count(folder) == (2 if step in {"linked", "pruned"} else 1)
    assert rows(mirror, "SELECT count(*) FROM workable.candidates") == [(2,)]
    spent = [int(p.stem.split("-")[1]) for p in folder.glob("workable-*.duckdb")]
    assert copy(mirror, folder) > max(spent)
    assert count(folder) == 2
    assert not list(folder.glob(".*"))
