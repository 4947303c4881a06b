"""The routes of the listener: who may put what into the inbox, and what they are answered."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent import webhooks
from agent.listener.signatures import Signed, is_platforms, is_workables, secret_bytes
from agent.listener.writer import Writer
from storage.clock import Clock
from storage.ledger import hooks
from storage.ledger.database import Ledger, LedgerProblem
from storage.ledger.hooks import Keys
from storage.ledger.inbox import PLATFORM, Delivery
from storage.settings import Settings
from storage.vault import KeyProblem, Vault

LARGEST_BODY = 1024 * 1024
BODY_SECONDS = 10.0
KEYS_SECONDS = 1.0
MOST_KEPT = 2_000
INTERVIEW = "interview"  # the one event of the platform
CLOSE = {"Connection": "close"}  # the rest of the body is not read


class KeyRing:
    """The keys of accounts, read from the ledger at most once a second each."""

    def __init__(self, ledger: Ledger, vault: Vault, clock: Clock) -> None:
        self._ledger = ledger
        self._vault = vault
        self._clock = clock
        self._kept: dict[str, tuple[float, Keys]] = {}

    async def of(self, account_id: str) -> Keys:
        """Raises LedgerProblem or KeyProblem."""
        read_at, keys = self._kept.get(account_id, (0.0, None))
        if keys is not None and time.monotonic() - read_at < KEYS_SECONDS:
            return keys
        keys = await asyncio.to_thread(self._read, account_id)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[account_id] = (time.monotonic(), keys)
        return keys

    def _read(self, account_id: str) -> Keys:
        with self._ledger.read() as tx:
            return hooks.keys(tx, self._vault, account_id, self._clock())


class Doors:
    """One handler for each route; what they refuse is raised as an HTTPException."""

    def __init__(self, settings: Settings, ring: KeyRing, writer: Writer, clock: Clock) -> None:
        self._ring = ring
        self._writer = writer
        self._clock = clock
        self._client_secret = settings.workable_client_secret
        secret = settings.platform_callback_secret
        self._platform_key = secret_bytes(secret) if secret else None

    async def workable(self, request: Request) -> Response:
        account_id, event, secret = (request.path_params[n] for n in ("account_id", "event", "secret"))
        keys = await self._ring.of(account_id)
        if not keys.is_path(event, secret):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        signature = request.headers.get("x-workable-signature", "")
        body = await _body(request) if signature else b""
        if not is_workables(signature, body, self._signing(keys)):
            self._writer.count_refused(account_id, event)
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers=CLOSE)
        envelope = webhooks.read(body)
        delivery = Delivery(
            source="workable",
            account_id=account_id,
            event=event,
            resource_id=envelope.resource_id if envelope else "",
            digest=hashlib.sha256(body).hexdigest(),
            body=body,
            received_at=self._clock(),
        )
        return await self._stored(delivery)

    def _signing(self, keys: Keys) -> tuple[str, ...]:
        is_signed_by_application = keys.is_of_application and self._client_secret
        return (*keys.signing, self._client_secret) if is_signed_by_application else keys.signing

    async def platform(self, request: Request) -> Response:
        if self._platform_key is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        headers = request.headers
        signed = Signed(*(headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")))
        body = await _body(request) if signed.is_complete else b""
        if not is_platforms(self._platform_key, signed, body, self._clock().timestamp()):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers=CLOSE)
        delivery = Delivery(
            source="platform",
            account_id=PLATFORM,
            event=INTERVIEW,
            resource_id=webhooks.interview_id(body),
            digest=hashlib.sha256(f"{signed.message_id}.".encode() + body).hexdigest(),
            body=body,
            received_at=self._clock(),
        )
        return await self._stored(delivery)

    async def _stored(self, delivery: Delivery) -> Response:
        await asyncio.wrap_future(self._writer.store(delivery))
        return JSONResponse({})


async def _body(request: Request) -> bytes:
    """The whole body, given up as soon as it turns out too large or too slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers=CLOSE)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers=CLOSE)
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, headers=CLOSE) from None
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, headers=CLOSE) from None
    if not body:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return bytes(body)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(_: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, HTTPException):
        raise refusal
    words = HTTPStatus(refusal.status_code).phrase
    return JSONResponse({"error": words}, refusal.status_code, headers=refusal.headers)


async def _not_now(_: Request, __: Exception) -> Response:
    """The sender repeats it."""
    return JSONResponse({"error": "Try again later"}, HTTPStatus.SERVICE_UNAVAILABLE)


Handler = Callable[[Request, Exception], Awaitable[Response]]


def application(doors: Doors) -> Starlette:
    routes = [
        Route("/hooks/workable/{account_id}/{event}/{secret}", doors.workable, methods=["POST"]),
        Route("/hooks/platform", doors.platform, methods=["PUT"]),
        Route("/healthz", _health, methods=["GET"]),
    ]
    handlers: dict[type[Exception] | int, Handler] = {
        HTTPException: _refused,
        LedgerProblem: _not_now,
        KeyProblem: _not_now,
    }
    made = Starlette(routes=routes, exception_handlers=handlers)
    made.router.redirect_slashes = False
    return made
