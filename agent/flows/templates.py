"""Keeps the interview templates that the platform has, and tells of mappings whose template is gone."""

from datetime import datetime

from sqlalchemy import Connection

from agent.platform import Platform
from storage.clock import Clock
from storage.ledger import accounts, mappings, problems, templates
from storage.ledger.accounts import AccountState
from storage.ledger.database import Ledger

GONE = "template_gone"


def read(ledger: Ledger, platform: Platform, clock: Clock) -> int:
    """Read them all; how many there are. Needs no agent: a command may do it beside one."""
    found = platform.templates()
    with ledger.write() as tx:
        templates.replace(tx, [(one.template_id, one.name) for one in found], clock())
        gone = {one.template_id: one.name for one in templates.every(tx) if one.gone_at is not None}
        for account in accounts.listing(tx):
            if account.state != AccountState.REVOKED:
                _tell(tx, account.account_id, gone, clock())
    return len(found)


def _tell(tx: Connection, account_id: str, gone: dict[str, str], now: datetime) -> None:
    for rule in mappings.every_current(tx, account_id):
        if rule.stage is None or rule.template_id not in gone:
            problems.resolve(tx, account_id, GONE, subject=rule.job_shortcode, now=now)
            continue
        where = f"Job {rule.job_shortcode}" if rule.job_shortcode else "The account's default mapping"
        sentence = (
            f"{where} invites to {gone[rule.template_id]!r}, which the interview platform no longer has. "
            "Choose another template: until then the platform refuses those invites."
        )
        problems.report(
            tx, account_id, GONE, sentence, subject=rule.job_shortcode, now=now, needs_person=True
        )
