"""Keeps an account's webhook subscriptions right: each of ours there once, nobody else's touched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from agent.errors import NeedsPerson, NotFound, Refused, UnknownOutcome
from agent.flows import employees
from agent.flows.receive import CREATED, DELETED, MOVED
from agent.parsing import Subscription
from agent.work import Work
from agent.workable import R_EMPLOYEES
from storage import reads
from storage.ledger import hooks, problems
from storage.ledger.hooks import BY_APPLICATION, Hook, HookState

CANDIDATE_EVENTS = (CREATED, MOVED, DELETED)
STREAM = "webhooks"
OAUTH = "oauth"  # the kind of token
REFUSED = "webhooks_refused"  # the problem
MANY_REFUSED = 5  # in a row, of one event
UNVERIFIABLE = (
    "Webhooks of an account connected by OAuth are signed with the application's secret, and "
    "IVW_WORKABLE_CLIENT_SECRET is not set. Nothing is subscribed; polling finds everything."
)


@dataclass(frozen=True)
class Standing:
    """How one event's subscription came out."""

    state: HookState
    sentence: str | None = None
    subscription_id: str | None = None


def heal(work: Work) -> int:
    """Subscribe to what is missing and delete what is ours and not wanted; how many were made or deleted.

    Each event's state is noted. Raises AgentError when Workable cannot be asked; the next healing goes on
    from whatever was reached.
    """
    _tell_refusals(work)
    prefix = own_prefix(work)
    if prefix is None:
        with work.ledger_write() as tx:
            hooks.set_all_polling(tx, work.account_id, work.now())
        return 0
    there = ours(work)
    if _lacks_secret(work):
        _note_no_secret(work, prefix)
        return _removed(work, there)
    kept, made = set(), 0
    for event, target in _targets(work, prefix).items():
        found = _fitting(there, event, target)
        standing = _subscribed(work, event, target) if found is None else _active(found)
        _note(work, event, standing)
        made += found is None and standing.state == HookState.ACTIVE
        kept.add(standing.subscription_id)
    return made + _removed(work, [one for one in there if one.subscription_id not in kept])


def is_behind(work: Work) -> bool:
    """True when healing should not wait for its time, by what the ledger tells.

    Settings may have changed since the last one, or messages are refused or accepted again.
    """
    with work.tools.ledger.read() as tx:
        found = {hook.event: hook for hook in hooks.listing(tx, work.account_id)}
        is_first = hooks.is_first_look_of_daemon(tx, work.account_id, STREAM, work.tools.agent_id)
        is_told = any(one.code == REFUSED for one in reads.open_problems(tx, work.account_id))
    if bool(_refused_events(found.values())) != is_told:
        return True
    if own_prefix(work) is None:
        return any(hook.state != HookState.POLLING for hook in found.values())
    if work.settings.listen and is_first:
        return True
    return not found.keys() >= set(_wanted(work)) or any(_is_outdated(work, hook) for hook in found.values())


def _is_outdated(work: Work, hook: Hook) -> bool:
    return hook.state == HookState.POLLING or (hook.state == HookState.NO_SECRET) != _lacks_secret(work)


def own_prefix(work: Work) -> str | None:
    """What the targets of the account's own subscriptions begin with; None when nobody can reach us."""
    root = work.settings.public_url.rstrip("/")
    return f"{root}/hooks/workable/{quote(work.account_id, safe='')}/" if root else None


def ours(work: Work) -> list[Subscription]:
    """Subscriptions of this account that point at this deployment, or did when they were made."""
    with work.tools.ledger.read() as tx:
        known = {hook.subscription_id for hook in hooks.listing(tx, work.account_id)}
    prefix = own_prefix(work)
    return [
        one
        for one in work.workable.subscriptions()
        if one.subscription_id in known or (prefix is not None and one.target.startswith(prefix))
    ]


def remove(work: Work, subscription_id: str) -> bool:
    """False when it was gone already."""
    try:
        work.workable.delete_subscription(subscription_id)
    except NotFound:
        return False
    return True


def _removed(work: Work, superfluous: Sequence[Subscription]) -> int:
    return sum(remove(work, one.subscription_id) for one in superfluous)


def _lacks_secret(work: Work) -> bool:
    """True for an account whose webhooks nobody here could tell from forged ones."""
    return work.account.token_kind == OAUTH and not work.settings.workable_client_secret


