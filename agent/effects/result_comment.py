"""Writes the result to the timeline, with the transcript as its attachment."""

from agent.effects import results, timeline
from agent.effects.change import Change, Context, Receipt
from agent.rules import notes
from agent.workable import Attachment

TRANSCRIPT = "interview-transcript.txt"


def send(ctx: Context) -> Receipt:
    result = results.of(ctx)
    given = ctx.effect.payload
    transcript = notes.transcript_text(result)
    written = ctx.work.workable.comment(
        ctx.candidate_id,
        member_id=ctx.member_id,
        body=notes.result_comment(result, ctx.effect.mark, supersedes=given["supersedes"]),
        policy=given["policy"],
        attachment=Attachment(TRANSCRIPT, transcript.encode()) if result.transcript else None,
        lane=ctx.lane,
    )
    return Receipt(written)


CHANGE = Change(timeline.find, send, by_member=True, needs_live_job=True)
