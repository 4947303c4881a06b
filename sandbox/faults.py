"""The layer around the whole server where requests meet the faults that were ordered."""

import asyncio
import socket
import struct
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.fault_model import BEFORE, Fault
from sandbox.spoil import SPOILERS, spoil_json
from sandbox.stamps import hex_id
from sandbox.views import JSON
from sandbox.world import World

COLLECTIONS = (
    "candidates",
    "jobs",
    "members",
    "activities",
    "stages",
    "subscriptions",
    "events",
    "interviews",
)
PAGE = b"<!doctype html><title>Just a moment</title><p>We will be right back."


class FaultLayer:
    """Passes everything through untouched while no fault is ordered; control calls are never harmed."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or path.startswith("/control") or not self._world.faults.active:
            await self._app(scope, receive, send)
            return
        with self._world.context.guard:
            struck = self._world.faults.strike(scope["method"], path)
            for fault in struck:
                self._world.context.note("fault", fault=fault.kind, method=scope["method"], path=path)
        instead = next((fault for fault in struck if fault.kind in BEFORE), None)
        if instead is not None:
            await _answer_instead(instead, path, receive, send)
        else:
            await self._answer_spoiled(struck, scope, receive, send)

    async def _answer_spoiled(self, struck: list[Fault], scope: Scope, receive: Receive, send: Send) -> None:
        start, body = await _collect(self._app, scope, receive)
        url = _url(scope)
        for fault in struck:
            if fault.kind in SPOILERS:
                body = spoil_json(body, fault, url)
            elif fault.kind == "between_pages":
                meddle(self._world, fault, str(scope["path"]))
        await _deliver(struck, start, body, receive, send)


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """The whole answer of the server behind."""
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    return start, b"".join(parts)


async def _answer_instead(fault: Fault, path: str, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass  # the request is read whole, as a proxy would
    if fault.kind in ("reset", "hang"):
        await asyncio.sleep(fault.number("seconds", 30) if fault.kind == "hang" else 0)
        await _break(receive, send)
        return
    status, kind, body = _substitute(fault, path)
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if fault.kind == "rate_limited" and "retry_after" in fault.params:
        headers.append((b"retry-after", str(fault.params["retry_after"]).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _substitute(fault: Fault, path: str) -> tuple[int, bytes, bytes]:
    """Status, content type and body of the answer that stands in."""
    json_type = b"application/json; charset=utf-8"
    if fault.kind == "html":
        return 200, b"text/html", PAGE
    if fault.kind == "server_error":
        status = int(fault.number("status", 500))
        html = bool(fault.params.get("html"))
        return (
            status,
            b"text/html" if html else json_type,
            PAGE if html else _error(path, status, "Server error"),
        )
    if fault.kind == "empty_page":
        name = path.rstrip("/").rsplit("/", 1)[-1]
        return 200, json_type, JSON.encode({name if name in COLLECTIONS else "candidates": []})
    status, text = {
        "rate_limited": (429, "Too many requests"),
        "not_found": (404, "Not found"),
        "unauthorized": (401, "Not authorized"),
        "forbidden": (403, "Forbidden"),
    }[fault.kind]
    return status, json_type, _error(path, status, text)


def _error(path: str, status: int, text: str) -> bytes:
    """In the words of Workable or of the platform."""
    ours = {"status": status, "message": text} if path.startswith("/platform") else {"error": text}
    return JSON.encode(ours)


async def _deliver(struck: list[Fault], start: Message, body: bytes, receive: Receive, send: Send) -> None:
    """Sends the answer the way the faults want it sent."""
    by_kind = {fault.kind: fault for fault in struck}
    if "answer_lost" in by_kind:
        await _break(receive, send)
        return
    if (slow := by_kind.get("slow_header")) is not None:
        await asyncio.sleep(slow.number("seconds", 1))
    if (error := by_kind.get("error_after")) is not None:
        start["status"], body = int(error.number("status", 504)), PAGE
    if "truncated" in by_kind:
        body = body[: len(body) // 2]
    if (other := by_kind.get("content_type")) is not None:
        _set_header(start, b"content-type", str(other.params.get("type", "text/html")).encode())
    if start["status"] != 204:
        _set_header(start, b"content-length", str(len(body)).encode())
    await send(start)
    if "reset_body" in by_kind:
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await asyncio.sleep(0.02)  # so that the first half is on its way before the break
        await _break(receive, send)
        return
    await _send_body(body, by_kind.get("slow_body"), send)


async def _send_body(body: bytes, slow: Fault | None, send: Send) -> None:
    step = len(body) or 1
    if slow is not None:
        step = max(1, int(slow.number("bytes_per_second", 200) / 10))
    for place in range(0, len(body), step):
        await send({"type": "http.response.body", "body": body[place : place + step], "more_body": True})
        if slow is not None:
            await asyncio.sleep(0.1)
    await send({"type": "http.response.body", "body": b""})


def _set_header(start: Message, name: bytes, value: bytes) -> None:
    start["headers"] = [pair for pair in start["headers"] if pair[0].lower() != name] + [(name, value)]


async def _break(receive: Receive, send: Send) -> None:
    """Resets the connection; uvicorn's `send` is bound to the exchange that holds the transport."""
    transport: Any = send.__self__.transport  # type: ignore[attr-defined]  # the protocol hides its transport
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass  # until the server has noticed too


def _url(scope: Scope) -> str:
    host = dict(scope["headers"]).get(b"host", b"sandbox").decode()
    query = scope.get("query_string", b"").decode()
    return f"http://{host}{scope['path']}" + (f"?{query}" if query else "")


def meddle(world: World, fault: Fault, path: str) -> None:
    """Other people change things while somebody reads the pages."""
    account = world.account(path.split("/")[1])
    for _ in range(int(fault.number("count", 1))):
        job = str(fault.params.get("job") or next(iter(account.jobs)))
        candidates = account.job_ids.get(job) or account.ids
        number = hex_id(candidates[len(candidates) // 2])
        what = fault.params.get("do", "edit")
        if what == "create":
            account.create_candidate(job, cause="hook")
        elif what == "delete":
            account.delete(number, cause="hook")
        elif what == "move":
            stages = account.stages_of(account.candidate(number).job)
            account.move(number, stages[-2].slug, cause="hook")
        else:
            account.edit(number, {"headline": "Changed between pages"}, cause="hook")
