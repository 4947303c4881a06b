"""One run of an account: its row in the ledger, its parts, and how it ended."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from agent.errors import AgentError, NeedsPerson, Stopped, TryLater
from agent.work import Work
from storage.ledger import accounts, problems, runs
from storage.ledger.runs import RunState, Tally

log = logging.getLogger(__name__)


@dataclass
class Run:
    """The work with its requests counted, what it has done so far, and the first error met."""

    work: Work
    kind: str
    run_id: int
    tally: Tally = field(default_factory=Tally)
    error: AgentError | None = None
    pipelines_read: set[str] = field(default_factory=set)

    def part(self, stream: str, every_seconds: int, action: Callable[[], "StreamResult"]) -> bool:
        """Do one part; an error of it is recorded and the run goes on, unless the token is refused."""
        self.tally.planned += 1
        try:
            result = action()
        except (NeedsPerson, Stopped) as error:
            if isinstance(error, Stopped) or error.code == "token_refused":
                raise
            self._failed(stream, every_seconds, error)
            return False
        except AgentError as error:
            self._failed(stream, every_seconds, error)
            return False
        self._done(stream, every_seconds, result)
        return True

    @property
    def state(self) -> RunState:
        """How it went so far: what is neither done nor skipped counts as not done."""
        if self.tally.failed + self.tally.unknown == 0:
            return RunState.OK
        return RunState.DEGRADED if self.tally.done else RunState.FAILED

    def skip(self) -> None:
        self.tally.planned += 1
        self.tally.skipped += 1

    def _done(self, stream: str, every_seconds: int, result: "StreamResult") -> None:
        self.tally.done += 1
        now = self.work.now()
        with self.work.ledger_write() as tx:
            runs.stream_completed(
                tx, self.work.account_id, stream, now=now, every_seconds=every_seconds,
                total=result.total, changed=result.changed,
            )  # fmt: skip
            problems.resolve(tx, self.work.account_id, "stream_failing", subject=stream, now=now)
            problems.resolve(tx, self.work.account_id, "forbidden", subject=stream, now=now)

    def _failed(self, stream: str, every_seconds: int, error: AgentError) -> None:
        self.tally.failed += 1
        self.error = self.error or error
        log.warning("%s: %s failed: %s", self.work.account_id, stream, error.sentence)
        person = not isinstance(error, TryLater)
        code = "forbidden" if error.code == "forbidden" else "stream_failing"
        now = self.work.now()
        with self.work.ledger_write() as tx:
            runs.stream_failed(
                tx, self.work.account_id, stream, error.sentence, now=now, every_seconds=every_seconds
            )
            problems.report(
                tx, self.work.account_id, code, error.sentence,
                now=now, subject=stream, needs_person=person,
            )  # fmt: skip


@dataclass(frozen=True)
class StreamResult:
    """What a part brought: rows in the stream now (None: not counted), rows that changed."""

    changed: int = 0
    total: int | None = None


@contextmanager
def running(work: Work, kind: str) -> Iterator[Run]:
    """Open a run and close it with its true state, whatever happens inside.

    A refused token parks the account as "reconnect"; that and every other error is raised again.
    """
    with work.ledger_write() as tx:
        run_id = runs.start(tx, work.account_id, kind, work.tools.agent_id, work.now())
    tally = Tally()
    counted = replace(
        work, workable=work.workable.counting(lambda _method, _template, status, _ms: _count(tally, status))
    )
    run = Run(counted, kind, run_id, tally)
    try:
        yield run
    except Stopped as error:
        _finish(run, RunState.INTERRUPTED, error)
        raise
    except AgentError as error:
        if error.code == "token_refused":
            park(work, error)
        _finish(run, RunState.FAILED, error)
        raise
    except BaseException:
        _finish(run, RunState.FAILED, AgentError("The agent met an error of its own; see its log."))
        raise
    tally.settle()
    _finish(run, run.state, run.error)


def _count(tally: Tally, status: int) -> None:
    """`status` is that of one try; 0 when no answer came."""
    tally.requests += 1
    tally.throttled += status == 429
    tally.retries += status == 0 or status == 429 or status >= 500


def _finish(run: Run, state: RunState, error: AgentError | None) -> None:
    run.tally.settle()
    now = run.work.now()
    with run.work.tools.ledger.write() as tx:
        runs.finish(
            tx, run.run_id, state, run.tally, now=now,
            error_code=error and error.code, error=error and error.sentence,
        )  # fmt: skip


def park(work: Work, error: AgentError) -> None:
    """The token is no good: stop calling Workable for this account until somebody reconnects it (B28)."""
    now = work.now()
    with work.ledger_write() as tx:
        accounts.set_state(tx, work.account_id, accounts.AccountState.RECONNECT, error.sentence, now)
        problems.report(tx, work.account_id, "token_refused", error.sentence, now=now, needs_person=True)
    work.stop.set()
