"""Runs things later, on one thread: retries of webhooks, interviews that progress, other people's work."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger("sandbox")


class Workers:
    """A few threads for work that waits on somebody else; what fails there is logged."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=f"sandbox-{name}")

    def submit(self, task: Callable[[], None]) -> None:
        self._pool.submit(task).add_done_callback(_report)

    def close(self) -> None:
        """Waits for what is under way and drops the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _report(future: Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("a delivery failed", exc_info=error)


class Scheduler:
    """Tasks run one after another; a task that fails is logged and does not stop the others."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        with self._wake:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), task))
            self._wake.notify()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="sandbox-later", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for the running task; what is still due is dropped."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                log.exception("a scheduled task failed")

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            while not self._stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._wake.wait(wait)
        return None
