"""Posts a card that is clearly a test on the one candidate that a person named, once however often asked."""

from typing import Any

from agent.errors import AgentError, NeedsPerson, NotFound, UsageProblem
from agent.flows.deliver import deliver
from agent.work import Work
from storage import mirror_reads, references
from storage.ledger import decisions, mappings, outbox
from storage.ledger.outbox import Effect, EffectKind, EffectState, NewEffect, SendLane

SHOWN = 10
ROUNDS = 10
UNDER_WAY = (EffectState.PLANNED, EffectState.SENDING)


def candidates(work: Work) -> list[dict[str, str]]:
    """Some of the candidates in Workable's sample jobs: ids and the titles of their jobs, nothing else."""
    with work.tools.mirror.transaction() as tx:
        found = mirror_reads.sample_candidates(tx, work.account_id, SHOWN)
    return [{"candidate_id": candidate_id, "job_title": title} for candidate_id, title in found]


def post(work: Work, candidate_id: str, actor: str) -> tuple[str, dict[str, Any]]:
    """The card on that candidate's timeline; a sentence for staff and what became of it.

    Raises UsageProblem when Workable has no such candidate, NeedsPerson when somebody has to do something.
    """
    job = _job(work, candidate_id)
    effect, is_new = _planned(work, candidate_id, job, actor)
    if not is_new and effect.state == EffectState.CONFIRMED:
        return _told(effect, f"The sample card was posted before, on {effect.ended_at:%d %b %Y %H:%M} UTC.")
    return _outcome(_delivered(work, effect.effect_id))


def _job(work: Work, candidate_id: str) -> str:
    """The shortcode of the candidate's job, '' in the talent pool."""
    try:
        return work.workable.candidate(candidate_id).job_shortcode or ""
    except NotFound:
        raise UsageProblem(f"Workable has no candidate {candidate_id!r} in this account.") from None


def _planned(work: Work, candidate_id: str, job: str, actor: str) -> tuple[Effect, bool]:
    with work.ledger_write() as tx:
        first, *_ = reversed(decisions.known_as(tx, work.account_id, candidate_id))
        key = references.key(work.account_id, first, EffectKind.SAMPLE_CARD)
        rule = mappings.effective(tx, work.account_id, job)
        policy = None if rule is None or rule.visibility is None else list(rule.visibility)
        new = NewEffect(
            account_id=work.account_id,
            kind=EffectKind.SAMPLE_CARD,
            lane=SendLane.NOTES,
            effect_key=key,
            mark=references.mark(key),
            payload={"policy": policy},
            actor=actor,
            candidate_id=candidate_id,
        )
        is_new = outbox.plan(tx, new, work.now()) is not None
        effect = outbox.by_key(tx, key)
    if effect is None:
        raise AgentError("The sample card was planned and is not there.")
    return effect, is_new


def _delivered(work: Work, effect_id: int) -> Effect:
    """The effect after what is due for the account, this card among it, was sent as far as that goes now."""
    for _ in range(ROUNDS):
        settled = deliver(work)
        with work.tools.ledger.read() as tx:
            effect = outbox.get(tx, effect_id)
        if effect.state not in UNDER_WAY or not settled or work.stop.is_set():
            break
    return effect


def _outcome(effect: Effect) -> tuple[str, dict[str, Any]]:
    if effect.state == EffectState.CONFIRMED:
        return _told(effect, f"The sample card was posted. It ends with the line 'Ref {effect.mark}'.")
    if effect.state in (EffectState.PARKED, EffectState.FAILED, EffectState.CANCELLED):
        why = effect.sentence or "Somebody has given it up."
        raise NeedsPerson(f"The sample card was not posted. {why}", code=effect.reason or effect.state)
    if effect.state == EffectState.UNKNOWN:
        return _told(
            effect, "Workable's answer was lost; the agent looks for the card before it sends it again."
        )
    return _told(effect, f"The sample card is on its way. {effect.sentence or ''}".rstrip())


def _told(effect: Effect, sentence: str) -> tuple[str, dict[str, Any]]:
    figures = {"effect_id": effect.effect_id, "state": effect.state, "candidate_id": effect.candidate_id}
    return sentence, figures
