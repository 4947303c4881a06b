"""Webhook subscriptions at Workable: each event's secret path, how it stands, and the keys of signatures."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from storage.ledger import schema
from storage.vault import KeyProblem, Vault

H = schema.hooks
K = schema.tokens
SECRET_BYTES = 24
# Workable goes on signing with the token that a subscription was made with, for as long as it is not renewed.
FORMER_TOKEN_COUNTS = timedelta(days=7)
DAEMON = "run"  # the kind of agent
BY_APPLICATION = ("oauth", "partner")  # kinds of token whose subscriptions an application's secret may sign


class HookState(StrEnum):
    WANTED = "wanted"  # not subscribed yet
    ACTIVE = "active"
    POLLING = "polling"  # nobody can reach us, so nothing is subscribed
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"  # Workable does not know the event; polling suffices
    FORBIDDEN = "forbidden"  # the token lacks a scope
    NO_SECRET = "no_secret"  # noqa: S105 -- a state: what it would be signed with is not known here


class Hook(msgspec.Struct, frozen=True):
    """One event of an account, without its secret."""

    account_id: str
    event: str
    state: str
    sentence: str | None
    subscription_id: str | None
    made_at: datetime
    checked_at: datetime | None
    last_delivery_at: datetime | None
    deliveries: int
    refused: int
    refused_in_a_row: int  # since a delivery was accepted last


class Keys(msgspec.Struct, frozen=True):
    """`secrets`: digests of the path secrets by event; `signing`: what a signature may be made with."""

    secrets: dict[str, str]
    signing: tuple[str, ...]
    is_of_application: bool

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("events", sorted(self.secrets))]  # what is printed ends up in logs; the tokens must not

    def __repr__(self) -> str:
        return f"Keys(events={sorted(self.secrets)!r})"

    def is_path(self, event: str, secret: str) -> bool:
        """Compared in constant time, for an event that is not subscribed as well."""
        return hmac.compare_digest(self.secrets.get(event, ""), digest(secret)) and event in self.secrets


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def ensure(tx: Connection, vault: Vault, account_id: str, event: str, now: datetime) -> str:
    """The event's path secret in clear; made at first, and anew once the account has another token.

    A new secret means a new target and so a new subscription, which is signed with the new token.
    """
    row = tx.execute(select(H).where(*_one(account_id, event))).first()
    secret = None if row is None else _kept(tx, vault, row)
    return secret or _made(tx, vault, account_id, event, now)


def _kept(tx: Connection, vault: Vault, row: Row[Any]) -> str | None:
    """The stored secret, sealed with the present key; None when it has to be replaced."""
    if _signed_with_former_token(tx, row):
        return None
    try:
        secret = vault.open(row.account_id, row.sealed)
    except KeyProblem:
        return None  # its key was given up; another secret does as well
    if renewed := vault.renewed(row.sealed):
        tx.execute(H.update().where(*_one(row.account_id, row.event)).values(sealed=renewed))
    return secret


def _signed_with_former_token(tx: Connection, row: Row[Any]) -> bool:
    current = (K.c.account_id == row.account_id, K.c.replaced_at.is_(None), K.c.kind.not_in(BY_APPLICATION))
    stored = tx.execute(select(K.c.stored_at).where(*current)).scalar()
    return stored is not None and row.made_at < stored


def _made(tx: Connection, vault: Vault, account_id: str, event: str, now: datetime) -> str:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    values: dict[str, Any] = {
        "sealed": vault.seal(account_id, secret),
        "secret_digest": digest(secret),
        "state": HookState.WANTED,
        "sentence": None,
        "subscription_id": None,
        "made_at": now,
    }
    if tx.execute(H.update().where(*_one(account_id, event)).values(**values)).rowcount == 0:
        tx.execute(H.insert().values(account_id=account_id, event=event, **values))
    return secret


def keys(tx: Connection, vault: Vault, account_id: str, now: datetime) -> Keys:
    """What a delivery to this account is checked with; all empty for one that is not connected.

    Raises KeyProblem when no token can be opened.
    """
    rows = tx.execute(select(H.c.event, H.c.secret_digest).where(H.c.account_id == account_id)).all()
    tokens = _tokens(tx, account_id, now) if rows else []
    return Keys(
        secrets={row.event: row.secret_digest for row in rows},
        signing=_opened(vault, account_id, tokens),
        is_of_application=any(token.kind in BY_APPLICATION for token in tokens),
    )


def _tokens(tx: Connection, account_id: str, now: datetime) -> list[Row[Any]]:
    """The present one first, then those that it replaced lately."""
    counts = K.c.replaced_at.is_(None) | (K.c.replaced_at > now - FORMER_TOKEN_COUNTS)
    query = select(K.c.sealed, K.c.kind).where(K.c.account_id == account_id, K.c.sealed.is_not(None), counts)
    return [*tx.execute(query.order_by(K.c.token_id.desc()))]


def _opened(vault: Vault, account_id: str, tokens: list[Row[Any]]) -> tuple[str, ...]:
    """Those that can be opened; one whose key was given up cannot, and is no reason to refuse the others."""
    found, problem = [], None
    for token in tokens:
        try:
            found.append(vault.open(account_id, token.sealed))
        except KeyProblem as error:
            problem = error
    if problem is not None and not found:
        raise problem
    return tuple(found)


def listing(tx: Connection, account_id: str) -> list[Hook]:
    rows = tx.execute(select(H).where(H.c.account_id == account_id).order_by(H.c.event))
    return [Hook(**{name: getattr(row, name) for name in Hook.__struct_fields__}) for row in rows]


def set_state(
    tx: Connection,
    account_id: str,
    event: str,
    state: HookState,
    *,
    now: datetime,
    sentence: str | None = None,
    subscription_id: str | None = None,
) -> None:
    values = {"state": state, "sentence": sentence, "subscription_id": subscription_id, "checked_at": now}
    tx.execute(H.update().where(*_one(account_id, event)).values(**values))


def set_all_polling(tx: Connection, account_id: str, now: datetime) -> None:
    """Without an address of ours nothing can be said about what is subscribed, so its ids stay."""
    mine = H.update().where(H.c.account_id == account_id)
    tx.execute(mine.values(state=HookState.POLLING, sentence=None, checked_at=now))


def count(tx: Connection, account_id: str, event: str, *, came: int, refused: int, now: datetime) -> None:
    """Count deliveries; a refused one is no delivery."""
    values: dict[str, Any] = {"deliveries": H.c.deliveries + came, "refused": H.c.refused + refused}
    if came:
        values |= {"last_delivery_at": now, "refused_in_a_row": 0}
    else:
        values["refused_in_a_row"] = H.c.refused_in_a_row + refused
    tx.execute(H.update().where(*_one(account_id, event)).values(**values))


def is_first_look_of_daemon(tx: Connection, account_id: str, stream: str, agent_id: str) -> bool:
    """True when that agent goes on until it is told to end and has not tried the stream yet."""
    agents, streams = schema.agents.c, schema.streams.c
    tried = select(streams.stream).where(
        streams.account_id == account_id,
        streams.stream == stream,
        streams.last_tried_at >= agents.started_at,
    )
    daemon = (agents.agent_id == agent_id, agents.kind == DAEMON)
    return tx.execute(select(agents.agent_id).where(*daemon, ~tried.exists())).first() is not None


def forget(tx: Connection, account_id: str, event: str | None = None) -> None:
    """The event is no longer wanted, or none of the account's is: its deliveries find no door any more."""
    which = [H.c.account_id == account_id] + ([] if event is None else [H.c.event == event])
    tx.execute(H.delete().where(*which))


def _one(account_id: str, event: str) -> tuple[Any, ...]:
    return (H.c.account_id == account_id, H.c.event == event)
