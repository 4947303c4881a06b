"""Chooses the members of the hiring team in whose name something is written (behaviours B44)."""

from sqlalchemy import Connection

from agent.effects.change import Context
from agent.work import Work
from storage import mirror_acting
from storage.ledger import accounts, mappings, outbox
from storage.ledger.outbox import Effect, EffectKind, EffectState


def members(ctx: Context) -> list[str]:
    """Whom to write as, the best first; a rating goes on in the name of whoever gave it before."""
    with ctx.work.tools.ledger.read() as tx:
        former = _former_rater(tx, ctx.effect)
    job = None if ctx.invite is None else ctx.invite.job_shortcode
    return _usable(ctx.work, [former, *_wished(ctx.work, job)])


def available(work: Work, job_shortcode: str | None) -> list[str]:
    """Whom the mapping and the account name, as far as they are not known to have left."""
    return _usable(work, _wished(work, job_shortcode))


def is_known_active(work: Work, member_id: str) -> bool:
    with work.tools.mirror.transaction() as tx:
        return member_id in mirror_acting.active_members(tx, work.account_id, [member_id])


def _wished(work: Work, job_shortcode: str | None) -> list[str | None]:
    with work.tools.ledger.read() as tx:
        account = accounts.get(tx, work.account_id)
        rule = mappings.effective(tx, work.account_id, job_shortcode or mappings.DEFAULT)
    first, second = (rule.member_id, rule.fallback_member_id) if rule else (None, None)
    return [first or account.member_id, second or account.fallback_member_id]


def _usable(work: Work, wished: list[str | None]) -> list[str]:
    named = list(dict.fromkeys(member for member in wished if member))
    with work.tools.mirror.transaction() as tx:
        gone = mirror_acting.inactive_members(tx, work.account_id, named)
    return [member for member in named if member not in gone]


def _former_rater(tx: Connection, effect: Effect) -> str | None:
    """Workable keeps one rating for each member and stage: another member's would stand beside it."""
    if effect.kind != EffectKind.RATING or effect.invite_id is None:
        return None
    earlier = [
        one.member_id
        for one in outbox.of_invite(tx, effect.invite_id)
        if one.kind == EffectKind.RATING
        and one.revision < effect.revision
        and one.state == EffectState.CONFIRMED
    ]
    return effect.member_id or (earlier[-1] if earlier else None)
