"""When rows that Workable no longer lists may be taken for deleted (behaviours B21)."""

from datetime import datetime, timedelta

from storage.mirror_walks import APART

FEW = 20
SHARE = 0.05


def is_suspicious(missing: int, live_before: int) -> bool:
    """True when so much is gone at once that a person must say whether it is so.

    >>> is_suspicious(20, 30), is_suspicious(21, 1000), is_suspicious(51, 1000)
    (False, False, True)
    """
    return missing > FEW and missing > SHARE * live_before


def sweep_is_due(
    *, listed_at: datetime | None, first_missed_at: datetime | None, every: timedelta, now: datetime
) -> bool:
    """A listing is due once in `every`; sooner, ten minutes on, when the last one missed somebody.

    >>> t = datetime(2026, 1, 1)
    >>> late = t + timedelta(minutes=11)
    >>> sweep_is_due(listed_at=t, first_missed_at=None, every=timedelta(days=1), now=late)
    False
    >>> sweep_is_due(listed_at=t, first_missed_at=t, every=timedelta(days=1), now=late)
    True
    """
    if listed_at is None:
        return False
    wait = APART if first_missed_at is not None and first_missed_at >= listed_at else every
    return now - listed_at >= wait
