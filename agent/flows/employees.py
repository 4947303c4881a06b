"""Stores what webhooks tell of employees; they are not polled, so nothing else ever tells of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from agent.webhooks import Envelope
from agent.work import Work
from storage.mirror_employees import CREATED, ONBOARDED, UPDATED, EmployeeEvent, merge_employees

EVENTS = (CREATED, UPDATED, ONBOARDED)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def take(work: Work, envelopes: Sequence[Envelope]) -> int:
    """In the order in which they were fired, whatever the order in which they came; how many were news."""
    ordered = sorted(envelopes, key=lambda one: one.fired_at or LONG_AGO)
    news = [EmployeeEvent(one.resource_id, one.event, one.data) for one in ordered]
    with work.tools.mirror.transaction() as tx:
        return merge_employees(tx, work.account_id, news, now=work.now())
