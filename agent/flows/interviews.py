"""One turn of an account's interviews: hints in, decisions made, effects out."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.errors import AgentError, NeedsPerson, Stopped, TryLater
from agent.flows import drift
from agent.flows.decide import decide
from agent.flows.deliver import deliver
from agent.flows.receive import receive
from agent.flows.run import park_if_refused
from agent.work import Work
from storage.ledger import looks, outbox, problems
from storage.ledger.database import LedgerProblem
from storage.mirror_errors import StorageProblem

log = logging.getLogger(__name__)
STEPS: tuple[Callable[[Work], int], ...] = (receive, decide, deliver)
TROUBLE = "interviews_failing"
# A turn ends so that the account's hold on its thread does; what is left is due again at once.
LONGEST_TURN_SECONDS = 30.0
LONGEST_PASS = timedelta(minutes=5)
SOON = timedelta(seconds=20)  # a new candidate settles, and a lost answer is looked for, within that


def turn(work: Work) -> int:
    """Do what is due, until nothing is; the number of steps taken.

    Raises AgentError for what ends the account's turn; a token refused twice parks the account (B28).
    """
    work.budget.has_urgent_work = drift.can_invite(work)
    total, end, trouble = 0, time.monotonic() + LONGEST_TURN_SECONDS, None
    try:
        while time.monotonic() < end and not work.stop.is_set():
            done = 0
            for step in STEPS:
                took, error = _taken(work, step)
                done, trouble = done + took, trouble or error
            total += done
            if not done:
                break
    except NeedsPerson as error:
        park_if_refused(work, error)
        raise
    _tell(work, trouble)
    return total


def _taken(work: Work, step: Callable[[Work], int]) -> tuple[int, AgentError | None]:
    """One step, whose trouble must not keep the others from being taken."""
    try:
        return step(work), None
    except AgentError as error:
        if isinstance(error, Stopped) or error.code == "token_refused":
            raise
        log.warning("%s: %s", work.account_id, error.sentence)
        return 0, error
    except (LedgerProblem, StorageProblem):
        raise
    except Exception:
        log.exception("%s: an error of the agent's own in %s", work.account_id, step.__name__)
        return 0, AgentError(f"The agent met an error of its own in '{step.__name__}'; see its log.")


def _tell(work: Work, trouble: AgentError | None) -> None:
    with work.ledger_write() as tx:
        if trouble is None:
            problems.resolve(tx, work.account_id, TROUBLE, now=work.now())
        else:
            problems.report(
                tx, work.account_id, TROUBLE, trouble.sentence,
                now=work.now(), needs_person=not isinstance(trouble, TryLater),
            )  # fmt: skip


def turn_to_end(work: Work) -> None:
    """Turns until nothing is due soon: what a pass does that is followed by another only much later."""
    end = work.now() + LONGEST_PASS
    while not work.stop.is_set() and work.now() < end:
        turn(work)
        next_step = due_soon(work)
        if next_step is None:
            return
        work.stop.wait(max((next_step - work.now()).total_seconds(), 0.0))


def due_soon(work: Work) -> datetime | None:
    """When the next step is due, if that is worth waiting for."""
    with work.tools.ledger.read() as tx:
        times = (looks.next_due(tx, work.account_id), outbox.next_due(tx, work.account_id))
    soon = [at for at in times if at is not None and at <= work.now() + SOON]
    return min(soon, default=None)
