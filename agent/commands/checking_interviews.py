"""What `doctor` says of interviews: the platform, callbacks and webhooks, and who writes in Workable."""

import threading
from urllib.parse import urlsplit

from sqlalchemy import Connection

from agent.commands.check import Check, checked
from agent.errors import UsageProblem
from agent.flows import employees
from agent.flows.subscribe import MANY_REFUSED
from agent.platform import open_platform
from storage import interview_reads
from storage.ledger import accounts, hooks, mappings
from storage.ledger.accounts import Account, AccountState
from storage.ledger.database import Ledger
from storage.ledger.hooks import Hook, HookState
from storage.ledger.mappings import Rule
from storage.settings import Settings

MENDED = (HookState.REFUSED, HookState.FORBIDDEN, HookState.NO_SECRET)  # somebody has to do something
OWN_MACHINE = ("127.0.0.1", "::1", "localhost")


def look(settings: Settings, ledger: Ledger) -> list[Check]:
    """Asks the platform; the rest is told by the settings and the ledger."""
    with ledger.read() as tx:
        active = [one for one in accounts.listing(tx) if one.state == AccountState.ACTIVE]
        is_inviting = any(_inviting(tx, one.account_id) for one in active)
        of_accounts = [check for one in active for check in _account(settings, tx, one)]
    return [
        _platform(settings, is_needed=is_inviting),
        checked("callback secret", lambda: _callback_secret(settings)),
        checked("webhooks", lambda: _addresses(settings)),
        *of_accounts,
    ]


def _account(settings: Settings, tx: Connection, account: Account) -> list[Check]:
    found = hooks.listing(tx, account.account_id)
    subscribed = [_subscriptions(account.account_id, found)] if settings.public_url else []
    return subscribed + [_members(tx, account, rule) for rule in _inviting(tx, account.account_id)]


def _inviting(tx: Connection, account_id: str) -> list[Rule]:
    """Mappings that name a stage and an interview."""
    rules = mappings.every_current(tx, account_id)
    return [rule for rule in rules if rule.stage is not None and rule.template_id is not None]


def _platform(settings: Settings, *, is_needed: bool) -> Check:
    if settings.platform_url or not is_needed:
        return checked("interview platform", lambda: _answer(settings))
    says = "Stages are mapped to interviews, and nobody can be invited: set IVW_PLATFORM_URL."
    return Check("interview platform", False, says)


def _answer(settings: Settings) -> str:
    platform = open_platform(settings, stop=threading.Event())
    if platform is None:
        return "none is set (IVW_PLATFORM_URL), and no stage is mapped to an interview"
    try:
        count = len(platform.templates())
    finally:
        platform.close()
    return f"{settings.platform_url} answers and accepts the token; interview templates: {count}"


def _callback_secret(settings: Settings) -> str:
    if not settings.platform_callback_secret:
        poll = f"results are asked for every {settings.platform_seconds} s"
        return f"none is set, so {poll}; IVW_PLATFORM_CALLBACK_SECRET lets the platform tell them at once"
    # Imported here: other commands need no web server.
    from agent.listener.signatures import SecretProblem, secret_bytes

    try:
        secret_bytes(settings.platform_callback_secret)
    except SecretProblem as problem:
        raise UsageProblem(str(problem)) from None
    return "looks like one"


def _addresses(settings: Settings) -> str:
    public, listens = settings.public_url, settings.listen
    if not public and not listens:
        return "neither IVW_PUBLIC_URL nor IVW_LISTEN is set; polling finds everything"
    if not listens:
        raise UsageProblem(
            "IVW_PUBLIC_URL is set and IVW_LISTEN is not, so the agent takes nothing that is sent there. "
            "Set both, or neither."
        )
    if not public:
        raise UsageProblem(
            "IVW_LISTEN is set and IVW_PUBLIC_URL is not, so Workable is not told where to send webhooks. "
            "Set both, or neither."
        )
    address = urlsplit(public)
    if address.scheme != "https" and address.hostname not in OWN_MACHINE:
        raise UsageProblem(
            f"IVW_PUBLIC_URL is {public}: webhooks hold personal data and would travel in the clear. "
            "Use an https:// address."
        )
    return f"taken at {listens}, reached at {public}"


def _subscriptions(account_id: str, found: list[Hook]) -> Check:
    what = f"{account_id} webhooks"
    if not found:
        return Check(what, True, "not subscribed yet; the agent's next poll does it")
    trouble = [sentence for hook in found if (sentence := _trouble(hook))]
    if trouble:
        return Check(what, False, " ".join(dict.fromkeys(trouble)))
    states = ", ".join(f"{hook.event} {hook.state}" for hook in found)
    came, refused = sum(hook.deliveries for hook in found), sum(hook.refused for hook in found)
    return Check(what, True, f"{states}; {came} came, {refused} refused")


def _trouble(hook: Hook) -> str | None:
    if hook.state == HookState.ACTIVE and hook.refused_in_a_row >= MANY_REFUSED:
        return (
            f"{hook.event}: the last {hook.refused_in_a_row} were refused; their signatures do not fit. "
            "The account's problems tell which setting or token to look at."
        )
    if hook.state not in MENDED:
        return None
    if hook.event in employees.EVENTS:
        return f"{hook.event} {hook.state}: {hook.sentence} Grant it, or do not follow employees."
    return hook.sentence or f"{hook.event} is {hook.state}."


def _members(tx: Connection, account: Account, rule: Rule) -> Check:
    """Who writes what the mapping's interviews bring; without anybody, notes and ratings wait."""
    where = f"job {rule.job_shortcode}" if rule.job_shortcode else "the default mapping"
    what = f"{account.account_id} member of {where}"
    choose = f"python -m agent account --account {account.account_id} --member ID"
    wished = (rule.member_id or account.member_id, rule.fallback_member_id or account.fallback_member_id)
    named = [member for member in wished if member]
    if not named:
        says = f"Nobody is chosen in whose name notes and ratings are written: '{choose}'."
        return Check(what, False, says)
    left = {m.member_id for m in interview_reads.members(tx, account.account_id) if not m.is_active}
    if left.issuperset(named):
        return Check(
            what, False, f"{' and '.join(named)} left or is switched off. Choose another: '{choose}'."
        )
    writer, *_ = [member for member in named if member not in left]
    return Check(what, True, f"{writer} writes" + (f"; {named[0]} is inactive" if named[0] in left else ""))
