"""Reads a pipeline and makes renamed stages known everywhere, so that a new name is not taken for a move."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from agent.errors import AgentError, BadAnswer, Stopped
from agent.flows.run import Run, StreamResult
from agent.work import Work
from agent.workable import Listing
from storage import mirror_pipelines, mirror_reads
from storage.ledger import events
from storage.mirror_walks import set_cursor
from storage.records import Candidate

log = logging.getLogger(__name__)
T = TypeVar("T")
PIPELINE = "pipeline:"  # name of the cursor, followed by the job's shortcode


class PipelineRead(msgspec.Struct):
    """When a job's pipeline was read, and the job's `updated_at` then."""

    read_at: datetime
    job_updated_at: datetime | None


def store_pipeline(work: Work, shortcode: str, job_updated_at: datetime | None) -> StreamResult:
    """Read the pipeline of a job, or with '' the account's default, and store it.

    The ledger learns of renamed stages inside the mirror's transaction: a crash repeats both.
    """
    stages = whole(work.workable.job_stages(shortcode) if shortcode else work.workable.stages(), "stages")
    mark = msgspec.json.encode(PipelineRead(work.now(), job_updated_at)).decode()
    with work.tools.mirror.transaction() as mirror:
        change = mirror_pipelines.replace_pipeline(mirror, work.account_id, shortcode, stages, now=work.now())
        if shortcode:
            set_cursor(mirror, work.account_id, PIPELINE + shortcode, mark, now=work.now())
        with work.ledger_write() as ledger:
            names = {renamed.old: renamed.new for renamed in change.renamed}
            events.rename_stages(ledger, work.account_id, shortcode, names)
    return StreamResult(len(change.renamed) + len(change.gone) + len(change.added), len(stages))


def learn_new_stages(run: Run, rows: Sequence[Candidate]) -> None:
    """Read the pipeline of each job in which a candidate stands at a stage that is not known there.

    Each job is read at most once in a run; a stage that stays unknown is no error, and one job that cannot
    be read keeps nobody else from being read.
    """
    work = run.work
    places = {(c.job_shortcode, c.stage_name): c for c in rows if c.job_shortcode not in run.pipelines_read}
    if not places:
        return
    with work.tools.mirror.transaction() as tx:
        unknown = mirror_pipelines.jobs_with_unknown_stage(tx, work.account_id, [*places.values()])
        updated = {job.shortcode: job.updated_at for job in mirror_reads.jobs(tx, work.account_id)}
    for shortcode in sorted(unknown):
        run.pipelines_read.add(shortcode)
        try:
            store_pipeline(work, shortcode, updated.get(shortcode))
        except AgentError as error:
            if isinstance(error, Stopped) or error.code == "token_refused":
                raise
            log.warning("%s: stages of job %s: %s", work.account_id, shortcode, error.sentence)


def whole(listing: Listing[T], what: str) -> Listing[T]:
    """The list, unless rows of it could not be read: what is missing from it must not be taken for gone."""
    if listing.bad_rows:
        raise BadAnswer(f"{listing.bad_rows} of the {what} that Workable sent could not be read.")
    return listing
