"""Stores deliveries in the inbox: whatever waits at one moment shares one transaction, and one fsync."""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from storage.clock import Clock
from storage.ledger import hooks, inbox
from storage.ledger.database import Ledger
from storage.ledger.inbox import Delivery

log = logging.getLogger(__name__)
TOGETHER = 200


class _Arrival(msgspec.Struct, frozen=True):
    """A delivery to store, or (None) a refused one to count."""

    account_id: str
    event: str
    delivery: Delivery | None
    stored: "Future[None]"


class Writer:
    """One thread that writes for all requests. `on_news` is called after each commit that may hold news."""

    def __init__(self, ledger: Ledger, clock: Clock, on_news: Callable[[], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._on_news = on_news
        self._waiting: queue.SimpleQueue[_Arrival | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="inbox")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Store what was handed over before, then end."""
        self._waiting.put(None)
        self._thread.join()

    def store(self, delivery: Delivery) -> "Future[None]":
        """Done once the delivery is committed; fails with LedgerProblem when it could not be."""
        return self._hand_over(delivery.account_id, delivery.event, delivery)

    def count_refused(self, account_id: str, event: str) -> None:
        self._hand_over(account_id, event, None)

    def _hand_over(self, account_id: str, event: str, delivery: Delivery | None) -> "Future[None]":
        stored: Future[None] = Future()
        stored.set_running_or_notify_cancel()  # a request that is given up cannot take it back
        arrival = _Arrival(account_id, event, delivery, stored)
        self._waiting.put(arrival)
        return arrival.stored

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while len(batch) < TOGETHER and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    self._waiting.put(None)
                    break
                batch.append(more)
            self._settle(batch)

    def _settle(self, batch: Sequence[_Arrival]) -> None:
        try:
            self._write(batch)
        except Exception as error:  # noqa: BLE001 -- it is raised where the requests wait for it
            log.warning("%d webhooks could not be stored and are asked for again: %s", len(batch), error)
            for arrival in batch:
                arrival.stored.set_exception(error)
            return
        for arrival in batch:
            arrival.stored.set_result(None)

    def _write(self, batch: Sequence[_Arrival]) -> None:
        deliveries = [arrival.delivery for arrival in batch if arrival.delivery is not None]
        came = Counter((a.account_id, a.event) for a in batch if a.delivery is not None)
        refused = Counter((a.account_id, a.event) for a in batch if a.delivery is None)
        now = self._clock()
        with self._ledger.write() as tx:
            inbox.put_many(tx, deliveries)
            for account_id, event in came | refused:
                pair = (account_id, event)
                hooks.count(tx, account_id, event, came=came[pair], refused=refused[pair], now=now)
        if deliveries:
            self._on_news()
