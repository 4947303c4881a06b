"""Puts interview news to callback addresses, signed the standard-webhooks way, until 200."""

import base64
import hashlib
import hmac

import msgspec

from sandbox.context import Context
from sandbox.post import send
from sandbox.scheduler import Workers
from sandbox.views import JSON

KEY = b"sandbox platform callbacks"


class Callback(msgspec.Struct):
    id: str
    url: str
    body: bytes
    waits: list[float]
    attempt: int = 0


class Callbacks:
    """`secret` is what receivers are given; every attempt is signed with its own time."""

    def __init__(self, context: Context) -> None:
        self.secret = "whsec_" + base64.b64encode(KEY).decode()
        self._context = context
        self._count = 0
        self._pool = Workers(2, "callback")

    def put(self, url: str, content: dict[str, object], waits: list[float]) -> None:
        self._count += 1
        made = Callback(f"msg_{self._context.now_ms()}_{self._count}", url, JSON.encode(content), waits)
        self._later(0, made)

    def close(self) -> None:
        self._pool.close()

    def _later(self, seconds: float, callback: Callback) -> None:
        self._context.scheduler.after(seconds, lambda: self._submit(callback))

    def _submit(self, callback: Callback) -> None:
        self._pool.submit(lambda: self._attempt(callback))

    def _attempt(self, callback: Callback) -> None:
        stamp = str(self._context.now())
        signed = f"{callback.id}.{stamp}.".encode() + callback.body
        signature = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        headers = {
            "webhook-id": callback.id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signature}",
        }
        status = send("PUT", callback.url, callback.body, headers, 5.0)
        with self._context.guard:
            self._context.note("callback", message=callback.id, attempt=callback.attempt + 1, outcome=status)
        if status != 200 and callback.attempt < len(callback.waits):
            again = msgspec.structs.replace(callback, attempt=callback.attempt + 1)
            self._later(callback.waits[callback.attempt], again)
