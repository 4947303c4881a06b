"""What the listener lets in, keeps before it answers, and turns away."""

import base64
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest

from agent.errors import UsageProblem
from agent.listener import Listener
from agent.listener.doors import LARGEST_BODY
from storage.ledger import accounts, hooks, inbox
from tests.agent.listener_site import (
    APPLICATION,
    MOVED,
    NOON,
    OpenSite,
    Site,
    callback_headers,
    mac,
    moved,
    sign,
)


@pytest.mark.parametrize(
    "encoded",
    [lambda m: m.hex(), lambda m: m.hex().upper(), lambda m: base64.b64encode(m).decode()],
    ids=["hex", "upper-case hex", "base64"],
)
def test_a_signed_message_is_in_the_inbox_once_it_is_answered(
    site: Site, encoded: Callable[[bytes], str]
) -> None:
    body = moved()
    assert site.post(body, encoded(mac(body))) == 200
    (message,) = site.waiting()
    assert (message.event, message.resource_id, message.body) == (MOVED, "27270001", body)
    assert (site.hook().deliveries, site.hook().last_delivery_at, site.news) == (1, NOON, 1)


def test_b49_an_unsigned_or_wrongly_signed_message_is_refused_and_counted(site: Site) -> None:
    body = moved()
    for signature in ("", "nonsense", sign(body, "another-token"), sign(body)[:-1], "ü"):
        assert site.post(body, signature) == 401
    assert site.send("POST", site.path, body).status == 401
    assert site.post(body) == 200  # the counting is done in its turn, before this
    assert (site.hook().refused, len(site.waiting())) == (6, 1)


def test_b49_an_altered_message_is_refused(site: Site) -> None:
    assert site.post(moved(stage="Hired"), sign(moved())) == 401
    assert site.waiting() == []


def test_b49_a_replayed_message_is_answered_200_and_kept_once_even_after_it_was_dealt_with(
    site: Site,
) -> None:
    assert site.post(moved()) == 200
    with site.ledger.write() as tx:
        inbox.done(tx, site.waiting()[0].inbox_id, "read", NOON)
    assert site.post(moved()) == 200
    assert site.waiting() == []


def test_b49_an_oversized_message_is_refused_before_it_is_sent(site: Site) -> None:
    head = f"POST {site.path} HTTP/1.1\r\nHost: x\r\nX-Workable-Signature: 00\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n"
    with socket.create_connection((site.host, site.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert site.waiting() == []


def test_b49_an_oversized_message_of_unknown_length_is_refused_on_the_way(site: Site) -> None:
    head = f"POST {site.path} HTTP/1.1\r\nHost: x\r\nX-Workable-Signature: 00\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = LARGEST_BODY + 1
    with socket.create_connection((site.host, site.port), timeout=10) as connection:
        connection.sendall(head.encode() + f"{size:x}\r\n".encode() + b"x" * size)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert site.waiting() == []


def test_a_message_of_the_largest_size_is_taken(site: Site) -> None:
    body = moved(summary="x" * (LARGEST_BODY - len(moved(summary=""))))
    assert len(body) == LARGEST_BODY
    assert site.post(body) == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"/hooks/workable/acme/{MOVED}/wrong", 404),
        ("POST", "/hooks/workable/acme/candidate_created/{secret}", 404),
        ("POST", f"/hooks/workable/globex/{MOVED}/{{secret}}", 404),
        ("POST", f"/hooks/workable/acme/{MOVED}/{{secret}}/", 404),
        ("GET", f"/hooks/workable/acme/{MOVED}/{{secret}}", 405),
        ("POST", "/hooks/platform", 405),
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/healthz", 200),
    ],
)
def test_only_known_paths_are_served_and_answers_are_short(
    site: Site, method: str, path: str, status: int
) -> None:
    body = moved()
    answer = site.send(method, path.format(secret=site.secret), body, {"X-Workable-Signature": sign(body)})
    assert answer.status == status
    assert answer.getheader("Server") is None
    assert int(answer.getheader("Content-Length") or 0) < 60
    assert site.waiting() == []


def test_an_empty_message_is_refused(site: Site) -> None:
    assert site.post(b"") == 400


def test_a_signed_message_that_is_no_json_is_kept_for_those_who_look_into_it(site: Site) -> None:
    assert site.post(b"\xff{") == 200
    assert [message.resource_id for message in site.waiting()] == [""]


