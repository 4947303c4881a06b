"""Runs, streams and problems: what is counted, what is never shown as success, and what is over."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from storage import reads
from storage.ledger import problems, runs, schema
from storage.ledger.database import Ledger
from storage.ledger.runs import RunState, Tally
from tests.storage.ledgers import NOON, after, connect, rows

MINUTE = timedelta(minutes=1)


@given(st.lists(st.sampled_from(["done", "skipped", "failed", None]), max_size=20))
def test_b29_what_was_planned_and_never_reported_is_unknown_and_not_done(parts: list[str | None]) -> None:
    tally = Tally(planned=len(parts))
    for part in filter(None, parts):
        setattr(tally, part, getattr(tally, part) + 1)
    tally.settle()
    assert tally.unknown == parts.count(None)
    assert tally.planned == tally.done + tally.skipped + tally.failed + tally.unknown


def test_a_finished_run_keeps_its_numbers(ledger: Ledger) -> None:
    with ledger.write() as tx:
        run_id = runs.start(tx, "acme", "sync", "agent-1", NOON)
        tally = Tally(planned=3, done=2, failed=1, requests=9, rows_read=40)
        runs.finish(
            tx, run_id, RunState.DEGRADED, tally, now=after(1), error_code="timeout", error="Members failed."
        )
        (row,) = reads.runs(tx, "acme")
    assert {name: row[name] for name in msgspec.structs.asdict(tally)} == msgspec.structs.asdict(tally)
    assert (row["state"], row["error_code"], row["error"], row["finished_at"]) == (
        "degraded", "timeout", "Members failed.", after(1),
    )  # fmt: skip


def test_b25_a_run_whose_process_died_says_so(ledger: Ledger) -> None:
    with ledger.write() as tx:
        ended = runs.start(tx, "acme", "sync", "agent-1", NOON)
        runs.finish(tx, ended, RunState.OK, Tally(), now=after(1))
        runs.start(tx, "acme", "sync", "agent-1", after(2))
        runs.interrupt_orphans(tx, after(3))
        newest, oldest = reads.runs(tx, "acme")
    assert (newest["state"], newest["finished_at"]) == ("interrupted", after(3))
    assert newest["error"] == "The process ended in the middle; the next run goes on from there."
    assert (oldest["state"], oldest["error"]) == ("ok", None)


def test_old_runs_are_pruned(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for minute in (0, 10):
            runs.start(tx, "acme", "sync", "agent-1", after(minute))
        assert runs.prune(tx, 5 * MINUTE, after(14)) is False
        assert [row["started_at"] for row in reads.runs(tx, "acme")] == [after(10)]


def test_old_runs_are_pruned_in_slices_oldest_first_until_none_is_left(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PRUNED_AT_ONCE", 2)
    with ledger.write() as tx:
        for minute in (2, 1, 0, 10):
            runs.start(tx, "acme", "sync", "agent-1", after(minute))
        assert runs.prune(tx, 5 * MINUTE, after(14)) is True
        assert [row["started_at"] for row in reads.runs(tx, "acme")] == [after(10), after(2)]
        assert runs.prune(tx, 5 * MINUTE, after(14)) is False
        assert [row["started_at"] for row in reads.runs(tx, "acme")] == [after(10)]


def test_old_runs_are_found_by_their_start_and_not_by_reading_all(ledger: Ledger) -> None:
    with ledger.read() as tx:
        plan = tx.execute(text("EXPLAIN QUERY PLAN SELECT run_id FROM runs WHERE started_at < '2026'")).all()
    assert "runs_by_start" in str(plan)


@pytest.mark.parametrize(
    ("minutes", "gap"),
    [
        ((), None),
        ((0, 60), None),
        ((0, 60, 120), 60),
        ((0, 60, 120, 122, 180), 59),  # one by hand, just after cron's
        ((0, 60, 120, 5000, 5060), 60),  # a long downtime
        ((0, 1, 2, 3, 60, 120, 180, 240), 60),  # the schedule was changed: the oldest do not count
    ],
)
def test_the_usual_gap_between_syncs_is_neither_that_of_a_hand_run_nor_of_a_downtime(
    ledger: Ledger, minutes: tuple[float, ...], gap: float | None
) -> None:
    with ledger.write() as tx:
        for minute in minutes:
            runs.start(tx, "acme", "sync", "agent-1", after(minute))
            runs.start(tx, "acme", "sweep", "agent-1", after(minute + 1))
            runs.start(tx, "globex", "sync", "agent-1", after(minute + 2))
        assert runs.usual_gap(tx, "acme") == (None if gap is None else gap * MINUTE)


def test_a_stream_is_due_when_it_was_not_tried_within_its_interval_so_that_a_failing_one_is_not_hammered(
    ledger: Ledger,
) -> None:
    with ledger.write() as tx:
        assert runs.due(tx, "acme", "members", MINUTE, NOON)
        runs.stream_completed(tx, "acme", "members", now=NOON, every_seconds=60, total=7)
        assert not runs.due(tx, "acme", "members", MINUTE, after(0.9))
        runs.stream_failed(tx, "acme", "members", "No answer.", now=after(0.95), every_seconds=60)
        assert not runs.due(tx, "acme", "members", MINUTE, after(1))
        assert runs.due(tx, "acme", "members", MINUTE, after(2))
        assert runs.due(tx, "globex", "members", MINUTE, NOON)


def failures(tx: Connection) -> int | None:
    return tx.execute(select(schema.streams.c.failures_in_a_row)).scalar()


def test_failures_in_a_row_are_counted_until_it_completes(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for minute in (0, 1):
            runs.stream_failed(tx, "acme", "jobs", "No answer.", now=after(minute), every_seconds=60)
        assert failures(tx) == 2
        runs.stream_completed(tx, "acme", "jobs", now=after(2), every_seconds=60)
        assert failures(tx) == 0


def test_a_completion_that_does_not_know_the_total_keeps_the_known_one(ledger: Ledger) -> None:
    with ledger.write() as tx:
        runs.stream_completed(tx, "acme", "jobs", now=NOON, every_seconds=60, total=7, changed=7)
        runs.stream_completed(tx, "acme", "jobs", now=after(1), every_seconds=60, changed=1)
        (row,) = rows(tx, schema.streams)
    assert (row["rows_total"], row["rows_changed"], row["last_completed_at"]) == (7, 1, after(1))


def test_the_newest_change_is_never_put_back(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
        for minute in (5, 3):
            runs.note_change(tx, "acme", after(minute))
        runs.set_status(tx, "acme", candidates=12)
        status = runs.status(tx, "acme")
    assert (status["last_change_at"], status["candidates"]) == (after(5), 12)


def test_a_problem_seen_again_is_one_problem_with_the_newest_sentence(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for minute, sentence in ((0, "Two stages fit."), (5, "Three stages fit.")):
            problems.report(tx, "acme", "stage", sentence, now=after(minute), subject="J1", needs_person=True)
        (row,) = rows(tx, schema.problems)
    assert (row["sentence"], row["since"], row["last_seen_at"], row["times"]) == (
        "Three stages fit.",
        NOON,
        after(5),
        2,
    )


def test_a_problem_that_comes_back_is_a_new_one(ledger: Ledger) -> None:
    with ledger.write() as tx:
        problems.report(tx, "acme", "stage", "Gone.", now=NOON)
        problems.resolve(tx, "acme", "stage", now=after(1))
        problems.report(tx, "acme", "stage", "Gone.", now=after(2))
        assert [problem.since for problem in reads.open_problems(tx, "acme")] == [after(2)]


def test_problems_are_resolved_by_subject_or_all_of_a_kind_or_all(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for code, subject in (("stage", "J1"), ("stage", "J2"), ("stage", "J3"), ("members", "")):
            problems.report(tx, "acme", code, "Gone.", now=NOON, subject=subject)
        problems.report(tx, "globex", "stage", "Gone.", now=NOON, subject="J1")
        problems.resolve(tx, "acme", "stage", now=after(1), subject="J1")
        assert {p.subject for p in reads.open_problems(tx, "acme")} == {"J2", "J3", ""}
        problems.resolve(tx, "acme", "stage", now=after(1))
        assert {p.code for p in reads.open_problems(tx, "acme")} == {"members"}
        problems.resolve_all(tx, "acme", now=after(1))
        assert [p.account_id for p in reads.open_problems(tx)] == ["globex"]
