"""Serves a world over real sockets, in this process or for the command line."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from sandbox import (
    routes_control,
    routes_members,
    routes_platform,
    routes_read,
    routes_subscriptions,
    routes_write,
)
from sandbox.api import answer, routes
from sandbox.faults import FaultLayer
from sandbox.life import Life
from sandbox.world import World

ROUTE_MODULES = (routes_read, routes_write, routes_members, routes_subscriptions)


class Running:
    """A world that is being served; the addresses are those a client needs."""

    def __init__(self, world: World, host: str, port: int) -> None:
        self.world = world
        self.host = host
        self.port = port
        self.root = f"http://{host}:{port}"
        self.platform_url = f"{self.root}/platform"
        self.control_url = f"{self.root}/control"

    def base_url(self, subdomain: str) -> str:
        return f"{self.root}/{subdomain}/spi/v3"

    def token(self, subdomain: str) -> str:
        return self.world.token(subdomain).value


class _Server(uvicorn.Server):
    """Says when it is listening, and ends at once: clients that still wait are cut off."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.listening.set()

    async def main_loop(self) -> None:
        await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        for listener in sockets or []:
            listener.close()

    def end(self) -> None:
        """Callable from any thread once it listens."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)


def application(world: World, life: Life) -> FaultLayer:
    async def unknown(request: Request, _: Exception) -> Response:
        with world.context.guard:
            world.note_request(request, 404, None)
        return answer({"error": "Not found"}, 404)

    every = [*routes_control.routes(world, life), *routes_platform.routes(world), *routes(world)]
    return FaultLayer(Starlette(routes=every, exception_handlers={404: unknown, 405: unknown}), world)


@contextmanager
def serve(
    world: World, host: str = "127.0.0.1", port: int = 0, *, life: float | None = None
) -> Iterator[Running]:
    """Until the block is left; port 0 lets the system choose. Closes the world at the end.

    `life` is the mean gap in seconds between things that happen by themselves.
    """
    listener = _listen(host, port)
    events = Life(world, world.seed)
    server = _Server(_config(application(world, events)))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox-http", daemon=True)
    world.context.scheduler.start()
    world.platform.resume()
    if life is not None:
        events.begin(life)
    thread.start()
    server.listening.wait()
    try:
        yield Running(world, host, listener.getsockname()[1])
    finally:
        server.end()
        thread.join()
        world.close()


def _listen(host: str, port: int) -> socket.socket:
    """With the protocol named, because asyncio switches Nagle's delay off only for sockets that name it."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener


def _config(app: FaultLayer) -> uvicorn.Config:
    """Plain HTTP/1.1; the Date header is the world's own, which may be skewed."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        date_header=False,
        server_header=False,
    )
