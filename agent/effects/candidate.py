"""Makes a Workable candidate of somebody who began an interview from a job's open link."""

from datetime import datetime

from sqlalchemy import Connection

from agent.effects.change import Change, Context, Receipt
from agent.errors import Refused, UnknownOutcome
from storage.ledger import applicants


def find(ctx: Context) -> Receipt | None:
    """By the address: Workable keeps one candidate for each person and job."""
    given = ctx.effect.payload
    found = ctx.work.workable.find_candidates(given["person"]["email"], given["job_shortcode"], lane=ctx.lane)
    return _created(ctx, found[0].candidate_id) if found else None


def send(ctx: Context) -> Receipt:
    given = ctx.effect.payload
    if (there := find(ctx)) is not None:
        return there
    try:
        candidate_id = ctx.work.workable.create_candidate(
            given["job_shortcode"], given["person"], sourced=given["sourced"], lane=ctx.lane
        )
    except Refused as refusal:
        there = find(ctx) if refusal.status == 422 else None
        if there is None:
            raise
        return there
    if candidate_id is None:
        raise UnknownOutcome("Workable did not tell the new candidate's id. The agent looks for it.")
    return _created(ctx, candidate_id)


def _created(ctx: Context, candidate_id: str) -> Receipt:
    applicant_id = ctx.effect.payload["applicant_id"]

    def note(tx: Connection, _now: datetime) -> None:
        applicants.created(tx, applicant_id, candidate_id)

    return Receipt(candidate_id, note=note)


CHANGE = Change(find, send, needs_live_job=True)
