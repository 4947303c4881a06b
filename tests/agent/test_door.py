"""What the door lets through: hosts, paths, tokens, what is logged and what is counted."""

import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from agent.budget import Budget, Lane
from agent.errors import (
    Blocked,
    NeedsPerson,
    NotFound,
    UsageProblem,
)
from agent.jsontext import decode
from agent.redaction import RedactingFilter
from agent.transport import Transport
from tests.agent.conftest import OpenDoor, Scripted
from tests.agent.doors import TOKEN, says


@pytest.mark.parametrize(
    "base_url",
    [
        "http://acme.workable.com/spi/v3",
        "https://acme.workable.com.example.com/spi/v3",
        "https://workable.example.com/spi/v3",
        "https://evilworkable.com/spi/v3",
        "https://127.0.0.1/spi/v3",
        "http://127.0.0.1:8701/acme/spi/v3",
        "https://[::1]/spi/v3",
    ],
)
def test_b43_only_https_hosts_of_workable_and_hosts_on_the_list_are_contacted(base_url: str) -> None:
    with pytest.raises(Blocked) as caught:
        Transport(base_url, TOKEN, budget=Budget(), allow_hosts=frozenset({"127.0.0.1:8700"}))
    assert caught.value.code == "host_not_allowed"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "acme",
        "ftp://acme.workable.com",
        "https://u:p@acme.workable.com/spi/v3",
        "https://acme.workable.com/spi/v3?x=1",
        "https://acme.workable.com:port/spi/v3",
        "https:///spi/v3",
    ],
)
def test_what_is_no_api_root_is_a_usage_problem(base_url: str) -> None:
    with pytest.raises(UsageProblem):
        Transport(base_url, TOKEN, budget=Budget())


def test_a_workable_name_that_leads_to_a_private_address_is_not_contacted(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(says(b"{}"))
    port = int(script.address.rpartition(":")[2])
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **more: resolve("127.0.0.1", *rest, **more))
    transport = Transport(f"https://acme.workable.com:{port}/spi/v3", TOKEN, budget=Budget())

    with pytest.raises(Blocked, match=r"private address 127\.0\.0\.1"):
        transport.get("/stages")
    # Nothing was said on the connection: the server still waits for a request.
    assert script.requests == []


@pytest.mark.parametrize("bad_id", ["", ".", ".."])
def test_an_id_cannot_climb_out_of_its_place_in_the_path(scripted: Scripted, bad_id: str) -> None:
    script = scripted(says(b"{}"))

    with pytest.raises(UsageProblem):
        script.transport().get("/candidates/{id}", ids={"id": bad_id})
    script.transport().get("/candidates/{id}", ids={"id": "a/../b?c#d"})
    assert script.requests[0].startswith(b"GET /spi/v3/candidates/a%2F..%2Fb%3Fc%23d HTTP/1.1")


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tökén"])
def test_what_cannot_be_a_token_is_refused_before_it_is_sent(token: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        Transport("https://acme.workable.com/spi/v3", token, budget=Budget())
    assert not token or token not in caught.value.sentence


def test_token_and_client_id_travel_as_headers(scripted: Scripted) -> None:
    script = scripted(says(b"{}"))
    script.transport(client_id="partner-uid").get("/stages")

    assert f"authorization: bearer {TOKEN}".encode() in script.requests[0].lower()
    assert b"x-workable-client-id: partner-uid" in script.requests[0].lower()


def test_b46_neither_token_nor_query_reach_the_log(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="agent.transport")
    script = scripted(says(b"", "500 Broken"), says(b"{}"))
    script.transport().get(
        "/members/{email}", ids={"email": "lee@example.com"}, params={"email": "kim@example.com"}
    )

    assert "GET /spi/v3/members/[e-mail] 500" in caplog.text
    assert "GET /spi/v3/members/[e-mail] 200" in caplog.text
    for secret in (TOKEN, "kim", "lee", "?"):
        assert secret not in caplog.text


def test_b46_the_token_is_hidden_wherever_else_it_might_be_logged(caplog: pytest.LogCaptureFixture) -> None:
    token = "sesame-sesame-sesame"
    Transport("https://acme.workable.com/spi/v3", token, budget=Budget())
    caplog.handler.addFilter(RedactingFilter())
    logging.getLogger("somewhere").error("sent %s", {"x": token})

    assert token not in caplog.text
    assert "[hidden]" in caplog.text


def test_who_counts_is_told_of_its_own_calls_and_the_first_listener_of_all(open_door: OpenDoor) -> None:
    door = open_door()
    counted: list[int] = []
    door.workable.counting(lambda one: counted.append(one.status)).stages()
    door.workable.recruiters()

    assert counted == [200]
    assert [one.template for one in door.tries] == ["/stages", "/recruiters"]


def test_statistics_show_the_paths_template_and_not_the_id(open_door: OpenDoor) -> None:
    door = open_door()
    with pytest.raises(NotFound):
        door.workable.candidate("abc123")

    assert door.tries[0].template == "/candidates/{id}"
    assert door.tries[0].milliseconds > 0


def test_a_read_that_its_caller_cannot_decode_is_asked_for_again(scripted: Scripted) -> None:
    script = scripted(says(b'{"a":"text"}'), says(b'{"a":7}'))

    assert script.transport().read("/x", lambda body: decode(body, dict[str, int])) == {"a": 7}


class Patient(threading.Event):
    """Is never set, and every wait for it is over at once but remembered."""

    waited = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited += timeout or 0.0
        return False


def test_a_busy_server_that_names_a_time_is_given_that_time(scripted: Scripted) -> None:
    stop = Patient()
    script = scripted(says(b"", "503 Busy", "Retry-After: 7"), says(b"{}"))
    script.transport(stop=stop).get("/stages")

    assert stop.waited == pytest.approx(7.0)


def test_many_threads_at_once_share_the_door_and_stay_within_the_limit(open_door: OpenDoor) -> None:
    door = open_door(switches={"rate": "partner"})
    with ThreadPoolExecutor(8) as pool:
        stages = list(pool.map(lambda _: len(door.workable.stages()), range(40)))

    assert stages == [8] * 40
    assert 429 not in door.statuses()
    assert door.budget.snapshot().throttled == 0


def test_a_refused_call_gives_its_place_in_the_budget_back(open_door: OpenDoor) -> None:
    door = open_door(door={"token": "no-such-token"})
    with pytest.raises(NeedsPerson):
        door.workable.stages()

    with pytest.raises(NeedsPerson):
        door.transport.get("/stages", lane=Lane.BACKFILL)
    assert door.statuses() == [401, 401]


def test_a_body_is_sent_as_json(scripted: Scripted) -> None:
    script = scripted(says(b"{}"))
    script.transport().write("PUT", "/x", {"name": "Ünal"}, headers={"Idempotency-Key": "k1"})
    head, _, body = script.requests[0].partition(b"\r\n\r\n")

    assert msgspec.json.decode(body) == {"name": "Ünal"}
    assert b"content-type: application/json" in head.lower()
    assert b"idempotency-key: k1" in head.lower()