def test_a_replaced_token_signs_for_seven_days(site: Site) -> None:
    site.now = NOON + timedelta(days=1)
    site.connect("another-invented-token")
    site.now = NOON + timedelta(days=7, hours=23)
    assert site.post(moved(), sign(moved())) == 200
    assert site.post(moved(stage="Offer"), sign(moved(stage="Offer"), "another-invented-token")) == 200


def test_a_token_replaced_longer_ago_or_destroyed_signs_no_more(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.listener.doors.KEYS_SECONDS", 0.0)
    site = open_site()
    site.connect("another-invented-token")
    assert site.post(moved()) == 200
    site.now = NOON + timedelta(days=7, seconds=1)
    assert site.post(moved()) == 401
    assert site.post(moved(stage="Offer"), sign(moved(stage="Offer"), "another-invented-token")) == 200
    with site.ledger.write() as tx:
        accounts.destroy_tokens(tx, "acme", site.now)
    assert site.post(moved(stage="Hired"), sign(moved(stage="Hired"), "another-invented-token")) == 401


@pytest.mark.parametrize(("kind", "status"), [("oauth", 200), ("partner", 200), ("account", 401)])
def test_the_applications_secret_signs_for_accounts_connected_through_it(
    open_site: OpenSite, kind: str, status: int
) -> None:
    site = open_site()
    site.connect("another-invented-token", kind)
    with site.ledger.write() as tx:
        tx.execute(hooks.K.update().values(kind=kind))
    assert site.post(moved(), sign(moved(), APPLICATION)) == status


def test_a_full_ledger_is_answered_503_so_that_it_is_sent_again(site: Site) -> None:
    with site.ledger.write() as tx:
        tx.exec_driver_sql("PRAGMA max_page_count=1")  # as many as there are now
    body = moved(summary="x" * 500_000)
    assert site.post(body) == 503
    with site.ledger.write() as tx:
        tx.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert site.post(body) == 200
    assert len(site.waiting()) == 1


def test_messages_that_come_together_are_all_kept(site: Site) -> None:
    bodies = [moved(number=number) for number in range(200)]
    with ThreadPoolExecutor(20) as senders:
        assert set(senders.map(site.post, bodies)) == {200}
    assert sorted(message.body for message in site.waiting()) == sorted(bodies)
    assert site.hook().deliveries == 200


def test_a_callback_of_the_platform_is_kept_once(site: Site) -> None:
    body = b'{"interview_id":"int-000001","status":"completed"}'
    assert site.call_back(body) == 200
    assert site.call_back(body) == 200
    assert site.call_back(body, before="v1,AAAA v1a,BBBB ", message_id="msg_2") == 200
    assert [(m.event, m.resource_id, m.body) for m in site.waiting("")] == [
        ("interview", "int-000001", body)
    ] * 2


def test_b49_a_callback_that_is_unsigned_altered_or_old_is_refused(site: Site) -> None:
    body = b'{"interview_id":"int-000001"}'
    assert site.send("PUT", "/hooks/platform", body).status == 401
    assert site.call_back(body, key=b"another key") == 401
    assert site.call_back(body, signed=b"{}") == 401
    for minutes in (-6, 6):
        old = callback_headers(body, NOON + timedelta(minutes=minutes))
        assert site.send("PUT", "/hooks/platform", body, old).status == 401
    nonsense = callback_headers(body, NOON) | {"webhook-timestamp": "soon"}
    assert site.send("PUT", "/hooks/platform", body, nonsense).status == 401
    assert site.waiting("") == []


def test_without_a_callback_secret_there_is_no_door_for_callbacks(open_site: OpenSite) -> None:
    assert open_site(platform_callback_secret="").call_back(b"{}") == 404


def test_a_callback_secret_that_is_none_is_told_at_the_start(open_site: OpenSite) -> None:
    with pytest.raises(UsageProblem, match="whsec_"):
        open_site(platform_callback_secret="whsec_???")


def test_an_address_that_is_taken_is_told_at_the_start(site: Site) -> None:
    taken = msgspec.structs.replace(site.settings, listen=f"127.0.0.1:{site.port}")
    other = Listener(taken, site.ledger, site.vault, lambda: NOON, lambda: None)
    with pytest.raises(UsageProblem, match=str(site.port)):
        other.start()
    other.close()


def test_after_closing_nobody_listens(site: Site) -> None:
    site.listener.close()
    with pytest.raises(ConnectionRefusedError):
        site.send("GET", "/healthz")


def test_no_secret_of_a_path_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    site.post(moved())
    site.post(moved(), "wrong")
    assert site.secret not in caplog.text
