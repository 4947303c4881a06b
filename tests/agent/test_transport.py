"""The door's behaviour towards a server that misbehaves: what is repeated, what is not, and what error comes."""

import gzip
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import respx

from agent.budget import Budget
from agent.errors import (
    AgentError,
    BadAnswer,
    NeedsPerson,
    NotFound,
    Refused,
    Stopped,
    TryLater,
    UnknownOutcome,
)
from agent.transport import Transport
from tests.agent.conftest import OpenDoor, Scripted
from tests.agent.doors import TOKEN, Step, says


def breaks(connection: socket.socket) -> None:
    """Resets the connection instead of answering."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def never_ends(first: bytes) -> Step:
    """A byte now and then, for ever."""

    def step(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return step


def waits(done: threading.Event) -> None:
    done.wait(10)


def begins(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id":')


@pytest.mark.parametrize("fault", ["server_error", "reset", "reset_body", "html", "truncated"])
def test_a_read_is_repeated_until_it_succeeds(open_door: OpenDoor, fault: str) -> None:
    door = open_door()
    door.fault(fault, "/stages$", times=3)

    assert len(door.workable.stages()) == 8
    assert [one.attempt for one in door.tries] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("server_error", TryLater, "server_error"),
        ("reset", TryLater, "no_answer"),
        ("reset_body", TryLater, "no_answer"),
        ("html", BadAnswer, "bad_answer"),
        ("truncated", BadAnswer, "bad_answer"),
    ],
)
def test_a_read_that_keeps_failing_ends_after_four_tries(
    open_door: OpenDoor, fault: str, error: type[AgentError], code: str
) -> None:
    door = open_door()
    door.fault(fault, "/stages$", times=None)

    with pytest.raises(error) as caught:
        door.workable.stages()
    assert type(caught.value) is error
    assert caught.value.code == code
    assert len(door.tries) == 4


def test_no_answer_is_told_as_status_nought(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("reset", "/stages$")
    door.workable.stages()

    assert door.statuses() == [0, 200]


@pytest.mark.parametrize(("fault", "code"), [("unauthorized", "token_refused"), ("forbidden", "forbidden")])
def test_b28_a_refused_token_or_right_is_asked_for_once_and_needs_a_person(
    open_door: OpenDoor, fault: str, code: str
) -> None:
    door = open_door()
    door.fault(fault, times=None)

    with pytest.raises(NeedsPerson) as caught:
        door.workable.stages()
    assert (caught.value.code, caught.value.exit_code) == (code, 4)
    assert len(door.tries) == 1


def test_b28_a_missing_scope_is_named(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("forbidden")

    with pytest.raises(NeedsPerson, match="the scope r_candidates"):
        next(door.workable.candidates())


class Leaping:
    """A clock on which every look costs some seconds, so that waits for a window pass in no time."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self._step = step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


def test_a_read_after_429_waits_for_the_windows_edge_and_then_succeeds() -> None:
    clock, sent = Leaping(0.5), list[float]()
    budget = Budget(clock=clock)

    def serve(_: httpx.Request) -> httpx.Response:
        sent.append(clock.now)
        # The server's clock: five seconds before an edge at the first request.
        second = 1_784_839_525 + int(clock.now - sent[0])
        status = 429 if len(sent) == 1 else 200
        return httpx.Response(status, json={"a": 1}, headers={"X-Rate-Limit-Reset": str(second + 10)})

    with respx.mock, Transport("https://acme.workable.com/spi/v3", TOKEN, budget=budget) as transport:
        respx.get(path="/spi/v3/stages").mock(side_effect=serve)
        assert transport.get("/stages") == {"a": 1}

    assert 5.0 <= sent[1] - sent[0] < 8.0
    assert budget.snapshot().throttled == 1


def test_b24_when_others_use_up_every_window_the_read_ends_as_rate_limited(scripted: Scripted) -> None:
    script = scripted(says(b'{"error":"Too many requests"}', "429 Too Many Requests"))
    transport = script.transport(budget=Budget(clock=Leaping(2.0)))

    with pytest.raises(TryLater) as caught:
        transport.get("/stages")
    assert caught.value.code == "rate_limited"
    assert caught.value.retry_after is not None
    assert 5 < caught.value.retry_after <= 10
    assert len(script.requests) == 4


def test_404_is_not_repeated(open_door: OpenDoor) -> None:
    door = open_door()

    with pytest.raises(NotFound) as caught:
        door.workable.candidate("ffffff")
    assert not caught.value.is_bare
    assert door.statuses() == [404]


def test_a_write_is_sent_once_and_its_answer_may_be_empty_blank_or_text(scripted: Scripted) -> None:
    script = scripted(
        says(b"", "202 Accepted"),
        says(b" "),
        says(b"done", "200 OK", "Content-Type: text/plain"),
        says(b'{"id":"7"}', "201 Created"),
    )
    transport = script.transport()

    answers = [transport.write("POST", "/candidates/{id}/move", {"n": 1}, ids={"id": "a"}) for _ in range(4)]
    assert [answer.json() for answer in answers] == [None, None, None, {"id": "7"}]
    assert script.requests[0].startswith(b"POST /spi/v3/candidates/a/move HTTP/1.1\r\n")
    assert script.requests[0].endswith(b'\r\n\r\n{"n":1}')


