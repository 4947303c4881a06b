"""Reads a pipeline and makes renamed stages known everywhere, so that a new name is not taken for a move."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agent.errors import NotFound
from agent.flows.run import Run, StreamResult
from agent.work import Work
from storage import mirror_catalogue
from storage.ledger import events
from storage.mirror_cursors import set_cursor
from storage.records import Candidate

PIPELINE = "pipeline:"  # name of the cursor, followed by the job's shortcode


class PipelineRead(msgspec.Struct):
    """When a job's pipeline was read, and the job's `updated_at` then."""

    read_at: datetime
    job_updated_at: datetime | None


def store_pipeline(work: Work, shortcode: str, job_updated_at: datetime | None) -> StreamResult:
    """Read the pipeline of a job, or with '' the account's default, and store it.

    The ledger learns of renamed stages inside the mirror's transaction: a crash repeats both.
    """
    stages = list(work.workable.job_stages(shortcode) if shortcode else work.workable.stages())
    mark = msgspec.json.encode(PipelineRead(work.now(), job_updated_at)).decode()
    with work.tools.mirror.transaction() as mirror:
        change = mirror_catalogue.replace_pipeline(
            mirror, work.account_id, shortcode, stages, now=work.now()
        )
        if shortcode:
            set_cursor(mirror, work.account_id, PIPELINE + shortcode, mark, now=work.now())
        with work.ledger_write() as ledger:
            for renamed in change.renamed:
                events.rename_stage(ledger, work.account_id, shortcode, renamed.old, renamed.new)
    return StreamResult(len(change.renamed) + len(change.gone) + len(change.added), len(stages))


def learn_new_stages(run: Run, rows: Sequence[Candidate]) -> None:
    """Read the pipeline of each job in which a candidate stands at a stage that is not known there.

    Each job is read at most once in a run; a stage that stays unknown is no error.
    """
    places = {(c.job_shortcode, c.stage_name) for c in rows if c.job_shortcode and c.stage_name}
    places = {place for place in places if place[0] not in run.pipelines_read}
    if not places:
        return
    work = run.work
    with work.tools.mirror.transaction() as tx:
        known = mirror_catalogue.known_stage_names(tx, work.account_id)
        updated = {job.shortcode: job.updated_at for job in mirror_catalogue.jobs(tx, work.account_id)}
    for shortcode in sorted({job for job, stage in places if job and (job, stage) not in known}):
        run.pipelines_read.add(shortcode)
        try:
            store_pipeline(work, shortcode, updated.get(shortcode))
        except NotFound:  # the job went between the listing and now; its candidates will follow
            continue
