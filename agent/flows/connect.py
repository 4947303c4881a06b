"""Connects a Workable account: checks subdomain and token against the API before anything is stored."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from agent.budget import Budget
from agent.connections import open_workable
from agent.errors import NeedsPerson, NotFound, UsageProblem
from agent.workable import R_CANDIDATES, R_JOBS, W_CANDIDATES, Workable
from storage.clock import Clock
from storage.ledger import accounts
from storage.ledger.accounts import NewToken
from storage.ledger.database import Ledger
from storage.settings import Settings
from storage.vault import KeyProblem, Vault

TOLERATED_SKEW_SECONDS = 60
WHERE = "in Workable under Settings > Integrations > Apps"


@dataclass(frozen=True)
class Wish:
    """What the person asked for; None where nothing was said."""

    account_id: str
    token: str
    base_url: str | None = None
    kind: str | None = None
    region: str | None = None
    member_id: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Connected:
    """`remarks` are sentences that somebody should read."""

    account_id: str
    name: str
    is_new: bool
    kind: str
    scopes: dict[str, bool | None]
    expires_at: datetime | None
    remarks: list[str] = field(default_factory=list)


def connect(
    settings: Settings, ledger: Ledger, vault: Vault, wish: Wish, *, clock: Clock, actor: str
) -> Connected:
    """Check and store. Raises AgentError, and then has stored nothing."""
    region = wish.region or settings.region
    if region != settings.region:
        raise UsageProblem(
            f"This is the {settings.region} deployment, and the account is to be kept in {region}. "
            f"Connect it in the {region} deployment; nothing was sent anywhere."
        )
    base_url = wish.base_url or f"https://{wish.account_id}.workable.com/spi/v3"
    budget = Budget(share=settings.rate_share)
    workable = open_workable(
        settings, wish.account_id, base_url, wish.token, budget=budget, stop=threading.Event()
    )
    try:
        name, kind, scopes = _checked(workable, wish)
        remarks = _remarks(budget, clock, scopes)
    finally:
        workable.close()
    with ledger.write() as tx:
        expires_at = wish.expires_at or _kept_expiry(tx, vault, wish, remarks)
        token = NewToken(wish.token, kind, scopes, expires_at)
        is_new = accounts.connect(
            tx, vault, account_id=wish.account_id, name=name, base_url=base_url, region=region,
            token=token, member_id=wish.member_id, actor=actor, now=clock(),
        )  # fmt: skip
    return Connected(wish.account_id, name, is_new, kind, scopes, expires_at, remarks)


def _kept_expiry(tx: Connection, vault: Vault, wish: Wish, remarks: list[str]) -> datetime | None:
    """The stored end of the token, if it is the same token; another's is removed, which is told."""
    stored = accounts.expiry(tx, wish.account_id)
    if stored is None:
        return None
    try:
        is_same = accounts.token(tx, vault, wish.account_id) == wish.token
    except KeyProblem:  # the key was lost: what is stored cannot be compared any more
        is_same = False
    if is_same:
        return stored
    day = stored - timedelta(days=1)
    remarks.append(
        f"The old token's last day, {day:%Y-%m-%d}, was removed. Give the new one's with --expires DATE."
    )
    return None


def _checked(workable: Workable, wish: Wish) -> tuple[str, str, dict[str, bool | None]]:
    name = _name(workable, wish.account_id)
    scopes = workable.probe_scopes()
    missing = [scope for scope in (R_JOBS, R_CANDIDATES) if scopes.get(scope) is False]
    if missing:
        raise NeedsPerson(
            f"The token lacks {' and '.join(missing)}. Make a token with r_jobs, r_candidates and "
            f"w_candidates {WHERE}, and connect again.",
            code="scope_missing",
        )
    kind = wish.kind or workable.token_kind() or "account"
    if wish.member_id is not None and kind != "partner":
        _check_member(workable, wish.member_id)
    return name, kind, scopes


def _name(workable: Workable, account_id: str) -> str:
    try:
        return workable.account().name
    except NotFound:
        raise UsageProblem(
            f"Workable knows no account {account_id!r}. Check the part before .workable.com "
            "in the customer's Workable address."
        ) from None
    except NeedsPerson as refusal:
        if refusal.code == "token_refused":
            raise NeedsPerson(
                f"Workable does not accept the token for {account_id}: it is wrong, expired, revoked or "
                f"another account's. Check the subdomain, or make a new token {WHERE}, and connect again.",
                code=refusal.code,
            ) from None
        if refusal.code == "forbidden":
            raise NeedsPerson(
                f"The token lacks r_jobs. Make a token with r_jobs, r_candidates and w_candidates {WHERE}, "
                "and connect again.",
                code="scope_missing",
            ) from None
        raise


def _check_member(workable: Workable, member_id: str) -> None:
    members = {member.member_id: member for member in workable.members()}
    if member_id not in members or not members[member_id].is_active:
        raise UsageProblem(
            f"{member_id!r} is no active member of this account. "
            "Take the id of somebody who may work on every job, best of a member made for the integration."
        )


def _remarks(budget: Budget, clock: Clock, scopes: dict[str, bool | None]) -> list[str]:
    remarks = []
    if scopes.get(W_CANDIDATES) is False:
        remarks.append(
            "The token lacks w_candidates: reading works, but nothing can be written to timelines. "
            f"Make a token with it {WHERE} and use 'reconnect'."
        )
    if skew := clock_remark(budget, clock):
        remarks.append(skew)
    return remarks


def clock_remark(budget: Budget, clock: Clock) -> str | None:
    """A sentence when this machine's clock is clearly off Workable's; syncing itself goes by Workable's."""
    seconds = budget.server_seconds()
    if seconds is None:
        return None
    ahead = clock().timestamp() - seconds
    if abs(ahead) <= TOLERATED_SKEW_SECONDS:
        return None
    way = "ahead of" if ahead > 0 else "behind"
    return (
        f"This machine's clock is {abs(ahead):,.0f} s {way} Workable's. "
        "Set it (for example with 'timedatectl set-ntp true'), or times shown will be wrong."
    )
