"""The web application: the page, `/api/ready`, security headers, and no stack trace in the browser."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import access, words
from storage.ledger.database import LedgerProblem
from storage.settings import SettingsProblem

HERE = Path(__file__).resolve().parent
log = logging.getLogger(__name__)

POLICY = {
    "default-src": "'self'",
    # The page's own scripts compile chart expressions and run workers from blobs.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
    "worker-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADERS = [
    (b"content-security-policy", "; ".join(f"{k} {v}" for k, v in POLICY.items()).encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
]


class SecurityHeaders:
    """Adds the headers to every answer; plain ASGI, so that websockets pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def ready(_request: Request) -> JSONResponse:
    """200 when the ledger can be read, else 503; `/_stcore/health` only tells that the server runs."""
    try:
        board = await anyio.to_thread.run_sync(access.board)
    except (LedgerProblem, SettingsProblem) as problem:
        return JSONResponse({"ok": False, "why": str(problem)}, status_code=503)
    return JSONResponse({"ok": True, "agent_alive": board.agent.is_alive, "customers": len(board.customers)})


def on_script_error(error: Exception) -> bool:
    """True: handled, so that the browser gets a reference number instead of a trace."""
    if isinstance(error, LedgerProblem | SettingsProblem):
        st.error(str(error), title=words.UNUSABLE)
        return True
    reference = uuid4().hex[:8]
    log.error("page error %s", reference, exc_info=error)
    st.error(words.PAGE_ERROR.format(reference=reference), icon=":material/bug_report:")
    return True


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Pay for the imports and the first query before the first visitor comes."""
    from dashboard import customer, overview  # noqa: F401 -- imported for the time it takes

    await anyio.to_thread.run_sync(_warm)
    yield {}


def _warm() -> None:
    try:
        access.board()
    except LedgerProblem as problem:
        log.warning("%s", problem)  # the page shows it, and recovers when the ledger does
    gc.collect()
    gc.freeze()


app = st.App(
    HERE / "app.py",
    lifespan=lifespan,
    routes=[Route("/api/ready", ready)],
    middleware=[Middleware(SecurityHeaders)],
    on_script_error=on_script_error,
)
