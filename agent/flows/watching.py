"""Keeps the dashboard's numbers moving while a long listing runs."""

import time
from datetime import datetime

from agent.flows import board
from agent.flows.candidates import Progress
from agent.work import Work

EVERY_SECONDS = 5.0


def watching(work: Work) -> Progress:
    """A progress that refreshes the account's figures now and then."""
    refreshed_at = 0.0

    def progress(_rows: int, _newest: datetime | None) -> None:
        nonlocal refreshed_at
        if time.monotonic() - refreshed_at >= EVERY_SECONDS:
            board.refresh(work)
            refreshed_at = time.monotonic()

    return progress
