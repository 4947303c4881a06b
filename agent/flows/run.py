"""One run of an account: its row in the ledger, its parts, and how it ended."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from agent.errors import AgentError, NeedsPerson, Stopped, TryLater
from agent.transport import Try
from agent.work import Work
from storage.ledger import accounts, problems, runs
from storage.ledger.runs import RunState, Tally

log = logging.getLogger(__name__)
NEEDED = ("jobs", "candidates", "listing")


class Cancelled(Exception):
    """Somebody asked for the end of what is being done; what was stored until then stays."""


@dataclass
class Run:
    """The work with its requests counted, what it has done so far, and the first error met.

    `changed` counts rows of all streams that are new or different in the mirror.
    """

    work: Work
    kind: str
    run_id: int
    tally: Tally = field(default_factory=Tally)
    error: AgentError | None = None
    pipelines_read: set[str] = field(default_factory=set)
    changed: int = 0

    def part(self, stream: str, every_seconds: int | None, action: Callable[[], "StreamResult"]) -> bool:
        """Do one part; an error of it is recorded and the run goes on, unless the token is refused.

        `every_seconds` None: it is done once and is no stream that could be late.
        """
        self.tally.planned += 1
        try:
            result = action()
        except AgentError as error:
            if isinstance(error, Stopped) or _ends_all(stream, error):
                raise
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

    def _done(self, stream: str, every_seconds: int | None, result: "StreamResult") -> None:
        self.tally.done += 1
        self.changed += result.changed
        if every_seconds is None:
            return
        now = self.work.now()
        with self.work.ledger_write() as tx:
            runs.stream_completed(
                tx, self.work.account_id, stream, now=now, every_seconds=every_seconds,
                total=result.total, changed=result.changed,
            )  # fmt: skip
            problems.resolve(tx, self.work.account_id, "stream_failing", subject=stream, now=now)
            problems.resolve(tx, self.work.account_id, "forbidden", subject=stream, now=now)

    def _failed(self, stream: str, every_seconds: int | None, error: AgentError) -> None:
        self.tally.failed += 1
        self.error = self.error or error
        log.warning("%s: %s failed: %s", self.work.account_id, stream, error.sentence)
        if every_seconds is None:
            return
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
    counted = replace(work, workable=work.workable.counting(lambda tried: _count(tally, tried)))
    run = Run(counted, kind, run_id, tally)
    try:
        yield run
    except Stopped as error:
        _finish(run, RunState.INTERRUPTED, error)
        raise
    except Cancelled:
        _finish(run, RunState.CANCELLED, None)
        raise
    except AgentError as error:
        if isinstance(error, NeedsPerson):
            park_if_refused(work, error)
        _finish(run, RunState.FAILED, error)
        raise
    except BaseException:
        _finish(run, RunState.FAILED, AgentError("The agent met an error of its own; see its log."))
        raise
    tally.settle()
    _finish(run, run.state, run.error)


def _ends_all(stream: str, error: AgentError) -> bool:
    """True when nothing useful can be read any more: the token, or a right that every sync needs, is gone."""
    return error.code == "token_refused" or (error.code == "forbidden" and stream in NEEDED)


def _is_refused_again(work: Work, error: NeedsPerson) -> bool:
    """One refusal may be a slip at Workable's door; a second one in a row counts."""
    try:
        if error.code == "forbidden":
            for _page in work.workable.candidates(limit=1, updated_after=work.server_now()):
                break
            work.workable.jobs(updated_after=work.server_now())
        work.workable.account()
    except NeedsPerson:
        return True
    except AgentError:
        return False
    return False


def _count(tally: Tally, tried: Try) -> None:
    tally.requests += 1
    tally.throttled += tried.status == 429
    tally.retries += tried.attempt > 1


def _finish(run: Run, state: RunState, error: AgentError | None) -> None:
    run.tally.settle()
    now = run.work.now()
    with run.work.tools.ledger.write() as tx:
        runs.finish(
            tx, run.run_id, state, run.tally, now=now,
            error_code=error.code if error else None, error=error.sentence if error else None,
        )  # fmt: skip


def park_if_refused(work: Work, error: NeedsPerson) -> None:
    """Park the account unless Workable lets the token in after all."""
    if _is_refused_again(work, error):
        park(work, error)


def park(work: Work, error: AgentError) -> None:
    """The token is no good: stop calling Workable for this account until somebody reconnects it (B28).

    An account that was revoked or got a new token meanwhile is left as it is.
    """
    now = work.now()
    with work.ledger_write() as tx:
        present = accounts.get(tx, work.account_id)
        if present.state == accounts.AccountState.ACTIVE and present.token_id == work.account.token_id:
            accounts.set_state(tx, work.account_id, accounts.AccountState.RECONNECT, error.sentence, now)
            problems.report(tx, work.account_id, "token_refused", error.sentence, now=now, needs_person=True)
    work.stop.set()
