"""Health: the one sentence that staff read for each state of a customer's sync."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.health import Facts, Health, Level, clock_time, judge, span
from tests.storage.ledgers import NOON, after


def facts(**given: Any) -> Facts:
    """A sync each minute that ran at noon, as it should; what is given differs."""
    usual: dict[str, Any] = {
        "state": "active",
        "state_since": after(-600),
        "state_reason": None,
        "last_run_at": NOON,
        "last_good_at": NOON,
        "next_run_at": after(1),
        "last_change_at": after(-5),
        "first_sync_done_at": after(-500),
        "candidates": 1234,
    }
    return Facts(**usual | given)


NEVER = {
    "last_run_at": None,
    "last_good_at": None,
    "next_run_at": None,
    "last_change_at": None,
    "first_sync_done_at": None,
}
TROUBLE = {"problem": "The stage Interview is gone.", "problem_needs_person": True}
REFUSAL = "Workable refused the token: it was revoked or has expired. Make a new token and reconnect."
HICCUP = {"problem": "Members could not be read."}

GOLDEN: list[tuple[str, dict[str, Any], float, Health]] = [
    ("as it should be", {}, 0.5, Health(Level.HEALTHY, "Healthy: last change in Workable 5 min ago.")),
    (
        "a quiet account",
        {"last_change_at": None},
        0.5,
        Health(Level.HEALTHY, "Healthy: no change in Workable seen yet."),
    ),
    ("just connected", NEVER, 0.5, Health(Level.NEW, "Connected: waiting for the first sync.")),
    (
        "the first sync",
        {"first_sync_done_at": None},
        0.5,
        Health(Level.NEW, "First sync: 1,234 candidates so far."),
    ),
    ("a part failed", HICCUP, 0.5, Health(Level.DEGRADED, "Members could not be read.")),
    (
        "a person is needed",
        TROUBLE,
        0.5,
        Health(Level.FAILING, "The stage Interview is gone.", needs_person=True),
    ),
    ("a little late", {}, 2.4, Health(Level.HEALTHY, "Healthy: last change in Workable 7 min ago.")),
    ("an interval late", {}, 2.5, Health(Level.DEGRADED, "Late: last good sync 2 min ago.")),
    ("late hides a lesser problem", HICCUP, 2.5, Health(Level.DEGRADED, "Late: last good sync 2 min ago.")),
    (
        "two intervals late",
        {},
        3.5,
        Health(
            Level.FAILING, "Not syncing: last good sync 3 min ago. Is the agent running?", needs_person=True
        ),
    ),
    (
        "runs, but never well",
        {"last_good_at": None},
        180,
        Health(
            Level.FAILING, "Not syncing: last good sync 3 h ago. Is the agent running?", needs_person=True
        ),
    ),
    (
        "a person comes before lateness",
        TROUBLE,
        90,
        Health(Level.FAILING, "The stage Interview is gone.", needs_person=True),
    ),
    (
        "a refused token",
        {"state": "reconnect", "state_since": after(-30), **HICCUP},
        90,
        Health(Level.FAILING, "Reconnect: Workable refuses the token since 11:30 UTC.", needs_person=True),
    ),
    (
        "a refused token with Workable's own reason",
        {"state": "reconnect", "state_since": after(-30), "state_reason": REFUSAL},
        90,
        Health(Level.FAILING, "Reconnect: Workable refuses the token since 11:30 UTC.", needs_person=True),
    ),
    (
        "a token that lacks a scope",
        {"state": "reconnect", "state_since": after(-30), "state_reason": "The token lacks r_jobs."},
        90,
        Health(Level.FAILING, "Reconnect: The token lacks r_jobs.", needs_person=True),
    ),
    (
        "revoked on another day",
        {"state": "revoked", "state_since": after(-24 * 60), **TROUBLE},
        90,
        Health(Level.PAUSED, "Revoked 01 Mar 12:00 UTC: nothing is synced."),
    ),
]


@pytest.mark.parametrize(
    ("given", "minutes", "expected"), [row[1:] for row in GOLDEN], ids=[row[0] for row in GOLDEN]
)
def test_each_state_has_its_sentence(given: dict[str, Any], minutes: float, expected: Health) -> None:
    assert judge(facts(**given), after(minutes)) == expected


def test_lateness_is_measured_against_the_accounts_own_interval() -> None:
    slow = facts(next_run_at=after(60))
    assert judge(slow, after(61)).level == Level.HEALTHY
    assert judge(slow, after(121)).level == Level.DEGRADED
    assert judge(slow, after(181)).level == Level.FAILING


def test_a_next_run_that_is_not_after_the_last_one_still_gives_a_judgement() -> None:
    assert judge(facts(next_run_at=NOON), after(10)).level == Level.FAILING


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"),
        (172_799, "47 h"), (172_800, "2 days"), (864_000, "10 days"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_said_in_its_largest_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOON, "12:00 UTC"),
        (NOON - timedelta(hours=13), "01 Mar 23:00 UTC"),
        (NOON + timedelta(days=365), "02 Mar 12:00 UTC"),
    ],
)
def test_the_day_is_said_unless_it_is_today(at: datetime, said: str) -> None:
    assert clock_time(at, NOON) == said


def test_trouble_comes_first_in_the_overview() -> None:
    assert list(Level) == ["failing", "degraded", "new", "paused", "healthy"]
