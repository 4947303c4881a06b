"""One agent process at work: which account does what, in which thread, and what staff asked for.

A slot is one kind of work on one account; it is taken by one thread at a time.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from agent.connections import Connections
from agent.errors import AgentError, Partly, Stopped
from agent.flows import account as turns
from agent.flows import interviews, platform
from agent.flows.candidates import WalkKind
from agent.flows.obey import fail, finish_revoked, obey
from agent.flows.publishing import publish
from agent.flows.run import Run
from agent.flows.watching import watching
from agent.work import Tools
from storage.ledger import accounts, agents, due, inbox, marks, problems, requests, runs
from storage.ledger.accounts import Account, AccountState
from storage.ledger.database import LedgerProblem
from storage.ledger.requests import Kind, Request
from storage.ledger.runs import RunState
from storage.mirror_errors import MirrorDamaged, StorageProblem

log = logging.getLogger(__name__)
Slot = tuple[str, str]
SLOTS = {Kind.BACKFILL: "walk", Kind.CONFIRM_DELETIONS: "walk", Kind.SYNC: "poll"}
ALL_PIPELINES = 1_000_000
PUBLISH: Slot = ("", "publish")
PLATFORM: Slot = ("", "platform")
AFTER_TROUBLE = timedelta(seconds=30)
QUIET_INTERVALS = 10  # a copy in which only the freshness has changed is made this much more seldom
OWN_ERROR = "The agent met an error of its own; its log has the details. Tell whoever looks after it."


@dataclass
class Engine:
    """`stop` ends everything soon. `trouble` is what made the process give up; `ends` how each turn ended."""

    tools: Tools
    stop: threading.Event = field(default_factory=threading.Event)
    trouble: BaseException | None = None
    ends: dict[str, RunState | AgentError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connections = Connections(self.tools)
        many = self.tools.settings.accounts_at_once
        # Threads of their own, so that listings of hours hold up neither polls, nor staff, nor analysts.
        self._polls = ThreadPoolExecutor(many, "poll")
        self._walks = ThreadPoolExecutor(4 * many, "walk")
        self._asked = ThreadPoolExecutor(many, "asked")
        self._interviews = ThreadPoolExecutor(many, "interviews")
        self._platform = ThreadPoolExecutor(1, "platform")
        self._publisher = ThreadPoolExecutor(1, "publish")
        self._busy: dict[Slot, Future[None]] = {}
        self._slots = threading.RLock()  # looking at a slot and taking it is one step
        self._next_poll: dict[str, datetime] = {}
        self._next_look_at_platform: datetime | None = None
        self._rests_until: dict[str, datetime] = {}
        self._woken = threading.Event()
        self._news = threading.Event()
        self._unpublished = threading.Event()
        self._published_at: datetime | None = None

    def now(self) -> datetime:
        return self.tools.clock()

    def wait(self, seconds: float) -> None:
        """Until something has ended, or the time is over."""
        self._woken.wait(seconds)
        self._woken.clear()

    def tell_news(self) -> None:
        """A webhook or a callback has come in: do not wait for the timetable."""
        self._news.set()
        self._woken.set()

    def follow_news(self) -> None:
        if self._news.is_set():
            self._news.clear()
            self.look_at_platform(only_called=True)

    def is_busy(self, slot: Slot | None = None) -> bool:
        with self._slots:
            if slot is None:
                return any(not future.done() for future in self._busy.values())
            future = self._busy.get(slot)
            return future is not None and not future.done()

    def beat(self) -> None:
        with self.tools.ledger.write() as tx:
            agents.beat(tx, self.tools.agent_id, self.now())

    def active_accounts(self) -> list[Account]:
        with self.tools.ledger.read() as tx:
            return [a for a in accounts.listing(tx) if a.state == AccountState.ACTIVE]

    def start_turn(self, account: Account) -> None:
        """Everything an account needs now, one after the other: what a cron line does."""
        self._submit(self._walks, (account.account_id, "walk"), partial(self._turn, account))

    def start_due_polls(self) -> None:
        """Poll each active account whose time has come."""
        every = timedelta(seconds=self.tools.settings.poll_seconds)
        for account in self.active_accounts():
            slot = (account.account_id, "poll")
            if self._next_poll.get(account.account_id, self.now()) > self.now() or self.is_busy(slot):
                continue
            self._next_poll[account.account_id] = self.now() + every
            self._submit(self._polls, slot, partial(self._poll, account, every))

    def start_due_interviews(self) -> None:
        """Let each active account take its next steps in inviting and writing back."""
        with self.tools.ledger.read() as tx:
            waiting = due.accounts_due(tx, self.now())
        for account in self.active_accounts() if waiting else []:
            rests = self._rests_until.get(account.account_id, self.now()) > self.now()
            if account.account_id in waiting and not rests:
                slot = (account.account_id, "interviews")
                self._submit(self._interviews, slot, partial(self._take_steps, account))

    def look_at_platform(self, *, now: bool = False, only_called: bool = False) -> None:
        """Ask the interview platform for news when it is time, or when a callback says that there is some."""
        if self.tools.platform is None:
            return
        with self.tools.ledger.read() as tx:
            called = due.has_callbacks(tx)
        planned = self._next_look_at_platform
        is_time = planned is None or planned <= self.now()
        if now or called or (is_time and not only_called):
            every = timedelta(seconds=self.tools.settings.platform_seconds)
            self._next_look_at_platform = self.now() + every
            action = partial(platform.look, self.tools, self.tools.platform)
            self._submit(self._platform, PLATFORM, action)

    def take_requests(self) -> None:
        """Begin what staff asked for, as far as its slot is free."""
        with self.tools.ledger.read() as tx:
            waiting = requests.queued(tx)
        for request in waiting:
            slot = (request.account_id, SLOTS.get(Kind(request.kind), request.kind))
            with self._slots:
                if self.is_busy(slot):
                    self._tell_it_waits(request)
                elif self._claimed(request):
                    pool = self._walks if slot[1] == "walk" else self._asked
                    self._submit(pool, slot, partial(self._obey, request))

    def _claimed(self, request: Request) -> bool:
        with self.tools.ledger.write() as tx:
            return requests.claim(tx, request.request_id, self.tools.agent_id, self.now())

    def publish_when_due(self) -> None:
        """Publish what has changed, at most once in the set interval; more seldom the mere freshness too."""
        every = timedelta(seconds=self.tools.settings.publish_seconds)
        waited = None if self._published_at is None else self.now() - self._published_at
        if waited is None or waited >= (every if self._unpublished.is_set() else QUIET_INTERVALS * every):
            self._submit(self._publisher, PUBLISH, self.publish)

    def publish(self) -> None:
        self._unpublished.clear()
        self._published_at = self.now()
        publish(self.tools)

    def retire(self) -> None:
        """From now on a click starts an agent of its own; what was asked before is still done here."""
        with self.tools.ledger.write() as tx:
            agents.stop(tx, self.tools.agent_id, self.now())

    def prune(self) -> None:
        kept = timedelta(days=self.tools.settings.keep_runs_days)
        with self.tools.ledger.write() as tx:
            agents.prune(tx, kept, self.now())
        for prune in (runs.prune, inbox.prune):
            has_more = True
            while has_more and not self.stop.is_set():  # a slice a transaction, so that nobody waits long
                with self.tools.ledger.write() as tx:
                    has_more = prune(tx, kept, self.now())

    def close(self) -> None:
        """Stop every wait, let the threads end, and tell that this agent has stopped and what it left."""
        self.stop.set()
        self.connections.stop()
        for pool in (
            self._polls, self._walks, self._asked, self._interviews, self._platform, self._publisher
        ):  # fmt: skip
            pool.shutdown(cancel_futures=True)
        self.connections.close()
        if self.tools.platform is not None:
            self.tools.platform.close()
        with self.tools.ledger.write() as tx:
            requests.release_orphans(tx, self.now())
            agents.stop(tx, self.tools.agent_id, self.now())

    def _submit(self, pool: ThreadPoolExecutor, slot: Slot, action: Callable[[], None]) -> None:
        """Does nothing when the slot is taken."""
        with self._slots:
            if self.stop.is_set() or self.is_busy(slot):
                return
            future = pool.submit(self._guarded, slot, action)
            self._busy[slot] = future
        future.add_done_callback(lambda _done: self._woken.set())

    def _guarded(self, slot: Slot, action: Callable[[], None]) -> None:
        """An error of one account is that account's; an error of the stores ends the process."""
        try:
            action()
        except Stopped as error:
            log.info("%s: %s", slot[0], error.sentence)
        except AgentError as error:
            self.ends[slot[0]] = error
            log.warning("%s: %s", slot[0], error.sentence)
        except (LedgerProblem, StorageProblem) as problem:
            self._give_up(problem)
        except Exception:
            log.exception("%s: an error of the agent's own in %s", *slot)
            self.ends[slot[0]] = AgentError(OWN_ERROR, code="own_error")
            self._report_own_error(slot[0])

    def _give_up(self, problem: LedgerProblem | StorageProblem) -> None:
        """A damaged mirror is marked, so that the next agent puts it aside and reads everything again."""
        if isinstance(problem, MirrorDamaged):
            with self.tools.ledger.write() as tx:
                marks.condemn_mirror(tx)
        self.trouble = problem
        self.stop.set()

    def _report_own_error(self, account_id: str) -> None:
        with self.tools.ledger.write() as tx:
            problems.report(tx, account_id, "own_error", OWN_ERROR, now=self.now(), needs_person=True)

    def _turn(self, account: Account) -> None:
        work = self.connections.work(account)
        ran = [turns.poll(work, every=turns.usual_gap(work), new_at_once=ALL_PIPELINES)]
        interviews.turn_to_end(work)
        if kind := turns.walk_is_due(work):
            ran.append(turns.walk(work, kind, watching(work)))
            interviews.turn_to_end(work)
        elif turns.verify_is_due(work):
            ran.append(turns.verify_all(work))
        self._note_end(account.account_id, ran)

    def _take_steps(self, account: Account) -> None:
        """What is due stays due when a turn fails, so the account rests then."""
        self._rests_until[account.account_id] = self.now() + AFTER_TROUBLE
        if interviews.turn(self.connections.work(account)):
            self._unpublished.set()
        del self._rests_until[account.account_id]

    def _note_end(self, account_id: str, ran: Sequence[Run]) -> None:
        """The account's turn as a whole: failed only if no part of it was done."""
        error = next((run.error for run in ran if run.error), None)
        if error is not None and any(run.tally.done for run in ran):
            error = Partly(error.sentence, code=error.code)
        self.ends[account_id] = error or RunState.OK
        self._resolve_own_error(account_id)
        self._unpublished.set()

    def _resolve_own_error(self, account_id: str) -> None:
        with self.tools.ledger.write() as tx:
            problems.resolve(tx, account_id, "own_error", now=self.now())

    def _poll(self, account: Account, every: timedelta) -> None:
        work = self.connections.work(account)
        run = turns.poll(work, every=every)
        self._resolve_own_error(account.account_id)
        if run.changed:
            self._unpublished.set()
        slot = (account.account_id, "walk")
        if not self.is_busy(slot) and (kind := turns.walk_is_due(work)):
            self._submit(self._walks, slot, partial(self._walk, account, kind))
        elif turns.verify_is_due(work):
            self._submit(self._walks, slot, partial(self._verify, account))

    def _walk(self, account: Account, kind: WalkKind) -> None:
        work = self.connections.work(account)
        turns.walk(work, kind, watching(work))
        self._unpublished.set()

    def _verify(self, account: Account) -> None:
        turns.verify_all(self.connections.work(account))

    def _obey(self, request: Request) -> None:
        try:
            with self.tools.ledger.read() as tx:
                account = accounts.get(tx, request.account_id)
            if request.kind == Kind.REVOKE and account.state == AccountState.REVOKED:
                finish_revoked(self.tools, request)
                return
            work = self.connections.work(account)
        except AgentError as error:
            fail(self.tools, request, error)
            return
        obey(work, request, agent_stops=self.stop)
        self._unpublished.set()

    def _tell_it_waits(self, request: Request) -> None:
        if request.note is None:
            with self.tools.ledger.write() as tx:
                requests.note(tx, request.request_id, "Waits: the account is being read right now.")
