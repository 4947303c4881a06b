"""Connections that keep a deadline for the whole request and never reach a private address unasked."""

import functools
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from agent.addresses import host_and_port
from agent.errors import Blocked

# A read that waits looks this often whether its answer is still wanted.
LOOK_SECONDS = 0.25
# Shorter than servers keep idle connections, so that a write seldom meets one that is just being closed.
IDLE_SECONDS = 4.0


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


class Watch(threading.local):
    """What the request that this thread is making may take: until when, and whether it is still wanted."""

    deadline: float = float("inf")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.is_given_up: Callable[[], bool] = lambda: False

    @contextmanager
    def over(self, seconds: float, is_given_up: Callable[[], bool]) -> Iterator[None]:
        self.deadline, self.is_given_up = self.clock() + seconds, is_given_up
        try:
            yield
        finally:
            self.deadline, self.is_given_up = float("inf"), lambda: False

    @property
    def is_over(self) -> bool:
        return self.clock() >= self.deadline

    def capped(self, timeout: float | None) -> float:
        """The time-out of one socket operation, never past the deadline."""
        left = max(self.deadline - self.clock(), 0.001)
        return left if timeout is None else min(timeout, left)


class Network(httpx.HTTPTransport):
    """httpx's transport over a connection pool of ours; `allow_hosts` are `host:port` that may be private."""

    def __init__(self, allow_hosts: frozenset[str], clock: Callable[[], float] = time.monotonic) -> None:
        # The parent would build a pool without a way to hand it a backend; everything else of it is used.
        self.watch = Watch(clock)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_Backend(allow_hosts, self.watch),
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, allow_hosts: frozenset[str], watch: Watch) -> None:
        self._sockets = httpcore.SyncBackend()
        self._allow_hosts = allow_hosts
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._sockets.connect_tcp(
            host, port, self._watch.capped(timeout), local_address, socket_options
        )
        address = stream.get_extra_info("server_addr")[0]
        name = host_and_port(host, port)
        if name not in self._allow_hosts and not _is_public(address):
            stream.close()
            raise Blocked(
                f"{host} leads to the private address {address}, which the agent must not contact. "
                f"If that is meant, add {name} to IVW_ALLOW_HOSTS."
            )
        return _Stream(stream, self._watch)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, watch: Watch) -> None:
        self._stream = stream
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        clock = self._watch.clock
        end = clock() + self._watch.capped(timeout)
        while not self._watch.is_over:
            if self._watch.is_given_up():
                raise GivenUp
            try:
                return self._stream.read(max_bytes, min(LOOK_SECONDS, max(end - clock(), 0.001)))
            except httpcore.ReadTimeout:
                if clock() >= end:
                    raise
        raise httpcore.ReadTimeout("the deadline of the whole request has passed")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._watch.capped(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._watch.capped(timeout))
        return _Stream(secured, self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _is_public(address: str) -> bool:
    """False as well for what is no address at all."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_global
