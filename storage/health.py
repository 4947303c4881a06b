"""How a customer's sync is, in one sentence, judged against its own schedule."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

GRACE = timedelta(seconds=30)
REFUSED = re.compile(r"\brefuse[sd] the token\b")  # a state has no code of its own, only its sentence


class Level(StrEnum):
    """Worst first: this is the order of the overview."""

    FAILING = "failing"
    DEGRADED = "degraded"
    NEW = "new"
    PAUSED = "paused"
    HEALTHY = "healthy"


class Health(msgspec.Struct, frozen=True):
    """`needs_person`: it will not mend by itself."""

    level: Level
    sentence: str
    needs_person: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the judgement rests on. `problem` is the open problem to name first, if there is one."""

    state: str
    state_since: datetime
    state_reason: str | None
    last_run_at: datetime | None
    last_good_at: datetime | None
    next_run_at: datetime | None
    last_change_at: datetime | None
    first_sync_done_at: datetime | None
    candidates: int
    problem: str | None = None
    problem_needs_person: bool = False


def span(seconds: float) -> str:
    """A length of time as people say it.

    >>> span(42), span(180), span(7300), span(200_000)
    ('42 s', '3 min', '2 h', '2 days')
    """
    whole = max(0, int(seconds))
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h")):
        if whole < limit:
            return f"{whole // unit} {name}"
    return f"{whole // 86_400} days"


def clock_time(at: datetime, now: datetime) -> str:
    """The hour for today, else day and month too; always in UTC."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%d %b %H:%M} UTC"


def judge(facts: Facts, now: datetime) -> Health:
    if facts.state == "revoked":
        return Health(Level.PAUSED, f"Revoked {clock_time(facts.state_since, now)}: nothing is synced.")
    if facts.state == "reconnect":
        return Health(Level.FAILING, f"Reconnect: {_refusal(facts, now)}", True)
    if facts.problem and facts.problem_needs_person:
        return Health(Level.FAILING, facts.problem, True)
    return _late(facts, now) or _working(facts, now)


def _refusal(facts: Facts, now: datetime) -> str:
    """For a token that is refused as a whole, since when; otherwise what else is wrong with it."""
    if facts.state_reason and not REFUSED.search(facts.state_reason):
        return facts.state_reason
    return f"Workable refuses the token since {clock_time(facts.state_since, now)}."


def _late(facts: Facts, now: datetime) -> Health | None:
    """One interval missed is late, two are a failure: the agent is probably not running."""
    if facts.last_run_at is None or facts.next_run_at is None:
        return None
    interval = max(facts.next_run_at - facts.last_run_at, timedelta(seconds=1))
    overdue = now - facts.next_run_at - GRACE
    if overdue < interval:
        return None
    since = facts.last_good_at or facts.last_run_at
    ago = span((now - since).total_seconds())
    if overdue < 2 * interval:
        return Health(Level.DEGRADED, f"Late: last good sync {ago} ago.")
    return Health(Level.FAILING, f"Not syncing: last good sync {ago} ago. Is the agent running?", True)


def _working(facts: Facts, now: datetime) -> Health:
    if facts.problem:
        return Health(Level.DEGRADED, facts.problem)
    if facts.last_run_at is None:
        return Health(Level.NEW, "Connected: waiting for the first sync.")
    if facts.first_sync_done_at is None:
        return Health(Level.NEW, f"First sync: {facts.candidates:,} candidates so far.")
    if facts.last_change_at is None:
        return Health(Level.HEALTHY, "Healthy: no change in Workable seen yet.")
    ago = span((now - facts.last_change_at).total_seconds())
    return Health(Level.HEALTHY, f"Healthy: last change in Workable {ago} ago.")
