"""Ends an account: our webhook subscriptions go, the token is destroyed, nothing is synced any more."""

from typing import Any

from agent.errors import AgentError, NotFound, Stopped
from agent.work import Work
from storage.ledger import accounts, audit, problems
from storage.ledger.accounts import AccountState

STILL_TO_DO = (
    "Still to be done by the customer: in Workable, open Settings > Integrations > Apps "
    "and delete the API token made for Intrvio."
)


def revoke(work: Work, actor: str) -> tuple[str, dict[str, Any]]:
    """Do all of it, however much Workable still lets us; a sentence for staff and what was done.

    The mirrored data stays. Never fails because Workable refuses: the token is destroyed in any case.
    """
    removed, trouble = _remove_subscriptions(work)
    now = work.now()
    with work.tools.ledger.write() as tx:
        accounts.destroy_tokens(tx, work.account_id, now)
        reason = f"Revoked by {actor}."
        accounts.set_state(tx, work.account_id, AccountState.REVOKED, reason, now)
        problems.resolve_all(tx, work.account_id, now=now)
        audit.note(tx, now, actor, work.account_id, "account.revoked", subscriptions_removed=removed)
    work.stop.set()
    done = f"Token destroyed, syncing stopped, {removed} webhook subscriptions removed."
    if trouble is not None:
        done = f"Token destroyed, syncing stopped. The webhook subscriptions are left: {trouble.sentence}"
    return f"{done} {STILL_TO_DO}", {"subscriptions_removed": removed, "subscriptions_left": bool(trouble)}


def _remove_subscriptions(work: Work) -> tuple[int, AgentError | None]:
    """Only subscriptions that point at this deployment are ours to remove."""
    ours = work.tools.settings.public_url.rstrip("/")
    removed = 0
    try:
        for subscription in work.workable.subscriptions() if ours else []:
            if subscription.target.startswith(f"{ours}/"):
                removed += _remove(work, subscription.subscription_id)
    except Stopped:
        raise  # the request waits for the next agent, which can still remove what is left
    except AgentError as error:
        return removed, error
    return removed, None


def _remove(work: Work, subscription_id: str) -> bool:
    """False when it was gone already."""
    try:
        work.workable.delete_subscription(subscription_id)
    except NotFound:
        return False
    return True
