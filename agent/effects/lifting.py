"""Ends what holds many effects back once its reason is gone: the hourly cap, a platform that refuses."""

from sqlalchemy import Connection

from agent.effects import checks, settling
from agent.effects.table import CHANGES
from agent.work import Work
from storage.ledger import holding, problems
from storage.ledger.outbox import EffectKind

OF_PLATFORM = [kind for kind, change in CHANGES.items() if change.service == "platform"]
CODES = (checks.CAP, settling.PLATFORM_REFUSED)


def lift(work: Work) -> None:
    """Once before each delivery: a cap may have been raised, and what waited may have been dropped."""
    with work.tools.ledger.read() as tx:
        told = {code for code, _subject in holding.open_codes(tx, work.account_id, CODES)}
        over = [code for code in sorted(told) if _is_over(tx, work, code)]
    if not over:
        return
    with work.ledger_write() as tx:
        for code in over:
            problems.resolve(tx, work.account_id, code, now=work.now())
        if checks.CAP in over:
            holding.release_invites(tx, work.account_id, work.now())


def _is_over(tx: Connection, work: Work, code: str) -> bool:
    if code != checks.CAP:
        return not holding.are_under_way(tx, work.account_id, OF_PLATFORM)
    if not holding.are_under_way(tx, work.account_id, [EffectKind.INVITE]):
        return True
    most = checks.most_invites(work)
    no_effect = 0
    until = holding.invite_slot(
        tx, work.account_id, no_effect, most=most, span=checks.CAP_SPAN, now=work.now()
    )
    return until is None
