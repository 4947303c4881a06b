"""Ends an account: our webhook subscriptions go, the token is destroyed, nothing is synced any more."""

from typing import Any

from agent.errors import AgentError, Stopped
from agent.flows import subscribe
from agent.work import Work
from storage.ledger import accounts, audit, hooks, inbox, problems
from storage.ledger.accounts import AccountState

STILL_TO_DO = (
    "Still to be done by the customer: in Workable, open Settings > Integrations > Apps "
    "and delete the API token made for Intrvio."
)
LOOKS = 2  # a poll that was under way may have subscribed once more meanwhile


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
        hooks.forget(tx, work.account_id)
        inbox.dismiss(tx, work.account_id, "revoked", now)
        audit.note(tx, now, actor, work.account_id, "account.revoked", subscriptions_removed=removed)
    work.stop.set()
    return f"Token destroyed, syncing stopped{_told(removed, trouble)} {STILL_TO_DO}", {
        "subscriptions_removed": removed,
        "subscriptions_left": bool(trouble),
    }


def _told(removed: int, trouble: AgentError | None) -> str:
    """Nothing about webhooks when there were none."""
    if trouble is not None:
        return f". The webhook subscriptions are left: {trouble.sentence}"
    if not removed:
        return "."
    return f", {removed} webhook subscription{'s' if removed > 1 else ''} removed."


def _remove_subscriptions(work: Work) -> tuple[int, AgentError | None]:
    """Only this account's own are removed; Workable is not asked when it cannot have any."""
    removed = 0
    try:
        for _ in range(LOOKS if _may_have_any(work) else 0):
            for subscription in subscribe.ours(work):
                removed += subscribe.remove(work, subscription.subscription_id)
    except Stopped:
        raise  # the request waits for the next agent, which can still remove what is left
    except AgentError as error:
        return removed, error
    return removed, None


def _may_have_any(work: Work) -> bool:
    with work.tools.ledger.read() as tx:
        subscribed = any(hook.subscription_id for hook in hooks.listing(tx, work.account_id))
    return subscribed or subscribe.own_prefix(work) is not None
