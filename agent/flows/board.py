"""Writes the numbers and the small copy of jobs and stages that the dashboard shows."""

from typing import Any

from agent.work import Work
from storage import mirror_catalogue
from storage.ledger import board, runs
from storage.ledger.board import BoardJob, BoardStage


def refresh(work: Work, **status: Any) -> None:
    """Copy counts, jobs and stages from the mirror into the ledger; `status` adds columns of its status row."""
    with work.tools.mirror.transaction() as tx:
        counts = mirror_catalogue.job_counts(tx, work.account_id)
        jobs = mirror_catalogue.jobs(tx, work.account_id)
        stages = mirror_catalogue.stages(tx, work.account_id)
        members = mirror_catalogue.member_count(tx, work.account_id)
    by_job: dict[str, dict[str, int]] = {}
    for count in counts:
        by_job.setdefault(count.job_shortcode or "", {})[count.stage_name or ""] = count.candidates
    shown = [_board_job(job, by_job.get(job.shortcode, {})) for job in jobs]
    pipeline = [
        BoardStage(s.job_shortcode, s.stage.stage_id, s.stage.slug, s.stage.name, s.stage.kind, s.stage.position)
        for s in stages
    ]
    usage = work.budget.snapshot()
    with work.ledger_write() as ledger:
        board.replace(ledger, work.account_id, shown, pipeline)
        runs.set_status(
            ledger,
            work.account_id,
            candidates=sum(sum(stages.values()) for stages in by_job.values()),
            jobs=len(jobs),
            live_jobs=sum(job.state in ("published", "closed") for job in jobs),
            members=members,
            rate_limit=usage.limit,
            rate_allowed=usage.allowed,
            rate_used=usage.used,
            rate_others=usage.others,
            rate_seen_at=work.now(),
            **status,
        )


def _board_job(job: Any, counts: dict[str, int]) -> BoardJob:
    return BoardJob(
        job.shortcode, job.title, job.state, job.department, job.is_sample, sum(counts.values()), counts
    )
