"""A listener of one account, and senders who know how Workable and the platform sign."""

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet

from agent.listener import Listener
from storage.ledger import accounts, hooks, inbox
from storage.ledger.accounts import NewToken
from storage.ledger.database import Ledger
from storage.ledger.hooks import Hook
from storage.ledger.inbox import Message
from storage.settings import Settings
from storage.vault import Vault

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOKEN = "invented-token-4321"
APPLICATION = "invented-application-secret"
CALLBACKS = b"invented callback key"
MOVED = "candidate_moved"


class Site:
    """A listener of one account, and what a sender needs to know of it; time stands until a test moves it."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self.ledger = ledger
        self.settings = settings
        self.vault = Vault(Fernet.generate_key().decode())
        self.now = NOON
        self.news = 0
        self.connect()
        with ledger.write() as tx:
            self.secret = hooks.ensure(tx, self.vault, "acme", MOVED, NOON)
        self.listener = Listener(settings, ledger, self.vault, lambda: self.now, self._hear)
        self.host, self.port = self.listener.start()

    def _hear(self) -> None:
        self.news += 1

    def connect(self, token: str = TOKEN, kind: str = "account", account_id: str = "acme") -> None:
        with self.ledger.write() as tx:
            accounts.connect(
                tx, self.vault, account_id=account_id, name="Acme", base_url="https://acme.example.com",
                region="us", token=NewToken(token, kind, {}), member_id=None, actor="a test", now=self.now,
            )  # fmt: skip

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.read()
            return answer
        finally:
            connection.close()

    @property
    def path(self) -> str:
        return f"/hooks/workable/acme/{MOVED}/{self.secret}"

    def post(self, body: bytes, signature: str | None = None, path: str | None = None) -> int:
        signed = {"X-Workable-Signature": sign(body) if signature is None else signature}
        return self.send("POST", path or self.path, body, signed).status

    def call_back(self, body: bytes, **changed: Any) -> int:
        return self.send("PUT", "/hooks/platform", body, callback_headers(body, self.now, **changed)).status

    def waiting(self, account_id: str = "acme") -> list[Message]:
        with self.ledger.read() as tx:
            return inbox.waiting(tx, account_id, 1_000)

    def hook(self) -> Hook:
        with self.ledger.read() as tx:
            return hooks.listing(tx, "acme")[0]


def moved(**data: Any) -> bytes:
    resource = {"id": "27270001", "stage": "Interview", **data}
    return json.dumps(
        {"data": resource, "id": "27270001", "event_type": MOVED, "fired_at": NOON.isoformat()}
    ).encode()


def mac(body: bytes, key: str = TOKEN) -> bytes:
    return hmac.digest(key.encode(), body, hashlib.sha256)


def sign(body: bytes, key: str = TOKEN) -> str:
    return mac(body, key).hex()


def callback_headers(
    body: bytes,
    at: datetime,
    *,
    key: bytes = CALLBACKS,
    message_id: str = "msg_1",
    before: str = "",
    signed: bytes | None = None,
) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    content = f"{message_id}.{stamp}.".encode() + (body if signed is None else signed)
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"{before}v1,{signature}",
    }


OpenSite = Callable[..., Site]
