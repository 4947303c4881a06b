"""Counts requests in the rate limit's whole ten-second windows."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

SECONDS = 10


def whole(times: Sequence[datetime]) -> list[int]:
    """Requests in each window but the first and the last, which the caller did not have to itself.

    Windows without a request count as 0.
    """
    counts = Counter(int(at.timestamp() // SECONDS) for at in times)
    if not counts:
        return []
    return [counts[window] for window in range(min(counts) + 1, max(counts))]