@pytest.mark.parametrize(
    "step",
    [
        breaks,
        begins,
        says(b"", "502 Bad Gateway"),
        says(b"", "408 Request Timeout"),
        says(b"<!doctype html>"),
        never_ends(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
    ],
)
def test_b02_a_write_whose_answer_is_lost_has_an_unknown_outcome_and_is_not_repeated(
    scripted: Scripted, step: Step
) -> None:
    script = scripted(step)

    with pytest.raises(UnknownOutcome):
        script.transport(deadline=0.3).write("POST", "/candidates/{id}/comments", {}, ids={"id": "a"})
    assert len(script.requests) == 1


def test_a_write_that_no_connection_could_be_made_for_surely_did_nothing(scripted: Scripted) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    budget = Budget()
    transport = Transport(f"http://{address}/spi/v3", TOKEN, budget=budget, allow_hosts=frozenset({address}))

    with pytest.raises(TryLater) as caught:
        transport.write("POST", "/candidates", {})
    assert caught.value.code == "unreachable"
    assert budget.snapshot().used == 0


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_definite_refusal_ends_with_workables_words_but_no_address(scripted: Scripted, status: int) -> None:
    body = b'{"error":"Validation failed: lee@example.com is taken"}'
    script = scripted(says(body, f"{status} Refused"))

    with pytest.raises(Refused) as caught:
        script.transport().write("POST", "/candidates", {})
    assert caught.value.status == status
    assert caught.value.sentence.endswith("Validation failed: [e-mail] is taken")
    assert len(script.requests) == 1


def test_a_refusal_whose_words_are_cut_off_is_a_refusal_still(scripted: Scripted) -> None:
    def cut(connection: socket.socket) -> None:
        connection.sendall(b'HTTP/1.1 422 Unprocessable\r\nContent-Length: 99\r\n\r\n{"err')

    with pytest.raises(Refused, match="422"):
        scripted(cut).transport().write("POST", "/candidates", {})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_never_followed(scripted: Scripted, method: str) -> None:
    script = scripted(says(b"", "302 Found", "Location: http://elsewhere.example.com/"))
    transport = script.transport()

    with pytest.raises(NeedsPerson) as caught:
        transport.get("/stages") if method == "GET" else transport.write("POST", "/candidates", {})
    assert caught.value.code == "redirected"
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "first",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"],
    ids=["headers", "body"],
)
def test_an_answer_that_trickles_for_ever_ends_at_the_deadline(scripted: Scripted, first: bytes) -> None:
    script = scripted(never_ends(first))

    with pytest.raises(TryLater) as caught:
        script.transport(deadline=0.3).get("/stages")
    assert caught.value.code == "too_slow"
    assert len(script.requests) == 1


def test_a_server_that_says_nothing_is_given_up_after_the_time_out(scripted: Scripted) -> None:
    done = threading.Event()
    script = scripted(lambda _: waits(done))

    with pytest.raises(TryLater) as caught:
        script.transport(timeout=0.1, max_attempts=1).get("/stages")
    done.set()
    assert caught.value.code == "no_answer"


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_body_beyond_the_size_limit_is_not_read_to_its_end(scripted: Scripted, *, is_packed: bool) -> None:
    body = b'{"stages":"' + b"x" * 3_000_000 + b'"}'
    packed = says(gzip.compress(body), "200 OK", "Content-Encoding: gzip")
    script = scripted(packed if is_packed else says(body))

    with pytest.raises(TryLater) as caught:
        script.transport(max_body_bytes=1_000_000).get("/stages")
    assert caught.value.code == "too_large"
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null\n<",
        b'{"stages":[',
        b'{"stages":"\xff"}',
        b"[" * 100_000,
        b"\n\t<html>",
        b"\xef\xbb\xbf<html>",
    ],
)
def test_b21_what_is_no_whole_json_is_a_bad_answer_and_never_nothing(scripted: Scripted, body: bytes) -> None:
    script = scripted(says(body))

    with pytest.raises(BadAnswer):
        script.transport(max_attempts=2).get("/stages")
    assert len(script.requests) == 2


def test_the_content_type_is_not_what_decides(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("content_type", "/stages$")

    assert len(door.workable.stages()) == 8


def test_a_byte_order_mark_does_no_harm(scripted: Scripted) -> None:
    script = scripted(says(b'\xef\xbb\xbf{"a": 1}'))

    assert script.transport().get("/stages") == {"a": 1}


def test_garbled_compression_is_a_passing_trouble(scripted: Scripted) -> None:
    script = scripted(says(b"no gzip", "200 OK", "Content-Encoding: gzip"), says(b"{}"))

    assert script.transport().get("/stages") == {}


def test_a_stop_ends_a_read_that_waits_for_its_answer(scripted: Scripted) -> None:
    stop = threading.Event()
    script = scripted(never_ends(b"HTTP/1.1 200 OK\r\nX-Slow: "))
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(script.transport(stop=stop).get, "/stages")
        while not script.requests:
            time.sleep(0.001)
        stop.set()
        with pytest.raises(Stopped):
            reading.result()


def test_a_stop_ends_the_pause_between_tries(scripted: Scripted) -> None:
    stop = threading.Event()
    script = scripted(says(b"", "503 Busy"))
    transport = script.transport(stop=stop, backoff=lambda _: 3600.0)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(transport.get, "/stages")
        while not script.requests:
            time.sleep(0.001)
        stop.set()
        with pytest.raises(Stopped):
            reading.result()
