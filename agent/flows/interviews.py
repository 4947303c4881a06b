"""One turn of an account's interviews: hints in, decisions made, effects out."""

from datetime import datetime, timedelta

from agent.errors import NeedsPerson
from agent.flows.decide import decide
from agent.flows.deliver import deliver
from agent.flows.receive import receive
from agent.flows.run import park_if_refused
from agent.work import Work
from storage.ledger import looks, outbox

# A turn ends so that the account's hold on its thread does; what is left is due again at once.
ROUNDS = 20


def turn(work: Work) -> int:
    """Do what is due, until nothing is; the number of steps taken.

    Raises AgentError for what ends the account's turn; a token refused twice parks the account (B28).
    """
    total = 0
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


def due_soon(work: Work, within: timedelta) -> datetime | None:
    """When the next step is due, if that is within the span; for a pass that ends when nothing is left."""
    with work.tools.ledger.read() as tx:
        times = (looks.next_due(tx, work.account_id), outbox.next_due(tx, work.account_id))
    soon = [at for at in times if at is not None and at <= work.now() + within]
    return min(soon, default=None)
