"""Takes what became of interviews from the platform, and plans what is written back to Workable.

The platform is asked for what has changed; a callback only says that asking is worth while now.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from agent.effects.planning import rule_of
from agent.errors import AgentError, Stopped
from agent.flows.plans import Score, plan_end_note, plan_result
from agent.platform import Interview, Platform, read_callback
from agent.work import Tools
from storage.ledger import inbox, invites, marks, problems
from storage.ledger.invites import Invite

log = logging.getLogger(__name__)
WATERMARK = "platform:interviews"
OVERLAP = timedelta(minutes=5)
FIRST_READS_BACK = timedelta(days=1)
READ_AGAIN_FOR = timedelta(days=1)
ASKED_FOR = timedelta(minutes=2)  # an interview that a callback named, while it cannot be read
FAILURES_AT_ONCE = 3  # after so many the platform itself is taken to be the trouble
EVERYONE = ""  # a problem of no account in particular
BAD_ROWS = "platform_rows"
UNREADABLE = "result_unreadable"  # of an account; the subject is the external id
ENDED = ("completed", "rejected", "expired", "bounced", "cancelled")
WITHOUT_RESULT = ("rejected", "expired", "bounced", "cancelled")


def poll(tools: Tools, platform: Platform) -> int:
    """Read every interview that changed since the last time; how many of ours had news.

    The watermark is the platform's time at the start, and moves when everything was read. While there are
    rows that cannot be read it stays, but never longer than READ_AGAIN_FOR.
    """
    with tools.ledger.read() as tx:
        stored = marks.read(tx, WATERMARK)
    start, news, bad_rows = None, 0, 0
    since = (stored or tools.clock() - FIRST_READS_BACK) - OVERLAP
    for page in platform.changed(since):
        start = start or platform.server_now() or tools.clock()
        bad_rows += page.bad_rows
        with tools.ledger.write() as tx:
            news += sum(take(tx, interview, tools.clock()) for interview in page)
    if start is not None:
        oldest = start - READ_AGAIN_FOR
        with tools.ledger.write() as tx:
            marks.advance(tx, WATERMARK, max(stored or oldest, oldest) if bad_rows else start)
            _show_bad_rows(tx, bad_rows, tools.clock())
    return news


def _show_bad_rows(tx: Connection, bad_rows: int, now: datetime) -> None:
    if not bad_rows:
        problems.resolve(tx, EVERYONE, BAD_ROWS, now=now)
        return
    are = "1 interview" if bad_rows == 1 else f"{bad_rows:,} interviews"
    sentence = (
        f"The interview platform's list has {are} that cannot be read, so news of theirs may be missing. "
        f"Each is asked for again for {READ_AGAIN_FOR // timedelta(hours=1)} hours after it changed."
    )
    log.warning(sentence)
    problems.report(tx, EVERYONE, BAD_ROWS, sentence, now=now)


def take_callbacks(tools: Tools, platform: Platform) -> int:
    """Ask for each interview that a callback named; how many had news.

    One that cannot be answered for is tried again next time. Raises only Stopped and what is wrong with the
    platform's token.
    """
    with tools.ledger.read() as tx:
        waiting = inbox.waiting(tx, inbox.PLATFORM, limit=100)
    news, failures = 0, 0
    for message in waiting:
        try:
            news += _take_callback(tools, platform, message)
        except AgentError as error:
            if isinstance(error, Stopped) or error.code == "token_refused":
                raise
            _put_off(tools, message, error)
            failures += 1
        if failures == FAILURES_AT_ONCE:
            break
    return news


def _put_off(tools: Tools, message: inbox.Message, error: AgentError) -> None:
    """What a callback tells of is found by the poll too, so that it is not worth asking for long."""
    log.warning("a callback about interview %s: %s", message.resource_id, error.sentence)
    if tools.clock() - message.received_at >= ASKED_FOR:
        _done(tools, message, "left_to_poll")


def _take_callback(tools: Tools, platform: Platform, message: inbox.Message) -> bool:
    try:
        interview_id = read_callback(message.body)[0]
    except AgentError:
        _done(tools, message, "unreadable")
        return False
    with tools.ledger.read() as tx:
        invite = invites.by_interview_id(tx, interview_id)
    found = None if invite is None else platform.find(invite.external_id)
    if found is None:
        _done(tools, message, "unknown")  # the next look at the platform knows whether it is ours
        return False
    with tools.ledger.write() as tx:
        has_news = take(tx, found, tools.clock())
        inbox.done(tx, message.inbox_id, "read", tools.clock())
    return has_news


def _done(tools: Tools, message: inbox.Message, outcome: str) -> None:
    with tools.ledger.write() as tx:
        inbox.done(tx, message.inbox_id, outcome, tools.clock())


def take(tx: Connection, interview: Interview, now: datetime) -> bool:
    """Note what became of an interview of ours and plan what follows from it; False when it is no news."""
    invite = _ours(tx, interview)
    if invite is None or not _is_news(invite, interview):
        return False
    rule = rule_of(tx, invite)
    invites.update(tx, invite.invite_id, **_told(invite, interview, now))
    _show_whether_readable(tx, invite, interview, now)
    if interview.result is not None and interview.revision > invite.revision and rule is not None:
        score = Score(interview.revision, interview.result.score, interview.result.grade)
        plan_result(tx, invite, rule, score, now)
    if interview.status in WITHOUT_RESULT and invite.state != interview.status:
        plan_end_note(tx, invite, rule, interview.status, now)
    return True


def _show_whether_readable(tx: Connection, invite: Invite, interview: Interview, now: datetime) -> None:
    """An interview that is over without a result would otherwise look as if nobody had to do anything."""
    lacks = interview.result is None and interview.revision > invite.revision
    if interview.status != "completed" or not lacks:
        problems.resolve(tx, invite.account_id, UNREADABLE, subject=invite.external_id, now=now)
        return
    sentence = (
        f"The interview {interview.interview_id} of candidate {invite.candidate_id} is completed, but its "
        f"result (revision {interview.revision}) is missing or cannot be read, so nothing was written from "
        f"it. Ask the interview platform to send the result of {invite.external_id} again."
    )
    problems.report(
        tx, invite.account_id, UNREADABLE, sentence, subject=invite.external_id, now=now, needs_person=True
    )


def _ours(tx: Connection, interview: Interview) -> Invite | None:
    if interview.external_id is None:
        return None
    return invites.by_external_id(tx, interview.external_id)


def _is_news(invite: Invite, interview: Interview) -> bool:
    """An older page may be read after a newer one."""
    if invite.platform_updated_at is None or interview.updated_at > invite.platform_updated_at:
        return True
    return interview.revision > invite.revision and interview.result is not None


def _told(invite: Invite, interview: Interview, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {
        "state": interview.status,
        "interview_id": interview.interview_id,
        "platform_updated_at": interview.updated_at,
        "delivered_at": interview.delivered_at or invite.delivered_at,
        "opened_at": interview.opened_at or invite.opened_at,
        "bounced_at": interview.bounced_at or invite.bounced_at,
        "invited_at": invite.invited_at or now,
    }
    if interview.status in ENDED:
        told["ended_at"] = invite.ended_at or now
    if interview.result is not None and interview.revision > invite.revision:
        told |= {
            "result": msgspec.to_builtins(interview.result),
            "revision": interview.revision,
            "score": interview.result.score,
            "grade": interview.result.grade,
        }
    return told
