"""One turn of an account's interviews: hints in, decisions made, effects out."""

from datetime import datetime, timedelta

from agent.errors import NeedsPerson
from agent.flows import drift
from agent.flows.decide import decide
from agent.flows.deliver import deliver
from agent.flows.receive import receive
from agent.flows.run import park_if_refused
from agent.work import Work
from storage.ledger import looks, outbox

# A turn ends so that the account's hold on its thread does; what is left is due again at once.
ROUNDS = 20
SOON = timedelta(seconds=20)  # a new candidate settles, and a lost answer is looked for, within that


def turn(work: Work) -> int:
    """Do what is due, until nothing is; the number of steps taken.

    Raises AgentError for what ends the account's turn; a token refused twice parks the account (B28).
    """
    total, work.budget.has_urgent_work = 0, drift.can_invite(work)
    try:
        for _ in range(ROUNDS):
            done = receive(work) + decide(work) + deliver(work)
            total += done
            if not done or work.stop.is_set():
                break
    except NeedsPerson as error:
        park_if_refused(work, error)
        raise
    return total


def turn_to_end(work: Work) -> None:
    """Turns until nothing is due soon: what a pass does that is followed by another only much later."""
    while not work.stop.is_set():
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
