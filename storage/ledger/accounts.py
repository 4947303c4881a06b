"""Customers' Workable accounts: connecting, tokens, and the state that decides whether one is synced."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from storage.ledger import audit, problems, schema
from storage.vault import Vault

T = schema.accounts
K = schema.tokens


class AccountState(StrEnum):
    ACTIVE = "active"
    RECONNECT = "reconnect"  # Workable refused the token; waits for a person
    REVOKED = "revoked"  # a person ended it


class Account(msgspec.Struct, frozen=True):
    """An account as the agent needs it; the token is opened separately.

    `days_between_invites` is counted for each e-mail address over all jobs, None: every job invites;
    `invites_per_hour` None: as the settings say.
    """

    account_id: str
    name: str
    base_url: str
    region: str
    state: str
    token_id: int | None
    token_kind: str | None
    scopes: dict[str, bool | None]
    member_id: str | None = None
    fallback_member_id: str | None = None
    days_between_invites: int | None = None
    invites_per_hour: int | None = None
    follows_employees: bool = False
    provisions_members: bool = False


class NewToken(msgspec.Struct, frozen=True):
    """A token that Workable has accepted. `scopes`: True present, False missing, None not known."""

    value: str
    kind: str
    scopes: dict[str, bool | None]
    expires_at: datetime | None = None

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("kind", self.kind)]  # what is printed ends up in logs; the value must not

    def __repr__(self) -> str:
        return f"NewToken(kind={self.kind!r})"


class NoSuchAccount(Exception):
    """No account of that name is connected; the message lists what to do."""


def connect(
    tx: Connection,
    vault: Vault,
    *,
    account_id: str,
    name: str,
    base_url: str,
    region: str,
    token: NewToken,
    member_id: str | None,
    actor: str,
    now: datetime,
) -> bool:
    """Add the account, or give a known one a new token and keep everything else. True when it is new."""
    known = tx.execute(select(T.c.member_id).where(T.c.account_id == account_id)).first()
    values: dict[str, Any] = {
        "name": name,
        "base_url": base_url,
        "region": region,
        "state": AccountState.ACTIVE,
        "state_since": now,
        "state_reason": None,
    }
    if known is None:
        tx.execute(
            T.insert().values(
                account_id=account_id, member_id=member_id, connected_at=now, connected_by=actor, **values
            )
        )
        tx.execute(schema.account_status.insert().values(account_id=account_id))
    else:
        values |= {"member_id": member_id or known.member_id}
        tx.execute(T.update().where(T.c.account_id == account_id).values(**values))
    _replace_token(tx, vault, account_id, token, now)
    _resolve_token_problems(tx, account_id, now)
    action = "account.connected" if known is None else "account.reconnected"
    audit.note(tx, now, actor, account_id, action, kind=token.kind, region=region)
    return known is None


def _replace_token(tx: Connection, vault: Vault, account_id: str, token: NewToken, now: datetime) -> None:
    tx.execute(
        K.update().where(K.c.account_id == account_id, K.c.replaced_at.is_(None)).values(replaced_at=now)
    )
    tx.execute(
        K.insert().values(
            account_id=account_id,
            sealed=vault.seal(account_id, token.value),
            last_four=token.value[-4:],
            kind=token.kind,
            scopes=token.scopes,
            expires_at=token.expires_at,
            stored_at=now,
        )
    )


def _resolve_token_problems(tx: Connection, account_id: str, now: datetime) -> None:
    for code in ("token_refused", "token_expired", "forbidden"):
        problems.resolve(tx, account_id, code, now=now)


def set_state(
    tx: Connection, account_id: str, state: AccountState, reason: str | None, now: datetime
) -> None:
    """Change the state; `state_since` moves only when the state does."""
    tx.execute(
        T.update()
        .where(T.c.account_id == account_id, T.c.state != state)
        .values(state=state, state_since=now, state_reason=reason)
    )


def rename(tx: Connection, account_id: str, name: str) -> None:
    tx.execute(T.update().where(T.c.account_id == account_id, T.c.name != name).values(name=name))


def change(tx: Connection, account_id: str, values: dict[str, Any], *, actor: str, now: datetime) -> bool:
    """Set what staff decide about the account (members, caps, what is followed); False when nothing changes.

    `values` are fields of Account; the audit tells them, and what they were `before`.
    """
    before = get(tx, account_id)
    changed = {name: value for name, value in values.items() if getattr(before, name) != value}
    if not changed:
        return False
    tx.execute(T.update().where(T.c.account_id == account_id).values(**changed))
    old = {name: getattr(before, name) for name in changed}
    audit.note(tx, now, actor, account_id, "account.changed", before=old, **changed)
    return True


def baseline(tx: Connection, account_id: str, now: datetime) -> datetime:
    """When the account was first read, in Workable's time: set once, `now` the first time.

    It stands here and not in the mirror, because a rebuilt mirror must not make old candidates news.
    """
    one = T.c.account_id == account_id
    tx.execute(T.update().where(one, T.c.baseline_at.is_(None)).values(baseline_at=now))
    stored: datetime = tx.execute(select(T.c.baseline_at).where(one)).scalar_one()
    return stored


def destroy_tokens(tx: Connection, account_id: str, now: datetime) -> None:
    """Forget every token of the account, older ones too; only the last four characters stay."""
    tx.execute(
        K.update()
        .where(K.c.account_id == account_id, K.c.destroyed_at.is_(None))
        .values(sealed=None, destroyed_at=now)
    )


def _with_token() -> Any:
    join = T.outerjoin(K, (K.c.account_id == T.c.account_id) & K.c.replaced_at.is_(None))
    return select(T, K.c.token_id, K.c.kind.label("token_kind"), K.c.scopes).select_from(join)


def _account(row: Row[Any]) -> Account:
    fields = {name: getattr(row, name) for name in Account.__struct_fields__}
    return Account(**fields | {"scopes": row.scopes or {}})


def get(tx: Connection, account_id: str) -> Account:
    row = tx.execute(_with_token().where(T.c.account_id == account_id)).first()
    if row is None:
        known = ", ".join(a.account_id for a in listing(tx)) or "none yet"
        raise NoSuchAccount(
            f"No account {account_id!r} is connected (connected: {known}). "
            "Connect it with 'python -m agent connect --subdomain NAME'."
        )
    return _account(row)


def listing(tx: Connection) -> list[Account]:
    return [_account(row) for row in tx.execute(_with_token().order_by(T.c.account_id))]


def token(tx: Connection, vault: Vault, account_id: str) -> str | None:
    """The account's token in clear, or None when it was destroyed. Raises KeyProblem."""
    sealed = tx.execute(
        select(K.c.sealed).where(K.c.account_id == account_id, K.c.replaced_at.is_(None))
    ).scalar()
    return None if sealed is None else vault.open(account_id, sealed)


def expiry(tx: Connection, account_id: str) -> datetime | None:
    """When the account's token ends, as far as somebody has said."""
    query = select(K.c.expires_at).where(K.c.account_id == account_id, K.c.replaced_at.is_(None))
    found: datetime | None = tx.execute(query).scalar()
    return found


def renew_tokens(tx: Connection, vault: Vault) -> None:
    """Seal every stored token with the vault's first key; one that no key opens stays as it is."""
    for row in tx.execute(select(K.c.token_id, K.c.sealed).where(K.c.sealed.is_not(None))).all():
        renewed = vault.renewed(row.sealed)
        if renewed is not None:
            tx.execute(K.update().where(K.c.token_id == row.token_id).values(sealed=renewed))
