"""How the listener treats connections: slow ones end, malformed ones make little noise, cancelled ones no harm."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from agent.listener import protocol, server
from tests.agent.listener_site import OpenSite, Site, moved, sign

HALF_A_HEADER = b"POST /hooks/workable HTTP/1.1\r\nHost: x\r\nX-Workable-Sig"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY_TO_NOWHERE = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"
PATIENCE_SECONDS = 10.0


def connected(site: Site) -> socket.socket:
    return socket.create_connection((site.host, site.port), timeout=PATIENCE_SECONDS)


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    while part := connection.recv(1_000):
        found += part
    return found


def until(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        if happened():
            return
        pause.wait(0.01)
    pytest.fail("it never came")


def drip(connection: socket.socket) -> None:
    """Ten seconds long, unless the other side closes."""
    pause = threading.Event()
    for _ in range(200):
        connection.sendall(b"x")
        pause.wait(0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.5)


@pytest.mark.parametrize("begun", [b"", HALF_A_HEADER], ids=["nothing", "half a header"])
@pytest.mark.usefixtures("impatient")
def test_b49_a_connection_on_which_no_request_becomes_complete_is_closed(site: Site, begun: bytes) -> None:
    with connected(site) as connection:
        connection.sendall(begun)
        assert all_of(connection) == b""


@pytest.mark.parametrize(
    ("first", "more"),
    [(HEALTH, HALF_A_HEADER), (BODY_TO_NOWHERE, b"x")],
    ids=["half a second header", "a body that nobody reads"],
)
@pytest.mark.usefixtures("impatient")
def test_b49_a_connection_that_was_answered_has_no_more_time_for_the_next_request(
    site: Site, first: bytes, more: bytes
) -> None:
    with connected(site) as connection:
        connection.sendall(first)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 ")
        connection.sendall(more)
        all_of(connection)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("begun", [HALF_A_HEADER, BODY_TO_NOWHERE], ids=["header", "unread body"])
def test_b49_a_request_that_drips_in_gets_no_more_time(site: Site, begun: bytes) -> None:
    with connected(site) as connection:
        connection.sendall(begun)
        with pytest.raises(ConnectionError):
            drip(connection)


def test_b49_idle_connections_keep_nobody_out_for_long(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 1.5)  # time enough to be refused meanwhile
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 4)
    site = open_site()
    with ExitStack() as idle:
        held = [idle.enter_context(connected(site)) for _ in range(4)]
        for connection in held:
            connection.sendall(HALF_A_HEADER)
        assert site.post(moved()) == 503
        assert [all_of(connection) for connection in held] == [b""] * 4
        assert site.post(moved()) == 200


@pytest.mark.usefixtures("impatient")
def test_a_body_that_comes_later_than_a_header_may_is_awaited(site: Site) -> None:
    body = moved()
    head = (
        f"POST {site.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"X-Workable-Signature: {sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with connected(site) as connection:
        connection.sendall(head.encode())
        threading.Event().wait(2 * protocol.HEADER_SECONDS)
        connection.sendall(body)
        assert all_of(connection).startswith(b"HTTP/1.1 200")


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def test_malformed_requests_are_counted_and_told_now_and_then(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for _ in range(3):
        with connected(site) as connection:
            connection.sendall(b"\x16\x03\x01 no http\r\n\r\n")
            assert all_of(connection).startswith(b"HTTP/1.1 400")
    site.listener.close()
    told = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.name for record in told] == ["agent.listener.protocol"] * 2
    assert [digits(record.getMessage()) for record in told] == ["1", "2"]


def test_a_request_given_up_at_the_end_is_stored_with_all_that_came_beside_it(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GOODBYE_SECONDS", 0.1)
    site = open_site()
    bodies = [moved(number=number) for number in range(3)]
    with ThreadPoolExecutor(4) as senders:
        with site.ledger.write():  # nothing can be stored meanwhile
            answers = [senders.submit(site.post, body) for body in bodies]
            until(lambda: len(site.listener._server.server_state.tasks) == len(bodies))
            closing = senders.submit(site.listener.close)
            until(lambda: not site.listener._thread.is_alive())
        closing.result(PATIENCE_SECONDS)
    assert [answer.result() for answer in answers] == [500] * 3
    assert sorted(message.body for message in site.waiting()) == sorted(bodies)
