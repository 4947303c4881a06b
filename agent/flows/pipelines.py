"""Reads a pipeline and makes renamed stages known everywhere, so that a new name is not taken for a move."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from agent.errors import AgentError, BadAnswer, Stopped
from agent.work import Work
from agent.workable import Listing
from storage import mirror_pipelines, mirror_reads
from storage.ledger import events
from storage.mirror_pipelines import PipelineChange
from storage.mirror_walks import set_cursor
from storage.records import Candidate, Stage

log = logging.getLogger(__name__)
T = TypeVar("T")
PIPELINE = "pipeline:"  # name of the cursor, followed by the job's shortcode


class PipelineRead(msgspec.Struct):
    """When a job's pipeline was read, and the job's `updated_at` then."""

    read_at: datetime
    job_updated_at: datetime | None


class Pipeline(msgspec.Struct, frozen=True):
    """A pipeline as read; `shortcode` '' is the account's default."""

    shortcode: str
    job_updated_at: datetime | None
    stages: Sequence[Stage]


def read_pipeline(work: Work, shortcode: str, job_updated_at: datetime | None = None) -> Pipeline:
    stages = work.workable.job_stages(shortcode) if shortcode else work.workable.stages()
    return Pipeline(shortcode, job_updated_at, whole(stages, "stages"))


def store_pipelines(work: Work, pipelines: Sequence[Pipeline]) -> int:
    """Store them together; the number of stages that are new, gone or renamed.

    The ledger learns of renamed stages inside the mirror's transaction: a crash repeats both.
    """
    now, changes = work.now(), {}
    with work.tools.mirror.transaction() as mirror:
        for read in pipelines:
            changes[read.shortcode] = mirror_pipelines.replace_pipeline(
                mirror, work.account_id, read.shortcode, read.stages, now=now
            )
            if read.shortcode:
                mark = msgspec.json.encode(PipelineRead(now, read.job_updated_at)).decode()
                set_cursor(mirror, work.account_id, PIPELINE + read.shortcode, mark, now=now)
        _rename_in_ledger(work, changes)
    return sum(len(c.renamed) + len(c.gone) + len(c.added) for c in changes.values())


def _rename_in_ledger(work: Work, changes: Mapping[str, PipelineChange]) -> None:
    renamed = {shortcode: change.renamed for shortcode, change in changes.items() if change.renamed}
    if not renamed:
        return
    with work.ledger_write() as ledger:
        for shortcode, stages in renamed.items():
            events.rename_stages(ledger, work.account_id, shortcode, {s.old: s.new for s in stages})


def learn_new_stages(work: Work, rows: Sequence[Candidate], read: set[str]) -> None:
    """Read the pipeline of each job in which a candidate stands at a stage that is not known there.

    Jobs in `read` are left out, and those looked up are added to it, so that each is read at most once; a
    stage that stays unknown is no error, and one job that cannot be read keeps nobody else from being read.
    """
    places = {(c.job_shortcode, c.stage_name): c for c in rows if c.job_shortcode not in read}
    if not places:
        return
    with work.tools.mirror.transaction() as tx:
        unknown = mirror_pipelines.jobs_with_unknown_stage(tx, work.account_id, [*places.values()])
        updated = {job.shortcode: job.updated_at for job in mirror_reads.jobs(tx, work.account_id)}
    for shortcode in sorted(unknown):
        read.add(shortcode)
        try:
            store_pipelines(work, [read_pipeline(work, shortcode, updated.get(shortcode))])
        except AgentError as error:
            if isinstance(error, Stopped) or error.code == "token_refused":
                raise
            log.warning("%s: stages of job %s: %s", work.account_id, shortcode, error.sentence)


def whole(listing: Listing[T], what: str) -> Listing[T]:
    """The list, unless rows of it could not be read: what is missing from it must not be taken for gone."""
    if listing.bad_rows:
        raise BadAnswer(f"{listing.bad_rows} of the {what} that Workable sent could not be read.")
    return listing
