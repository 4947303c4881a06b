"""An agent killed in the middle of its batches: what it committed is there, and going on gives the same mirror."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.mirror import Mirror
from storage.mirror_walks import cursor
from tests.storage.mirrors import ACCOUNT, everything, rows, said, started

BATCHES = 12

# Each page moves some of the candidates of the one before; the cursor commits with its page.
READ_PAGES = """
import sys
from pathlib import Path
from storage.mirror import Mirror
from storage.mirror_candidates import upsert_candidates
from storage.mirror_walks import cursor, set_cursor
from tests.storage.mirrors import ACCOUNT, candidate, later

def page(number):
    moved = [candidate(n, stage_name="Interview", updated_at=later(seconds=number)) for n in range(number * 150 - 75, number * 150)]
    return [*moved, *(candidate(n) for n in range(number * 150, number * 150 + 150))]

mirror = Mirror(Path(sys.argv[1]))
with mirror.transaction() as tx:
    done = int(cursor(tx, ACCOUNT, "pages") or 0)
first = max(done - 1, 0) if sys.argv[3:] == ["overlap"] else done
for number in range(first, int(sys.argv[2])):
    with mirror.transaction() as tx:
        upsert_candidates(tx, ACCOUNT, page(number), now=later(minutes=number))
        set_cursor(tx, ACCOUNT, "pages", str(number + 1), now=later(minutes=number))
    print(number + 1, flush=True)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    path = tmp_path_factory.mktemp("undisturbed") / "mirror.duckdb"
    said(started(READ_PAGES, path, BATCHES))
    mirror = Mirror(path)
    yield mirror
    mirror.close()


@pytest.mark.parametrize("seed", range(5))
def test_b02_kill_9_loses_only_the_batch_in_hand_and_reading_on_gives_the_same_rows(
    tmp_path: Path, undisturbed: Mirror, seed: int
) -> None:
    chance = random.Random(seed)
    path = tmp_path / "mirror.duckdb"
    reported = killed_after(path, pages=chance.randrange(1, BATCHES - 1), seconds=chance.uniform(0, 0.06))

    mirror = Mirror(path)
    with mirror.transaction() as tx:
        committed = int(cursor(tx, ACCOUNT, "pages") or 0)
    first_pages = "SELECT count(*), count(DISTINCT candidate_id) FROM workable.candidates"
    assert committed - reported in {0, 1}
    assert rows(mirror, first_pages) == [(75 + 150 * committed,) * 2]
    mirror.close()

    said(started(READ_PAGES, path, BATCHES, "overlap"))
    assert everything(mirror) == everything(undisturbed)
    mirror.close()


def killed_after(path: Path, *, pages: int, seconds: float) -> int:
    """Kills the reader at some moment of the page after `pages`; the last page it had reported by then."""
    reader = started(READ_PAGES, path, BATCHES)
    assert reader.stdout is not None
    for _ in range(pages):
        reader.stdout.readline()
    time.sleep(seconds)  # which moment of the batch is struck is left to chance; any must do
    reader.send_signal(signal.SIGKILL)
    rest, errors = reader.communicate()
    assert errors == ""
    return pages + len(rest.split())
