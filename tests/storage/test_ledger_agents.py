"""Agents and leases: who lives, who holds an account, and how a sleeper learns that it no longer does."""

from datetime import timedelta

from storage import reads
from storage.ledger import agents, schema
from storage.ledger.agents import ALIVE_FOR, LEASE_FOR
from storage.ledger.database import Ledger
from tests.storage.ledgers import NOON, rows

SECOND = timedelta(seconds=1)
LATER = NOON + LEASE_FOR


def test_an_agent_lives_while_it_reports_and_until_it_stops(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert not reads.agent_is_alive(tx, NOON)
        me = agents.register(tx, "run", NOON)
        assert reads.agent_is_alive(tx, NOON + ALIVE_FOR - SECOND)
        assert not reads.agent_is_alive(tx, NOON + ALIVE_FOR)
        agents.beat(tx, me, NOON + ALIVE_FOR)
        assert reads.agent_is_alive(tx, NOON + ALIVE_FOR)
        agents.stop(tx, me, NOON + ALIVE_FOR)
        assert not reads.agent_is_alive(tx, NOON + ALIVE_FOR)


def test_two_agents_never_have_the_same_name(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert agents.register(tx, "run", NOON) != agents.register(tx, "run", NOON)


def test_an_account_is_held_by_one_agent_at_a_time(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert agents.acquire(tx, "acme", "one", NOON) == 1
        assert agents.acquire(tx, "acme", "two", LATER - SECOND) is None
        assert agents.acquire(tx, "globex", "two", NOON) == 1


def test_b25_the_fence_grows_with_each_change_of_hands_and_only_then(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert agents.acquire(tx, "acme", "one", NOON) == 1
        assert agents.acquire(tx, "acme", "one", LATER) == 1
        assert agents.acquire(tx, "acme", "two", LATER + LEASE_FOR) == 2
        assert agents.acquire(tx, "acme", "one", LATER + 2 * LEASE_FOR) == 3


def test_b25_a_sleepers_fence_no_longer_holds_even_when_it_gets_the_account_back(ledger: Ledger) -> None:
    with ledger.write() as tx:
        before_the_sleep = agents.acquire(tx, "acme", "one", NOON)
        assert before_the_sleep is not None
        assert agents.holds(tx, "acme", "one", before_the_sleep)
        agents.acquire(tx, "acme", "two", LATER)
        assert not agents.holds(tx, "acme", "one", before_the_sleep)
        agents.acquire(tx, "acme", "one", LATER + LEASE_FOR)
        assert not agents.holds(tx, "acme", "one", before_the_sleep)


def test_a_heartbeat_keeps_the_agents_own_accounts(ledger: Ledger) -> None:
    with ledger.write() as tx:
        agents.acquire(tx, "acme", "one", NOON)
        agents.acquire(tx, "globex", "two", NOON)
        agents.beat(tx, "one", LATER - SECOND)
        assert agents.acquire(tx, "acme", "three", LATER) is None
        assert agents.acquire(tx, "globex", "three", LATER) == 2


def test_an_agent_that_stops_leaves_its_accounts_at_once(ledger: Ledger) -> None:
    with ledger.write() as tx:
        agents.acquire(tx, "acme", "one", NOON)
        agents.stop(tx, "one", NOON + SECOND)
        assert agents.acquire(tx, "acme", "two", NOON + SECOND) == 2


def test_a_lone_agent_frees_what_dead_ones_held(ledger: Ledger) -> None:
    with ledger.write() as tx:
        dead = agents.register(tx, "run", NOON)
        agents.acquire(tx, "acme", dead, NOON)
        agents.release_dead(tx, NOON + SECOND)
        assert not agents.alive(tx, NOON + SECOND)
        assert agents.acquire(tx, "acme", "new", NOON + SECOND) == 2
        assert rows(tx, schema.agents)[0]["stopped_at"] == NOON + SECOND
