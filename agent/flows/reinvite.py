"""Invites a candidate because a person asks for it: once more, or although no stage entry led to it."""

from typing import Any

from agent.budget import Lane
from agent.errors import NotFound, UsageProblem
from agent.flows.decide import callback_url
from agent.flows.plans import Occasion, plan_invite
from agent.rules import triggers
from agent.work import Work
from storage import mirror_pipelines, mirror_reads
from storage.ledger import decisions, invites, mappings
from storage.ledger.invites import OPEN
from storage.ledger.mappings import DEFAULT, Rule
from storage.mirror_reads import StoredJob
from storage.records import Candidate, StageRef


def reinvite(work: Work, candidate_id: str, actor: str) -> tuple[str, dict[str, Any]]:
    """Plan the invite; a sentence for staff and the invite's key. Raises UsageProblem when it cannot be."""
    candidate = _candidate(work, candidate_id)
    job_shortcode = candidate.job_shortcode or ""
    job, stage = _job(work, job_shortcode), _stage(work, candidate)
    refusal = triggers.refusal(
        candidate, job_state=job.state if job else None, is_sample=job is not None and job.is_sample
    )
    if refusal is not None:
        raise UsageProblem(f"Not invited: {refusal.sentence}")
    with work.ledger_write() as tx:
        rule = mappings.effective(tx, work.account_id, job_shortcode)
        if rule is None or rule.template_id is None:
            raise UsageProblem("The job's mapping names no interview template. Choose one, then invite.")
        known = decisions.known_as(tx, work.account_id, candidate.candidate_id)
        before = [i for i in invites.of_candidate(tx, work.account_id, known) if _is_same(i, rule)]
        if any(invite.state in OPEN for invite in before):
            raise UsageProblem("An interview of this candidate is still open. Cancel it first, then invite.")
        occasion = Occasion(
            account_id=work.account_id,
            candidate=candidate,
            job_shortcode=job_shortcode,
            job_title=job.title if job else "",
            rule=rule,
            stage=stage,
            entered_at=work.server_now(),
            round=max((invite.round for invite in before), default=0) + 1,
            actor=actor,
        )
        invite_id = plan_invite(tx, occasion, callback_url=callback_url(work), now=work.now())
    return "The invite is on its way: the platform mails it within seconds.", {"invite_id": invite_id}


def _is_same(invite: invites.Invite, rule: Rule) -> bool:
    return invite.template_id == rule.template_id


def _candidate(work: Work, candidate_id: str) -> Candidate:
    """As Workable has it now: the address may have been mended since it was mirrored (B14)."""
    try:
        return work.workable.candidate(candidate_id, lane=Lane.INVITES)
    except NotFound:
        raise UsageProblem(f"Workable has no candidate {candidate_id} in this account (any more).") from None


def _job(work: Work, shortcode: str) -> StoredJob | None:
    with work.tools.mirror.transaction() as tx:
        return next((j for j in mirror_reads.jobs(tx, work.account_id) if j.shortcode == shortcode), None)


def _stage(work: Work, candidate: Candidate) -> StageRef:
    """Where the candidate stands: ratings are bound to a stage."""
    with work.tools.mirror.transaction() as tx:
        own = mirror_pipelines.pipeline(tx, work.account_id, candidate.job_shortcode or "")
        pipeline = own or mirror_pipelines.pipeline(tx, work.account_id, DEFAULT)
    for stage in pipeline:
        if stage.name == candidate.stage_name:
            return StageRef(stage.stage_id, stage.slug, stage.name)
    return StageRef("", "", candidate.stage_name or "")
