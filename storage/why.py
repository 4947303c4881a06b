"""Answers in one sentence why a candidate was invited, or was not."""

from datetime import datetime

import msgspec

from storage.ledger.decisions import Decision
from storage.ledger.mappings import Rule

STATES = {
    "pending": "and has not begun the interview yet",
    "started": "and has begun the interview",
    "completed": "and has completed the interview",
    "rejected": "and has declined the interview",
    "expired": "and did not do the interview in time",
    "cancelled": "and the interview was cancelled",
}
SENDING = {
    "sending": "An invite is being sent now.",
    "unknown": "An invite may have been sent: it is looked for on the platform before it is sent again.",
    "waiting": "An invite is due and could not be sent yet; it is tried again by itself.",
}


class Sent(msgspec.Struct, frozen=True):
    """The newest invite; `push_state` and `push_sentence` are of what sends it, if it was planned."""

    state: str
    job: str
    stage: str
    planned_at: datetime
    invited_at: datetime | None
    score: int | None
    push_state: str | None
    push_sentence: str | None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the candidate. `mapped_stage` is the mapped stage's present name, `counts_from` since
    when entries count, `entered_at` when the candidate was last seen to enter it, all None when not so.
    """

    candidate_id: str
    is_known: bool
    is_deleted: bool
    account_state: str
    job: str | None
    stage: str | None
    rule: Rule | None
    mapped_stage: str | None
    counts_from: datetime | None
    entered_at: datetime | None
    invite: Sent | None
    decision: Decision | None
    look_error: str | None
    is_looked_at: bool


def answer(facts: Facts) -> str:
    """The answer that matters most comes alone, except that a candidate is being looked at (again)."""
    if facts.invite is not None:
        return _invited(facts.invite)
    if facts.is_looked_at:
        return _looked_at(facts)
    if facts.decision is not None:
        return _decided(facts.decision)
    return _undecided(facts)


def _invited(invite: Sent) -> str:
    where = f"for reaching “{invite.stage}” in {invite.job}"
    if invite.state == "bounced":
        return f"Invited on {_day(invite.invited_at)} {where}, but the e-mail could not be delivered."
    if invite.state in STATES:
        score = "" if invite.score is None else f" with a score of {invite.score}"
        return f"Invited on {_day(invite.invited_at)} {where}, {STATES[invite.state]}{score}."
    told = f" {invite.push_sentence}" if invite.push_sentence else ""
    if invite.state == "dropped":
        return f"Not invited: the invite {where} was dropped.{told}"
    if invite.push_state == "parked":
        return f"Not invited yet: the invite {where} waits for a person.{told}"
    if invite.push_state == "failed":
        return f"Not invited: the invite {where} could not be sent.{told}"
    planned = f"An invite {where} was planned on {_day(invite.planned_at)} and is about to be sent."
    return SENDING.get(invite.push_state or "", planned) + told


def _looked_at(facts: Facts) -> str:
    before = f"{_decided(facts.decision)} " if facts.decision else ""
    if facts.look_error:
        paused = "the timeline could not be read so far, and without it nothing is decided"
        return f"{before}Not decided yet: {paused}. {facts.look_error}"
    again = "It is being looked at again now." if before else "It is being looked at now; ask again soon."
    return before + again


def _decided(decision: Decision) -> str:
    entered = f"The candidate reached “{decision.stage_name}” on {_day(decision.entered_at)}."
    return f"Not invited. {decision.sentence} {entered}"


def _undecided(facts: Facts) -> str:
    if facts.is_deleted:
        return "The candidate was deleted in Workable; nothing more is known."
    if not facts.is_known:
        return (
            f"No candidate {facts.candidate_id} has been seen in this account. Check the id (the letters and "
            "digits that end the candidate's address in Workable), or wait for the next sync."
        )
    if facts.account_state != "active":
        return "The account is not synced now, so nobody is invited. Connect it again first."
    if facts.job is None:
        return "The candidate belongs to no job (talent pool), and only stages of jobs start interviews."
    return _by_rule(facts)


def _by_rule(facts: Facts) -> str:
    if facts.rule is None or facts.mapped_stage is None or facts.counts_from is None:
        return f"Not invited: no stage of {facts.job} starts an interview. Choose one in the stage mapping."
    since = f"Entries into “{facts.mapped_stage}” count since {_day(facts.counts_from)}"
    if facts.entered_at is not None and facts.entered_at < facts.counts_from:
        return f"Not invited: the candidate reached the stage before that counted. {since}."
    if facts.entered_at is not None:
        return f"Not invited: the timeline shows no entry that counts. {since}."
    if facts.stage == facts.mapped_stage:
        return f"Not invited: the candidate was in the stage when the account was first read. {since}."
    return (
        f"Not invited: the candidate is in “{facts.stage}” and was never seen to reach "
        f"“{facts.mapped_stage}”, which starts the interview."
    )


def _day(at: datetime | None) -> str:
    return "an unknown day" if at is None else f"{at:%d %b %Y %H:%M} UTC"
