"""Whether a stage entry leads to an invite, and the reason: the first that applies."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from agent.errors import BadAnswer
from agent.flows.plans import Asking
from agent.rules import triggers
from agent.rules.triggers import Entry
from agent.work import Work
from storage import references
from storage.ledger import decisions, invites, mappings, outbox
from storage.ledger.decisions import Outcome
from storage.ledger.invites import Invite
from storage.ledger.mappings import Rule
from storage.ledger.outbox import EffectKind, EffectState
from storage.mirror_reads import StoredJob
from storage.records import Candidate, Stage

OURS_WITHIN = timedelta(minutes=5)
BEHIND = "behind"  # the code of what only has to arrive
OF_JOBS = ("job_not_live", "job_unknown")
LEFT = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.CONFIRMED)


@dataclass(frozen=True)
class Place:
    """What the mirror knows of a candidate's job; `ahead` is Workable's clock less this machine's.

    `read_at` is Workable's time when jobs were last read, None when they never were.
    """

    job: StoredJob | None
    pipeline: list[Stage]
    ahead: timedelta
    read_at: datetime | None = None

    def is_older(self, at: datetime) -> bool:
        """True when the job may have been opened since it was read."""
        return self.read_at is None or self.read_at < at


@dataclass(frozen=True)
class Case:
    """One entry to decide about, under the rule in force when it happened."""

    work: Work
    candidate: Candidate
    place: Place
    entry: Entry
    rule: Rule

    @property
    def job_shortcode(self) -> str:
        return self.candidate.job_shortcode or ""


@dataclass(frozen=True)
class Verdict:
    """`asking` only with the outcome `asked`."""

    outcome: Outcome
    reason: str
    sentence: str
    asking: Asking | None = None


def verdict_on(tx: Connection, case: Case) -> Verdict:
    """The first reason that applies, in the order in which people would ask."""
    work, job = case.work, case.place.job
    known = decisions.known_as(tx, work.account_id, case.candidate.candidate_id)
    if _is_ours(tx, case, known):
        return _no("ours", "This product moved or made the candidate itself.")
    if case.rule.trigger not in ("both", case.entry.kind):
        return _no("other_trigger", f"Only candidates who are {case.rule.trigger} there are invited.")
    present = mappings.effective(tx, work.account_id, case.job_shortcode)
    if present is None or present.stage is None:
        return _no("switched_off", "The mapping was switched off before this was decided.")
    refusal = triggers.refusal(
        case.candidate, job_state=job.state if job else None, is_sample=job is not None and job.is_sample
    )
    if refusal is not None and refusal.reason in OF_JOBS and case.place.is_older(case.entry.at):
        raise BadAnswer("The job may have been opened since jobs were last read.", code=BEHIND)
    if refusal is not None:
        return _no(refusal.reason, refusal.sentence)
    if case.rule.template_id is None:
        return _no("no_template", "The mapping names no interview template; choose one and invite by hand.")
    return _earlier(tx, case, known) or _in_time(case)


def _earlier(tx: Connection, case: Case, known: list[str]) -> Verdict | None:
    """Somebody invited already is not invited again (B03, B05, B06)."""
    work = case.work
    for invite in invites.of_candidate(tx, work.account_id, known):
        if _never_left(invite):
            continue
        relocated = invite.first_candidate_id != case.candidate.candidate_id
        is_same_job = invite.job_shortcode == case.job_shortcode
        if invite.template_id == case.rule.template_id and (is_same_job or relocated):
            return already(invite.planned_at)
    days = work.account.days_between_invites
    if days is None or case.candidate.email is None:
        return None
    digest = references.email_digest(work.account_id, case.candidate.email)
    last = invites.last_of_email(tx, work.account_id, digest, work.now() - timedelta(days=days))
    if last is None:
        return None
    return _no(
        "invited_elsewhere",
        f"The same e-mail address was invited for job {last.job_shortcode} on {last.planned_at:%d %b %Y}; "
        f"this account invites it once in {days} days.",
    )


def _in_time(case: Case) -> Verdict:
    hours = case.work.settings.invite_age_hours
    if case.work.now() + case.place.ahead - case.entry.at <= timedelta(hours=hours):
        return Verdict("invited", "invited", "Entered the mapped stage.")
    sentence = f"The stage was entered more than {hours} h before this was seen: send the invite or drop it."
    return Verdict("asked", "too_old", sentence, Asking("too_old", sentence))


def _is_ours(tx: Connection, case: Case, known: list[str]) -> bool:
    """Our own move or creation comes back as an entry like any other (B15)."""
    account_id, entry = case.work.account_id, case.entry
    if entry.kind == "created":
        return outbox.has_created(tx, account_id, case.candidate.candidate_id, case.candidate.email)
    moves = [e for e in outbox.of_candidate(tx, account_id, known) if e.kind == EffectKind.MOVE]
    return any(
        effect.state in LEFT
        and effect.sent_at is not None
        and abs(entry.at - case.place.ahead - effect.sent_at) <= OURS_WITHIN
        and effect.payload.get("stage", {}).get("slug") == entry.stage.slug
        for effect in moves
    )


def rounds(tx: Connection, case: Case) -> int:
    """How many invites this interview had before: dropped ones that never left do not keep another out."""
    known = decisions.known_as(tx, case.work.account_id, case.candidate.candidate_id)
    before = invites.of_candidate(tx, case.work.account_id, known)
    return max((invite.round for invite in before if invite.template_id == case.rule.template_id), default=0)


def _never_left(invite: Invite) -> bool:
    return invite.state == "dropped" and invite.invited_at is None


def already(planned_at: datetime | None) -> Verdict:
    when = "" if planned_at is None else f" on {planned_at:%d %b %Y %H:%M} UTC"
    return _no("already_invited", f"Already invited to this interview{when}.")


def _no(reason: str, sentence: str) -> Verdict:
    return Verdict("not_invited", reason, sentence)
