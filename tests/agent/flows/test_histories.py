"""Whole histories of many candidates at once: at most one invite each, nobody missed, every decision explained."""

import itertools
from pathlib import Path

import pytest

from storage.ledger import schema
from tests.agent.flows.histories import History
from tests.agent.flows.history_oracle import Oracle
from tests.agent.flows.history_timelines import wrong_timelines
from tests.agent.flows.history_world import opened

PEOPLE = 50  # histories in one world


@pytest.mark.parametrize("seed", range(1, 4))
def test_histories_of_fifty_candidates_end_as_they_should(tmp_path: Path, seed: int) -> None:
    _hold(tmp_path, seed)


def test_b01_where_only_first_syncs_backfills_and_test_syncs_run_nothing_is_decided_or_written(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, seed=5) as scene:
        history = History(scene, 5, people=0)
        history.begin()
        for deed in (history.walk, history.trial, history.walk, history.calm):
            deed()
        assert scene.rig.from_ledger(lambda tx: tx.execute(schema.decisions.select()).all()) == []
        assert scene.rig.from_ledger(lambda tx: tx.execute(schema.effects.select()).all()) == []
        assert scene.rig.interviews() == scene.rig.changes() == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_five_thousand_histories_end_as_they_should(tmp_path: Path, seed: int) -> None:
    _hold(tmp_path, seed)


def _hold(folder: Path, seed: int) -> None:
    with opened(folder, seed) as scene:
        past = History(scene, seed, PEOPLE).tell()
        oracle = Oracle(scene, past)
        decided = scene.rig.from_ledger(lambda tx: tx.execute(schema.decisions.select()).mappings().all())
        wrong = itertools.chain(
            oracle.wrong_decisions([dict(row) for row in decided]),
            oracle.wrong_interviews(),
            oracle.wrong_writes(),
            wrong_timelines(oracle),
        )
        found = "\n".join(wrong)
        assert not found, f"seed {seed}:\n{found}"
