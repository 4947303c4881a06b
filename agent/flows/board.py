"""Writes the numbers and the small copy of jobs, stages and members that the dashboard shows."""

from typing import Any

from agent.flows.run import Run
from agent.work import Work
from storage import mirror_pipelines, mirror_reads
from storage.ledger import board, runs
from storage.ledger.board import BoardJob, BoardMember, BoardStage
from storage.mirror_reads import StoredJob


def conclude(run: Run, **status: Any) -> None:
    """Write what a poll has to tell; the mirror is looked at only when the poll has changed it."""
    if run.changed:
        refresh(run.work, **status)
        return
    with run.work.ledger_write() as ledger:
        runs.set_status(ledger, run.work.account_id, **_rate(run.work), **status)


def _rate(work: Work) -> dict[str, Any]:
    usage = work.budget.snapshot()
    return {
        "rate_limit": usage.limit,
        "rate_allowed": usage.allowed,
        "rate_used": usage.used,
        "rate_others": usage.others,
        "rate_seen_at": work.now(),
    }


def refresh(work: Work, **status: Any) -> None:
    """Copy from the mirror what is shown; `status` adds columns of the account's status row."""
    with work.tools.mirror.transaction() as tx:
        counts = mirror_reads.job_counts(tx, work.account_id)
        jobs = mirror_reads.jobs(tx, work.account_id)
        pipelines = mirror_pipelines.pipelines(tx, work.account_id)
        members = mirror_reads.members(tx, work.account_id)
    by_job: dict[str, dict[str, int]] = {}
    for count in counts:
        by_job.setdefault(count.job_shortcode or "", {})[count.stage_name or ""] = count.candidates
    shown = [_board_job(job, by_job.get(job.shortcode, {})) for job in jobs]
    stages = [
        BoardStage(shortcode, s.stage_id, s.slug, s.name, s.kind, s.position)
        for shortcode, pipeline in pipelines.items()
        for s in pipeline
    ]
    team = [BoardMember(m.member_id, m.name, m.role, m.is_active) for m in members]
    with work.ledger_write() as ledger:
        board.replace(ledger, work.account_id, shown, stages, team)
        runs.set_status(
            ledger,
            work.account_id,
            candidates=sum(sum(by_stage.values()) for by_stage in by_job.values()),
            jobs=len(jobs),
            live_jobs=sum(job.is_live for job in jobs),
            members=sum(member.is_active for member in members),
            **_rate(work),
            **status,
        )


def _board_job(job: StoredJob, counts: dict[str, int]) -> BoardJob:
    return BoardJob(
        job.shortcode, job.title, job.state, job.department, job.is_sample, sum(counts.values()), counts
    )
