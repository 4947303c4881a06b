"""The inbox keeps each delivery once, in its order, and nothing of it that is about people once it is over."""

from datetime import timedelta

from storage.ledger import due, inbox, schema
from storage.ledger.database import Ledger
from storage.ledger.inbox import Delivery, Source
from tests.storage.ledgers import NOON, after, rows, size


def delivery(digest: str = "d1", account_id: str = "acme", source: Source = "workable") -> Delivery:
    return Delivery(
        source=source, account_id=account_id, event="candidate_moved", resource_id="27270001",
        digest=digest, body=b"{}", received_at=NOON,
    )  # fmt: skip


def test_messages_of_an_account_wait_in_the_order_in_which_they_came(ledger: Ledger) -> None:
    with ledger.write() as tx:
        inbox.put_many(tx, [delivery("d2"), delivery("d9", "globex"), delivery("d1")])
        inbox.put_many(tx, [delivery("d3")])
        first, second = inbox.waiting(tx, "acme", 2)
        assert (first.body, first.received_at, first.event) == (b"{}", NOON, "candidate_moved")
        assert first.inbox_id < second.inbox_id
        assert len(inbox.waiting(tx, "acme", 10)) == 3


def test_a_delivery_is_the_same_only_from_the_same_source_for_the_same_account(ledger: Ledger) -> None:
    with ledger.write() as tx:
        inbox.put_many(tx, [delivery(), delivery(), delivery(account_id="globex")])
        inbox.put_many(tx, [delivery(), delivery(account_id=inbox.PLATFORM, source="platform")])
        assert due.has_callbacks(tx)
        assert due.accounts_due(tx, NOON) == {"acme", "globex"}
        assert size(tx, schema.inbox) == 3


def test_nothing_to_put_is_no_error(ledger: Ledger) -> None:
    with ledger.write() as tx:
        inbox.put_many(tx, [])
        assert size(tx, schema.inbox) == 0


def test_what_is_over_waits_no_more_and_keeps_only_what_came_of_it(ledger: Ledger) -> None:
    with ledger.write() as tx:
        inbox.put_many(tx, [delivery("d1"), delivery("d2")])
        inbox.done(tx, inbox.waiting(tx, "acme", 1)[0].inbox_id, "read", after(1))
        assert len(inbox.waiting(tx, "acme", 10)) == 1
        told = [(row["outcome"], row["handled_at"], row["body"]) for row in rows(tx, schema.inbox)]
    assert told == [("read", after(1), None), (None, None, b"{}")]


def test_what_waits_for_an_account_that_ended_is_dismissed(ledger: Ledger) -> None:
    with ledger.write() as tx:
        inbox.put_many(tx, [delivery("d1"), delivery("d2"), delivery("d3", "globex")])
        inbox.done(tx, 1, "read", NOON)
        inbox.dismiss(tx, "acme", "revoked", after(1))
        assert [row["outcome"] for row in rows(tx, schema.inbox)] == ["read", "revoked", None]
        assert not due.has_callbacks(tx)
        assert due.accounts_due(tx, NOON) == {"globex"}


def test_old_messages_are_pruned_in_slices_and_waiting_ones_never(ledger: Ledger) -> None:
    with ledger.write() as tx:
        inbox.put_many(tx, [delivery(f"d{number}") for number in range(5)])
        for number, minutes in ((1, 0), (2, 0), (3, 0), (4, 30)):
            inbox.done(tx, number, "read", after(minutes))
        assert inbox.prune(tx, timedelta(minutes=20), after(30), limit=2)
        assert not inbox.prune(tx, timedelta(minutes=20), after(30), limit=2)
        assert [row["inbox_id"] for row in rows(tx, schema.inbox)] == [4, 5]