def _note_no_secret(work: Work, prefix: str) -> None:
    for event in _targets(work, prefix):
        _note(work, event, Standing(HookState.NO_SECRET, UNVERIFIABLE))


def _wanted(work: Work) -> tuple[str, ...]:
    return CANDIDATE_EVENTS + (employees.EVENTS if work.account.follows_employees else ())


def _targets(work: Work, prefix: str) -> dict[str, str]:
    """The address of each wanted event; events no longer wanted lose theirs."""
    wanted = _wanted(work)
    with work.ledger_write() as tx:
        for hook in hooks.listing(tx, work.account_id):
            if hook.event not in wanted:
                hooks.forget(tx, work.account_id, hook.event)
        made = {
            event: hooks.ensure(tx, work.tools.vault, work.account_id, event, work.now()) for event in wanted
        }
    return {event: f"{prefix}{event}/{secret}" for event, secret in made.items()}


def _fitting(there: Sequence[Subscription], event: str, target: str) -> Subscription | None:
    for one in there:
        is_whole = one.job_shortcode is None and one.stage_slug is None
        if (one.event, one.target) == (event, target) and is_whole:
            return one
    return None


def _active(found: Subscription) -> Standing:
    return Standing(HookState.ACTIVE, subscription_id=found.subscription_id)


def _subscribed(work: Work, event: str, target: str) -> Standing:
    try:
        return Standing(HookState.ACTIVE, subscription_id=work.workable.subscribe(event, target))
    except UnknownOutcome as error:
        return Standing(HookState.WANTED, error.sentence)  # the next healing finds it, if it is there
    except NeedsPerson as error:
        if error.code != "forbidden":
            raise
        return Standing(HookState.FORBIDDEN, _forbidden(event))
    except Refused as refusal:
        return _refused(work, event, target, refusal)


def _forbidden(event: str) -> str:
    if event in employees.EVENTS:
        return (
            f"The token may not subscribe to {event}: it lacks the scope {R_EMPLOYEES}, or the account has "
            "no HR product of Workable's. Employees are not followed until that is granted."
        )
    return f"The token may not subscribe to {event}. Candidates are polled instead."


def _refused(work: Work, event: str, target: str, refusal: Refused) -> Standing:
    """The address may be taken by a subscription of ours whose making was not answered."""
    if refusal.status == 409:
        found = _fitting(work.workable.subscriptions(), event, target)
        if found is not None:
            return _active(found)
    if refusal.status == 422 and event == DELETED:
        sentence = "Workable does not accept this event; complete listings find deletions as well."
        return Standing(HookState.NOT_ACCEPTED, sentence)
    return Standing(HookState.REFUSED, refusal.sentence)


def _note(work: Work, event: str, standing: Standing) -> None:
    with work.ledger_write() as tx:
        hooks.set_state(
            tx, work.account_id, event, standing.state,
            now=work.now(), sentence=standing.sentence, subscription_id=standing.subscription_id,
        )  # fmt: skip


def _tell_refusals(work: Work) -> None:
    """Messages of which every one is refused help nobody; where to look depends on who signs them."""
    with work.ledger_write() as tx:
        events = _refused_events(hooks.listing(tx, work.account_id))
        if not events:
            problems.resolve(tx, work.account_id, REFUSED, now=work.now())
            return
        sentence = (
            f"Webhooks of Workable's are refused ({', '.join(events)}): their signatures do not fit. "
            f"{_remedy(work)} Polling finds everything meanwhile, only later."
        )
        problems.report(tx, work.account_id, REFUSED, sentence, now=work.now(), needs_person=True)


def _refused_events(found: Iterable[Hook]) -> list[str]:
    """Those that Workable sends and that were not accepted for long."""
    return [
        hook.event
        for hook in found
        if hook.state == HookState.ACTIVE and hook.refused_in_a_row >= MANY_REFUSED
    ]


def _remedy(work: Work) -> str:
    reconnect = f"python -m agent reconnect --account {work.account_id}"
    if work.account.token_kind not in BY_APPLICATION:
        return f"If the token was replaced in Workable, give the new one with '{reconnect}'."
    if work.settings.workable_client_secret:
        return "Compare IVW_WORKABLE_CLIENT_SECRET with the application's secret at Workable."
    return "Set IVW_WORKABLE_CLIENT_SECRET to the application's secret at Workable."
