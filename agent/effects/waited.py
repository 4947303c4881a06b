"""Looks again at the candidate of an invite that has waited: what was right once may not be now."""

from datetime import timedelta
from typing import Any

import msgspec

from agent.effects.change import Context
from agent.rules import triggers
from storage import mirror_reads
from storage.ledger import mappings
from storage.ledger.audit import SYSTEM
from storage.ledger.outbox import EffectKind
from storage.mirror_reads import StoredCandidate
from storage.records import Candidate

YOUNG = timedelta(minutes=2)  # until then what was planned rests on rows as new as the mirror's
OF_JOBS = ("job_not_live", "job_unknown")  # these wait for the job (behaviours B10)


class Reason(msgspec.Struct, frozen=True):
    """Why the invite must not be sent any more: a word for machines and a sentence for staff."""

    reason: str
    sentence: str


def person(candidate: Candidate) -> dict[str, Any]:
    """The candidate as the platform is told of them."""
    first, last = _names(candidate)
    told = {"first_name": first, "last_name": last, "email": candidate.email, "phone": candidate.phone}
    return {name: value for name, value in told.items() if value is not None}


def _names(candidate: Candidate) -> tuple[str, str]:
    """First and last name; the platform wants both, and some people have only one."""
    first, last = candidate.firstname or "", candidate.lastname or ""
    if not first and not last:
        first, _, last = (candidate.name or "").strip().partition(" ")
    return first or last or "-", last or first or "-"


def refusal(ctx: Context) -> Reason | None:
    """None: the invite may go as far as the candidate and the mapping are concerned."""
    if not _has_waited(ctx):
        return None
    stored = _newer_row(ctx)
    if stored is not None and stored.deleted_at is not None:
        return Reason("deleted", "The candidate was deleted in Workable before the invite was sent.")
    if stored is not None and (found := _refused(ctx, stored.candidate)) is not None:
        return found
    return None if ctx.effect.is_approved or ctx.about.actor != SYSTEM else _switched_off(ctx)


def renewed(ctx: Context) -> Candidate | None:
    """Whose present names and address the body has to carry; None: it stays as it is.

    What was sent once stays the same byte by byte, because its Idempotency-Key stands for it.
    """
    if ctx.effect.kind != EffectKind.INVITE or ctx.effect.attempts or not _has_waited(ctx):
        return None
    stored = _newer_row(ctx)
    return None if stored is None or stored.deleted_at is not None else stored.candidate


def _has_waited(ctx: Context) -> bool:
    effect = ctx.effect
    age = ctx.work.now() - effect.planned_at
    return age > YOUNG or effect.attempts > 0 or effect.reason is not None or effect.is_approved


def _newer_row(ctx: Context) -> StoredCandidate | None:
    """What the mirror has stored since the invite was planned; None when nothing has changed."""
    with ctx.work.tools.mirror.transaction() as tx:
        stored = mirror_reads.candidate(tx, ctx.work.account_id, ctx.candidate_id)
    if stored is None:
        return None
    since = ctx.effect.planned_at
    is_newer = stored.synced_at > since or (stored.deleted_at is not None and stored.deleted_at > since)
    return stored if is_newer else None


def _refused(ctx: Context, candidate: Candidate) -> Reason | None:
    with ctx.work.tools.mirror.transaction() as tx:
        jobs = mirror_reads.jobs(tx, ctx.work.account_id)
    job = next((job for job in jobs if job.shortcode == ctx.about.job_shortcode), None)
    found = triggers.refusal(
        candidate, job_state=job.state if job else None, is_sample=job is not None and job.is_sample
    )
    if found is None or found.reason in OF_JOBS:
        return None
    return Reason(found.reason, found.sentence)


def _switched_off(ctx: Context) -> Reason | None:
    with ctx.work.tools.ledger.read() as tx:
        rule = mappings.effective(tx, ctx.work.account_id, ctx.about.job_shortcode)
    if rule is not None and rule.stage is not None:
        return None
    return Reason("switched_off", "The job's mapping was switched off before the invite was sent.")
