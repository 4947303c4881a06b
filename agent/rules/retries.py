"""How long to wait before trying again, as a pure function."""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 20.0


def delay(attempt: int, chance: float = 0.5) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): doubling, clamped, spread by +-50 %.

    `chance` is a random number from 0 to 1; it keeps callers that failed together from coming back together.

    >>> [delay(attempt) for attempt in (1, 2, 3, 4)]
    [0.5, 1.0, 2.0, 4.0]
    >>> delay(3, chance=0.0), delay(3, chance=1.0)
    (1.0, 3.0)
    >>> delay(1000)
    20.0
    """
    doublings = min(max(attempt - 1, 0), 30)
    return min(FIRST_SECONDS * 2.0**doublings, LONGEST_SECONDS) * (0.5 + chance)
