"""A transport with a real server behind it: the sandbox, or a few scripted answers on a socket."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.budget import Budget
from agent.transport import Transport, Try
from agent.workable import Workable
from sandbox import Running, World

TOKEN = "invented-token-of-a-test"
Step = Callable[[socket.socket], None]


@dataclass
class Door:
    """The sandbox's account `acme`, seen through the agent's door; `tries` are the calls that were made."""

    running: Running
    world: World
    transport: Transport
    budget: Budget
    tries: list[Try]

    @property
    def workable(self) -> Workable:
        return Workable(self.transport, "acme")

    def fault(self, kind: str, match: str = "", **spec: Any) -> None:
        self.world.faults.add({"kind": kind, "match": match, **spec})

    def statuses(self) -> list[int]:
        return [one.status for one in self.tries]


def door_to(running: Running, *, budget: Budget | None = None, **options: Any) -> Door:
    """Waits nothing between tries; the limits are those of the world."""
    tries: list[Try] = []
    budget = budget or Budget()
    transport = Transport(
        running.base_url("acme"),
        options.pop("token", running.token("acme")),
        budget=budget,
        allow_hosts=frozenset({f"{running.host}:{running.port}"}),
        backoff=lambda _: 0.0,
        on_request=tries.append,
        **options,
    )
    return Door(running, running.world, transport, budget, tries)


@dataclass
class Script:
    """A server that does one step for each connection and keeps what was asked; the last step is repeated."""

    steps: list[Step]
    requests: list[bytes] = field(default_factory=list)
    _transports: list[Transport] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def transport(self, **options: Any) -> Transport:
        """Waits nothing between tries; closed with the script."""
        opened = Transport(
            f"http://{self.address}/spi/v3",
            TOKEN,
            allow_hosts=frozenset({self.address}),
            **{"budget": Budget(), "backoff": lambda _: 0.0, **options},
        )
        self._transports.append(opened)
        return opened

    def close(self) -> None:
        for transport in self._transports:
            transport.close()
        self._stop.set()
        with socket.create_connection(self._listener.getsockname()):
            pass  # wakes the accept below
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._stop.is_set():
                    return
                try:
                    self.requests.append(_request(connection))
                    step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                    step(connection)
                except OSError:
                    continue  # the client has hung up, as some tests want


def _request(connection: socket.socket) -> bytes:
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionResetError
    return data


def says(body: bytes, status: str = "200 OK", *headers: str) -> Step:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(answer)
