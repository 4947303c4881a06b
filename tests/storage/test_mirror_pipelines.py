"""Pipelines in the mirror: stages added, renamed, gone, and what that does to stored candidates."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from storage.mirror import Mirror
from storage.mirror_pipelines import (
    DEFAULT_PIPELINE,
    PipelineChange,
    Renamed,
    jobs_with_unknown_stage,
    pipeline,
    replace_pipeline,
)
from storage.records import Stage
from tests.storage.mirrors import ACCOUNT, NOW, PIPELINE, candidate, changed, later, rows, take

APPLIED, SCREEN, INTERVIEW = PIPELINE
JOB = "GROOV001"
STAGES = "SELECT candidate_id, stage_name, stage_slug FROM workable.candidates ORDER BY candidate_id"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "private" / "mirror.duckdb")
    yield mirror
    mirror.close()


def replace(mirror: Mirror, stages: Sequence[Stage], job: str = JOB) -> PipelineChange:
    with mirror.transaction() as tx:
        return replace_pipeline(tx, ACCOUNT, job, stages, now=NOW)


def now_in(mirror: Mirror, job: str = JOB) -> list[Stage]:
    with mirror.transaction() as tx:
        return pipeline(tx, ACCOUNT, job)


def stages_of(mirror: Mirror) -> list[tuple[str, str | None]]:
    return [(name, slug) for _, name, slug in rows(mirror, STAGES)]


def test_a_new_pipeline_is_all_added_and_comes_back_in_its_order(mirror: Mirror) -> None:
    assert replace(mirror, PIPELINE[::-1]) == PipelineChange(added=PIPELINE[::-1])
    assert now_in(mirror) == list(PIPELINE)


def test_the_same_pipeline_again_is_no_change(mirror: Mirror) -> None:
    replace(mirror, PIPELINE)

    assert replace(mirror, PIPELINE) == PipelineChange()


def test_a_renamed_stage_is_renamed_in_stored_candidates_and_is_no_move(mirror: Mirror) -> None:
    replace(mirror, PIPELINE)
    take(mirror, candidate(1, stage_name="Phone Screen"), candidate(2), candidate(3, job_shortcode="OTHER"))
    take(mirror, candidate(1, updated_at=later(seconds=1)))

    change = replace(mirror, [changed(APPLIED, name="Inbox"), changed(SCREEN, name="Call"), INTERVIEW])

    renames = (Renamed("11", "Applied", "Inbox"), Renamed("12", "Phone Screen", "Call"))
    assert change == PipelineChange(renamed=renames)
    assert stages_of(mirror) == [("Inbox", "applied"), ("Inbox", "applied"), ("Applied", None)]
    again = candidate(2, stage_name="Inbox", updated_at=later(seconds=2))
    assert take(mirror, again).changed == 1
    entries = "SELECT stage_name, previous_stage_name FROM workable.stage_entries WHERE job_shortcode = ? ORDER BY ALL"
    assert rows(mirror, entries, [JOB]) == [("Call", None), ("Inbox", "Call"), ("Inbox", None)]
    assert rows(mirror, "SELECT candidate_id, field FROM workable.candidate_history") == [
        (candidate(1).candidate_id, "stage_name")
    ]


def test_two_stages_that_swap_their_names_swap_them_in_candidates_too(mirror: Mirror) -> None:
    replace(mirror, PIPELINE)
    take(mirror, candidate(1), candidate(2, stage_name="Phone Screen"))

    replace(mirror, [changed(APPLIED, name="Phone Screen"), changed(SCREEN, name="Applied"), INTERVIEW])

    assert stages_of(mirror) == [("Phone Screen", "applied"), ("Applied", "phone-screen")]


def test_a_rename_is_not_guessed_where_two_stages_shared_the_name(mirror: Mirror) -> None:
    twin = changed(SCREEN, name="Applied")
    replace(mirror, [APPLIED, twin])
    take(mirror, candidate())

    assert replace(mirror, [changed(APPLIED, name="Inbox"), twin]).renamed == ()
    assert stages_of(mirror) == [("Applied", "phone-screen")]


def test_a_stage_that_is_gone_stays_as_deleted_and_may_come_back(mirror: Mirror) -> None:
    replace(mirror, PIPELINE)

    assert replace(mirror, [APPLIED, INTERVIEW]) == PipelineChange(gone=(SCREEN,))
    assert now_in(mirror) == [APPLIED, INTERVIEW]
    gone = "SELECT stage_id, deleted_at IS NOT NULL FROM workable.stages WHERE is_deleted"
    assert rows(mirror, gone) == [("12", True)]
    assert replace(mirror, PIPELINE) == PipelineChange(added=(SCREEN,))
    assert rows(mirror, gone) == []


def test_b21_an_empty_list_of_stages_deletes_nothing(mirror: Mirror) -> None:
    replace(mirror, PIPELINE)

    assert replace(mirror, []) == PipelineChange()
    assert now_in(mirror) == list(PIPELINE)


def test_the_slug_is_that_of_the_jobs_own_stage_else_of_the_default_pipeline(mirror: Mirror) -> None:
    replace(mirror, PIPELINE, DEFAULT_PIPELINE)
    replace(mirror, [changed(APPLIED, slug="applied-here")])

    take(mirror, candidate(1), candidate(2, stage_name="Interview"), candidate(3, stage_name="Unheard of"))

    assert [slug for _, slug in stages_of(mirror)] == ["applied-here", "interview", None]


def test_candidates_that_came_before_their_pipeline_get_their_slug_with_it(mirror: Mirror) -> None:
    take(mirror, candidate(1), candidate(2, job_shortcode="OTHER"))

    replace(mirror, PIPELINE)
    assert [slug for _, slug in stages_of(mirror)] == ["applied", None]
    replace(mirror, PIPELINE, DEFAULT_PIPELINE)
    assert [slug for _, slug in stages_of(mirror)] == ["applied", "applied"]


def test_a_rename_in_the_default_pipeline_leaves_jobs_with_stages_of_their_own_alone(mirror: Mirror) -> None:
    replace(mirror, PIPELINE, DEFAULT_PIPELINE)
    replace(mirror, [changed(APPLIED, stage_id="91")])
    take(mirror, candidate(1), candidate(2, job_shortcode="OTHER"), candidate(3, job_shortcode=None))

    replace(mirror, [changed(APPLIED, name="Inbox"), SCREEN, INTERVIEW], DEFAULT_PIPELINE)

    assert [name for name, _ in stages_of(mirror)] == ["Applied", "Inbox", "Inbox"]


def test_jobs_whose_pipeline_must_be_read_again_are_told_before_rows_are_stored(mirror: Mirror) -> None:
    replace(mirror, PIPELINE)
    page = [
        candidate(1),
        candidate(2, job_shortcode="NEW"),
        candidate(3, job_shortcode=None),
        candidate(4, job_shortcode="NONE", stage_name=None),
    ]

    with mirror.transaction() as tx:
        assert jobs_with_unknown_stage(tx, ACCOUNT, page) == {"NEW"}
        renamed = [*page, candidate(5, stage_name="Inbox")]
        assert jobs_with_unknown_stage(tx, ACCOUNT, renamed) == {"NEW", JOB}
