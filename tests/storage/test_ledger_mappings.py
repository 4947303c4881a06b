"""Stage mappings: versions, the job's own over the account's, and what each leaves in the audit trail."""

from datetime import datetime

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from storage import reads
from storage.ledger import board, mappings, schema
from storage.ledger.board import BoardJob, BoardStage
from storage.ledger.database import Ledger
from storage.ledger.mappings import MappingProblem
from tests.storage.ledgers import NOON, after, audit_actions, rows, size

JOBS = [
    BoardJob("J1", "Baker", "published", None, is_sample=False, candidates=3, stage_counts={"Applied": 3})
]
STAGES = [
    BoardStage(job, f"s{position}", name.lower(), name, "interview", position)
    for job in ("", "J1")
    for position, name in enumerate(("Applied", "Interview", "Offer"))
]


def save(tx: Connection, job: str, stage_id: str | None, at: datetime) -> None:
    board.replace(tx, "acme", JOBS, STAGES)
    mappings.save(tx, "acme", job, stage_id, actor="ann@example.com", now=at)


def test_b01_a_saved_mapping_counts_from_the_moment_it_is_saved(ledger: Ledger) -> None:
    with ledger.write() as tx:
        save(tx, mappings.DEFAULT, "s1", NOON)
        current = reads.current_mappings(tx, "acme")[""]
    assert (current.stage_name, current.active_from, current.saved_by) == (
        "Interview",
        NOON,
        "ann@example.com",
    )


def test_every_version_is_kept_and_one_is_current(ledger: Ledger) -> None:
    with ledger.write() as tx:
        save(tx, "J1", "s1", NOON)
        save(tx, "J1", "s2", after(1))
        save(tx, "J1", None, after(2))
        kept = [(m["version"], m["stage_name"], m["replaced_at"]) for m in rows(tx, schema.mappings)]
    assert kept == [(1, "Interview", after(1)), (2, "Offer", after(2)), (3, None, None)]


def test_a_job_that_follows_the_default_again_goes_on_counting_its_versions(ledger: Ledger) -> None:
    with ledger.write() as tx:
        save(tx, "", "s1", NOON)
        save(tx, "J1", "s2", NOON)
        mappings.follow_default(tx, "acme", "J1", actor="bob@example.com", now=after(1))
        assert reads.current_mappings(tx, "acme").keys() == {""}
        save(tx, "J1", "s2", after(2))
        assert reads.current_mappings(tx, "acme")["J1"].version == 2


def test_each_act_is_in_the_audit_trail_and_an_empty_one_is_not(ledger: Ledger) -> None:
    with ledger.write() as tx:
        save(tx, "J1", "s1", NOON)
        for minute in (1, 2):
            mappings.follow_default(tx, "acme", "J1", actor="bob@example.com", now=after(minute))
        assert audit_actions(tx) == [
            ("ann@example.com", "mapping.saved"),
            ("bob@example.com", "mapping.follows_default"),
        ]
        assert rows(tx, schema.audit)[0]["detail"] == {"job": "J1", "stage": "Interview", "version": 1}


@pytest.mark.parametrize(("job", "where"), [("J1", "job J1"), ("", "the default pipeline")])
def test_b09_a_stage_that_is_gone_is_refused_and_the_current_mapping_stays(
    ledger: Ledger, job: str, where: str
) -> None:
    with ledger.write() as tx:
        save(tx, job, "s1", NOON)
        with pytest.raises(MappingProblem) as problem:
            save(tx, job, "s9", after(1))
        assert reads.current_mappings(tx, "acme")[job].version == 1
        assert size(tx, schema.audit) == 1
    assert str(problem.value) == f"That stage is no longer in {where}. Reload the page and choose again."


def test_two_mappings_of_a_job_cannot_be_current_at_once(ledger: Ledger) -> None:
    with ledger.write() as tx:
        save(tx, "J1", "s1", NOON)
    again = {"job_shortcode": "J1", "version": 2, "active_from": NOON, "saved_at": NOON, "saved_by": "x"}
    with pytest.raises(IntegrityError), ledger.write() as tx:
        tx.execute(schema.mappings.insert().values(account_id="acme", **again))


def test_the_board_is_made_equal_to_what_is_given_for_its_account_only(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for account_id in ("acme", "globex"):
            board.replace(tx, account_id, JOBS, STAGES)
        board.replace(tx, "acme", [], STAGES[:1])
        assert reads.jobs(tx, "acme") == []
        assert [s["name"] for s in reads.pipelines(tx, "acme")[""]] == ["Applied"]
        assert [job["title"] for job in reads.jobs(tx, "globex")] == ["Baker"]


def test_an_equal_board_is_not_written_again(ledger: Ledger) -> None:
    with ledger.write() as tx:
        board.replace(tx, "acme", JOBS, STAGES)
        before = tx.connection.total_changes
        board.replace(tx, "acme", list(reversed(JOBS)), list(reversed(STAGES)))
        assert tx.connection.total_changes == before


def test_comments_that_nobody_could_see_are_refused(ledger: Ledger) -> None:
    with ledger.write() as tx:
        board.replace(tx, "acme", JOBS, STAGES)
        nobody = mappings.Changes(visibility=())
        with pytest.raises(MappingProblem, match=r"Choose among admin.*or 'default'"):
            mappings.save(tx, "acme", "", "s1", nobody, actor="ann@example.com", now=NOON)
        assert mappings.every_current(tx, "acme") == []
