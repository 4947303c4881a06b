"""A killed agent leaves nothing half done: the next sync gives what an undisturbed one gives."""

import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.account import Account
from sandbox.stamps import hex_id
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig

# Without when we saw it: that differs, all else may not.
REMEMBERED = {
    "candidates": "* EXCLUDE (synced_at, deleted_at)",
    "stage_entries": "* EXCLUDE (seen_at)",
    "candidate_history": "* EXCLUDE (seen_at)",
    "jobs": "* EXCLUDE (synced_at, deleted_at)",
    "stages": "* EXCLUDE (synced_at, deleted_at)",
}
EVENTS = "SELECT candidate_id, job_shortcode, kind, from_stage, to_stage, occurred_at FROM events"
CHAIN = 3  # kills in a row before the sync that is let through
LONGEST_AFTER_REQUEST = 0.2
# Every sync lists everything, besides asking for what changed.
OFTEN = {"sweep_seconds": 1}

# Dies before or after the commit whose number is given (counted in twos), and tells how many there were.
DIE_AT = """
import os, signal, sys
from contextlib import contextmanager
from agent import cli
from agent.flows import storing
from storage.ledger.database import Ledger
from storage.mirror import Mirror

steps = 0
storing.BATCH_ROWS = 100

def step():
    global steps
    steps += 1
    if steps == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

def watched(kind, name):
    whole = getattr(kind, name)

    @contextmanager
    def watch(self):
        with whole(self) as tx:
            yield tx
            step()
        step()

    setattr(kind, name, watch)

watched(Ledger, "write")
watched(Mirror, "transaction")
code = cli.main(["sync"])
print(steps)
sys.exit(code)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_moments_of_first_and_later_syncs_change_nothing(
    make_rig: MakeRig, tmp_path: Path, seed: int
) -> None:
    _compare(make_rig, tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 117))
def test_a_hundred_kills_change_nothing(make_rig: MakeRig, tmp_path: Path, seed: int) -> None:
    _compare(make_rig, tmp_path, seed)


def test_death_at_a_commit_of_a_first_or_later_sync_changes_nothing(
    make_rig: MakeRig, tmp_path: Path
) -> None:
    _die_at_commits(make_rig, tmp_path, most=5)


@pytest.mark.soak
def test_death_at_any_commit_of_a_first_or_later_sync_changes_nothing(
    make_rig: MakeRig, tmp_path: Path
) -> None:
    _die_at_commits(make_rig, tmp_path, most=None)


def _die_at_commits(make_rig: MakeRig, tmp_path: Path, most: int | None) -> None:
    """`most` chosen commits of the first sync and as many of the next; None: all."""
    chance = random.Random(7)
    calm = make_rig(candidates=350, settings=OFTEN)
    for phase in ("first", "incremental"):
        before, after = tmp_path / f"before-{phase}", tmp_path / f"dead-{phase}"
        shutil.copytree(calm.folder, before)
        commits = range(1, 1 + _commits(calm))
        for commit in commits if most is None else chance.sample(commits, most):
            dead = replace(calm, folder=Path(shutil.copytree(before, after)))
            assert _run_to_commit(dead, commit).returncode == -signal.SIGKILL
            dead.turn()
            assert _remembered(dead) == _remembered(calm), f"{phase} sync, step {commit}"
            shutil.rmtree(after)
        _news(calm.running.world.account("acme"), chance)


def _commits(rig: Rig) -> int:
    done = _run_to_commit(rig, 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def _run_to_commit(rig: Rig, commit: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", DIE_AT, str(commit)]
    return subprocess.run(command, env=rig.environment, capture_output=True, text=True, check=False)


def _compare(make_rig: MakeRig, tmp_path: Path, seed: int) -> None:
    """Two agents over one world: one is killed again and again, the other is not."""
    chance = random.Random(seed)
    disturbed = make_rig(candidates=1_500, seed=seed, settings=OFTEN)
    shutil.copytree(tmp_path / "data", tmp_path / "calm")
    calm = replace(disturbed, folder=tmp_path / "calm")
    for _ in ("first", "incremental"):
        calm.forget_requests()
        calm.turn()
        requests = len(calm.asked())
        for _ in range(CHAIN):
            _killed_somewhere(disturbed, chance, requests)
        _let_through(disturbed)
        assert _remembered(disturbed) == _remembered(calm)
        _news(disturbed.running.world.account("acme"), chance)


def _killed_somewhere(rig: Rig, chance: random.Random, requests: int) -> None:
    """A moment is so many requests, and then a while."""
    rig.forget_requests()
    wanted, later = chance.randint(1, requests), chance.uniform(0, LONGEST_AFTER_REQUEST)
    journal = rig.running.world.context.journal
    with rig.start("sync") as agent:
        while len(journal.lines()) < wanted and _is_running(agent, 0.001):
            pass
        _is_running(agent, later)
        agent.kill()


def _is_running(agent: "subprocess.Popen[str]", seconds: float) -> bool:
    try:
        agent.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _let_through(rig: Rig) -> None:
    with rig.start("sync") as agent:
        _, told = agent.communicate()
    assert agent.returncode == 0, told


def _remembered(rig: Rig) -> dict[str, Any]:
    found: dict[str, Any] = {
        table: sorted(rig.mirror(f"SELECT {columns} FROM workable.{table}"), key=repr)
        for table, columns in REMEMBERED.items()
    }
    events = rig.from_ledger(lambda tx: [tuple(row) for row in tx.execute(text(EVENTS))])
    return found | {"events": sorted(events, key=repr), "published": sorted(rig.live_rows().items())}


def _news(acme: Account, chance: random.Random) -> None:
    """As much as a few pages of changes."""
    known = [hex_id(c.id) for c in acme.candidates.values() if c.job is not None and not c.anonymized]
    jobs = [job.shortcode for job in acme.jobs.values() if job.state == "published"]
    for candidate_id in chance.sample(known, 250):
        slug = chance.choice(acme.stages_of(acme.candidate(candidate_id).job)).slug
        acme.move(candidate_id, slug)
    acme.touch(100)
    for _ in range(20):
        acme.create_candidate(chance.choice(jobs))
    acme.relocate(known[7], jobs[0])
    acme.anonymize(known[8])
