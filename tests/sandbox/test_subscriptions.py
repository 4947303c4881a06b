"""Subscribing to webhooks, and what then arrives."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from sandbox.webhooks import OAUTH_SECRET
from tests.sandbox.conftest import Start
from tests.sandbox.site import Received, Receiver, Site


def subscribe(site: Site, receiver: Receiver, event: str, **args: str) -> Any:
    body: dict[str, Any] = {"target": f"{receiver.url}/{event}", "event": event}
    if args:
        body["args"] = {"account_id": "acme", "job_shortcode": "", "stage_slug": "", **args}
    answer = site.post("/subscriptions", body)
    assert answer.status_code == 201
    return answer.json()["id"]


def content(received: Received) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(received.body)
    return found


def test_no_subscriptions_is_a_404_with_an_empty_object(site: Site) -> None:
    answer = site.get("/subscriptions")
    assert (answer.status_code, answer.json()) == (404, {})
    site.world.set_switches({"no_subscriptions_status": 200})
    assert site.get("/subscriptions").json() == {"subscriptions": []}


def test_a_target_is_taken_only_once(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_moved")
    body = {"target": f"{receiver.url}/candidate_moved", "event": "candidate_created"}
    assert site.post("/subscriptions", body).status_code == 409
    site.world.set_switches({"target_unique_per": "event"})
    assert site.post("/subscriptions", body).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"subscription": {"target": "https://example.com/a", "event": "candidate_moved"}},
        {"target": "https://example.com/a", "event": "candidate_hired"},
        {"target": "ftp://example.com/a", "event": "candidate_moved"},
        {"target": "https://example.com/a", "event": "candidate_moved", "args": {"account_id": "acme"}},
        {"target": "https://example.com/a", "event": "employee_created", "args": {"account_id": "acme"}},
    ],
)
def test_a_malformed_subscription_is_refused(site: Site, body: dict[str, Any]) -> None:
    answer = site.post("/subscriptions", body)
    assert answer.status_code == 422
    assert isinstance(answer.json()["error"], str)


def test_a_subscription_is_listed_with_its_filters_and_deleted(site: Site, receiver: Receiver) -> None:
    number = subscribe(site, receiver, "candidate_moved", stage_slug="interview")
    row = site.get("/subscriptions").json()["subscriptions"][0]
    assert (row["id"], row["stage_slug"], row["job_shortcode"], row["valid_until"]) == (
        number,
        "interview",
        None,
        None,
    )
    answer = site.call("DELETE", f"/subscriptions/{number}")
    assert (answer.status_code, answer.json()) == (200, {})
    assert site.call("DELETE", f"/subscriptions/{number}").status_code == 404


def test_a_move_is_delivered_signed_with_the_token_in_hex(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_moved")
    number = site.new_candidate()
    site.account.move(number, "interview")
    came = receiver.next()
    wanted = hmac.new(site.token.encode(), came.body, hashlib.sha256).hexdigest()
    assert came.headers["x-workable-signature"] == wanted
    envelope = content(came)
    assert (envelope["event_type"], envelope["resource_type"]) == ("candidate_moved", "candidate")
    assert envelope["id"] == envelope["data"]["id"] == number
    assert envelope["data"] == site.candidate(number)


@pytest.mark.parametrize(("kind", "encoding"), [("account", "base64"), ("oauth", "hex")])
def test_key_and_encoding_follow_token_kind_and_switch(
    start: Start, receiver: Receiver, kind: str, encoding: str
) -> None:
    site = start(f"acme:{kind}", switches={"signature_encoding": encoding})
    subscribe(site, receiver, "candidate_created")
    site.new_candidate()
    came = receiver.next()
    key = OAUTH_SECRET if kind == "oauth" else site.token
    digest = hmac.new(key.encode(), came.body, hashlib.sha256).digest()
    wanted = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert came.headers["x-workable-signature"] == wanted


def test_the_payload_is_read_when_it_is_sent(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_moved")
    site.control("webhooks", hold=True)
    number = site.new_candidate()
    site.account.move(number, "assessment")
    site.account.move(number, "interview")
    assert site.control("webhooks/deliver") == 2
    stages = {content(receiver.next())["data"]["stage"] for _ in range(2)}
    assert stages == {"Interview"}


def test_filters_choose_moves_into_a_stage_and_a_job(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_moved", stage_slug="interview", job_shortcode=site.job())
    number = site.new_candidate()
    elsewhere = site.new_candidate(job=list(site.account.jobs)[1])
    site.account.move(number, "offer")
    site.account.move(elsewhere, "interview")
    site.account.move(number, "interview")
    assert content(receiver.next())["data"]["id"] == number
    assert receiver.nothing_waits()


def test_an_answer_other_than_200_is_repeated(start: Start, receiver: Receiver) -> None:
    site = start(switches={"webhook_retry_seconds": [0.01, 0.01]})
    receiver.statuses = [500, 202]
    subscribe(site, receiver, "candidate_created")
    site.new_candidate()
    bodies = {receiver.next().body for _ in range(3)}
    assert len({json.loads(body)["fired_at"] for body in bodies}) == 1


def test_deliveries_can_be_lost_and_doubled(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_created")
    site.control("webhooks", lose=1)
    site.new_candidate()
    site.control("webhooks", duplicate=1)
    kept = site.new_candidate()
    assert [content(receiver.next())["data"]["id"] for _ in range(2)] == [kept, kept]


def test_held_deliveries_go_out_in_any_order_or_never(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_created")
    site.control("webhooks", hold=True)
    numbers = [site.new_candidate() for _ in range(3)]
    assert site.control("webhooks/lose", count=1) == 1
    site.control("webhooks/deliver", order="newest", count=1)
    assert content(receiver.next())["data"]["id"] == numbers[2]
    site.control("webhooks/deliver")
    assert content(receiver.next())["data"]["id"] == numbers[1]


def test_our_own_writes_echo_unless_the_switch_says_no(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_moved")
    number = site.new_candidate()
    body = {"member_id": site.bot, "target_stage": "offer"}
    site.post(f"/candidates/{number}/move", body)
    assert content(receiver.next())["data"]["stage"] == "Offer"
    site.world.set_switches({"api_changes_fire": False})
    site.post(f"/candidates/{number}/move", {**body, "target_stage": "interview"})
    site.account.move(number, "hired")
    assert content(receiver.next())["data"]["stage"] == "Hired"


def test_a_deleted_candidates_event_has_only_the_id(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_deleted")
    number = site.new_candidate()
    site.account.delete(number)
    assert content(receiver.next())["data"] == {"id": number}


@pytest.mark.parametrize(
    ("fires", "expected"),
    [("deleted_created", {"candidate_deleted", "candidate_created"}), ("moved", {"candidate_moved"})],
)
def test_a_relocation_fires_what_the_switch_says(
    start: Start, receiver: Receiver, fires: str, expected: set[str]
) -> None:
    site = start(switches={"relocate_fires": fires})
    number = site.new_candidate()
    for event in ("candidate_created", "candidate_moved", "candidate_deleted"):
        subscribe(site, receiver, event)
    site.account.relocate(number, list(site.account.jobs)[1])
    assert {content(receiver.next())["event_type"] for _ in expected} == expected


def test_disqualification_fires_only_by_the_switch(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_moved")
    number = site.new_candidate()
    site.account.disqualify(number)
    site.world.set_switches({"disqualify_fires_moved": True})
    site.account.revert(number)
    site.account.disqualify(number)
    assert content(receiver.next())["data"]["disqualified"] is True
    assert receiver.nothing_waits()


def test_a_deleted_job_and_an_employee_event_are_delivered(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "job_deleted")
    site.account.delete_job(site.job("draft"))
    assert content(receiver.next())["resource_type"] == "job"
    subscribe(site, receiver, "employee_published")
    assert site.control("acme/fire_employee", event="employee_published", data={"id": "4d3"}) == 1
    assert content(receiver.next())["data"] == {"id": "4d3"}


def test_revocation_may_end_subscriptions(start: Start, receiver: Receiver) -> None:
    site = start(switches={"revocation_kills_subscriptions": True})
    subscribe(site, receiver, "candidate_moved")
    site.world.revoke_token("acme")
    assert site.account.subscriptions == {}


def test_every_attempt_is_in_the_journal(site: Site, receiver: Receiver) -> None:
    subscribe(site, receiver, "candidate_created")
    number = site.new_candidate()
    receiver.next()
    site.world.postman.close()  # waits for what is under way
    entry = site.world.context.journal.entries(kind="webhook")[0]
    assert (entry["resource"], entry["attempt"], entry["outcome"]) == (number, 1, 200)


def test_a_delivery_that_fails_on_our_side_is_logged(
    site: Site, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(site, receiver, "candidate_created")
    site.world.tokens.clear()  # no key to sign with
    site.new_candidate()
    for _ in range(2000):
        if told := [record.message for record in caplog.records if record.name == "sandbox"]:
            break
        site.settle()
    assert told == ["a delivery failed"]
