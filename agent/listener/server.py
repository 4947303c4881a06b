"""Serves the listener's routes on a thread of its own, until it is closed."""

import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from agent.errors import UsageProblem
from agent.listener.doors import Doors, KeyRing, application
from agent.listener.protocol import Config, Connection
from agent.listener.signatures import SecretProblem
from agent.listener.writer import Writer
from storage.clock import Clock
from storage.ledger.database import Ledger
from storage.settings import Settings
from storage.vault import Vault

MOST_CONNECTIONS = 256  # more are answered 503; with the largest body this bounds the memory
GOODBYE_SECONDS = 3


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class Listener:
    """`on_news` is called from a thread of the listener after something new was stored."""

    def __init__(
        self, settings: Settings, ledger: Ledger, vault: Vault, clock: Clock, on_news: Callable[[], None]
    ) -> None:
        self._address = settings.listen
        self._writer = Writer(ledger, clock, on_news)
        try:
            doors = Doors(settings, KeyRing(ledger, vault, clock), self._writer, clock)
        except SecretProblem as problem:
            raise UsageProblem(str(problem)) from None
        self._config = _config(application(doors))
        self._server = _Server(self._config)
        self._thread = threading.Thread(target=self._serve, name="listener")
        self._socket: socket.socket | None = None

    def start(self) -> tuple[str, int]:
        """Where it listens, once it does. Raises UsageProblem when the address cannot be had."""
        host, _, port = self._address.rpartition(":")
        self._socket = _bound(host.strip("[]"), int(port))
        self._writer.start()
        self._thread.start()
        self._server.listening.wait()
        return host, int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Answer what has come, and end."""
        if self._socket is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._config.malformed.tell()
        self._writer.close()
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run([self._socket] if self._socket else None)
        finally:
            self._server.listening.set()


def _bound(host: str, port: int) -> socket.socket:
    """With the protocol named, because asyncio switches Nagle's delay off only for sockets that name it."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise _not_to_be_had(host, port, error) from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise _not_to_be_had(host, port, error) from error
    made.listen(128)
    return made


def _not_to_be_had(host: str, port: int, error: OSError) -> UsageProblem:
    return UsageProblem(
        f"IVW_LISTEN: nothing can listen on {host}:{port} ({error.strerror or error}). "
        "Choose an address of this machine and a port that is free."
    )


def _config(app: Starlette) -> Config:
    return Config(
        app,
        log_config=None,
        log_level="error",  # below that there is a line for each malformed request
        access_log=False,
        lifespan="off",
        ws="none",
        http=Connection,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
