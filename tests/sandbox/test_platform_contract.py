"""The pretend platform and the client of the real one, both held against the written contract."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it ships no types

from agent.errors import NeedsPerson, NotFound, Refused
from agent.platform import Platform, open_platform, read_callback
from storage.settings import Settings
from tests.sandbox.conftest import Start
from tests.sandbox.contract import BrokenContractError, Contract
from tests.sandbox.site import Receiver, Site

INVITATION: dict[str, Any] = {
    "template_id": "tpl-general",
    "job_shortcode": "AB12",
    "job_title": "Baker",
    "external_id": "ivw-1",
    "candidate": {"first_name": "Ann", "last_name": "One", "email": "ann@example.com", "phone": None},
}
LONG_AGO = datetime(2020, 1, 1, 12, tzinfo=UTC)


@dataclass
class Held:
    """A platform whose every exchange with the client is held against the contract as it happens."""

    site: Site
    platform: Platform
    contract: Contract
    root: str

    def raw(self, method: str, path: str, **kwargs: Any) -> int:
        """A request that the client would not make; the answer is held all the same."""
        answer = self.site.platform(method, path, **kwargs)
        operation, _, _ = self.contract._operation(method.lower(), path.partition("?")[0])
        self.contract._hold_answer(operation, answer)
        return answer.status_code


@pytest.fixture
def held(start: Start) -> Iterator[Held]:
    site = start()
    site.control("platform/settings", progress=False)
    running = site.running
    settings = Settings(
        platform_url=running.platform_url,
        platform_token=site.world.platform.token,
        allow_hosts=f"{running.host}:{running.port}",
    )
    platform = open_platform(settings, stop=Event())
    assert platform is not None
    contract = Contract()

    def hold(response: httpx.Response) -> None:
        response.read()
        contract.hold(running.platform_url, response.request, response)

    platform._transport._client.event_hooks = {"response": [hold]}
    yield Held(site, platform, contract, running.platform_url)
    platform.close()


def test_every_schema_of_the_contract_is_one_and_every_reference_leads_somewhere() -> None:
    contract = Contract()
    for schema in contract.document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(contract.document)
    references = {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references
    for reference in references:
        assert contract._resolved({"$ref": reference})


def test_every_operation_of_the_contract_is_called_by_the_client_and_answered_as_it_says(held: Held) -> None:
    platform = held.platform
    assert platform.templates()
    first = platform.create(INVITATION, "k1")
    assert platform.create(INVITATION, "k1") == first
    other = platform.create({**INVITATION, "external_id": "ivw-2"}, "k2")
    held.site.control("platform/complete", number=first.interview_id, score=77)
    platform.cancel(other.interview_id)
    assert platform.find("ivw-1") is not None
    assert len([row for page in platform.changed(LONG_AGO) for row in page]) == 2
    held.site.control("platform/add_applicant", job_shortcode="AB12")
    assert [len(page) for page in platform.applicants(LONG_AGO)] == [1]
    platform.put_member("ann@example.com", "Ann One", "admin")
    platform.put_member("ann@example.com", "Ann One", "admin")
    platform.put_member("bea+hr@example.com", "Bea Two", "viewer")
    platform.deactivate_member("bea+hr@example.com")
    platform.erase("ivw-1")

    used = {one.partition(" ")[0] for one in held.contract.used}
    assert used == set(held.contract.operations())
    assert {
        "createInterview 200",
        "createInterview 201",
        "putMember 200",
        "putMember 201",
    } <= held.contract.used


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda p: p.create({**INVITATION, "template_id": "none"}, "k9"), "createInterview 422"),
        (lambda p: p.create({**INVITATION, "job_title": "Cook"}, "k1"), "createInterview 409"),
        (lambda p: p.cancel("none"), "cancelInterview 404"),
        (lambda p: p.cancel("int-000001"), "cancelInterview 409"),
        (lambda p: p.deactivate_member("nobody@example.com"), "deactivateMember 404"),
        (lambda p: p.deactivate_member("ann@example.com"), "deactivateMember 409"),
    ],
)
def test_what_the_platform_refuses_is_refused_in_the_contracts_words(
    held: Held, call: Callable[[Platform], object], operation: str
) -> None:
    held.site.control("platform/complete", number=held.platform.create(INVITATION, "k1").interview_id)
    held.platform.put_member("ann@example.com", "Ann One", "admin")

    with pytest.raises((Refused, NotFound)):
        call(held.platform)
    assert operation in held.contract.used


def test_a_token_that_is_refused_is_refused_in_the_contracts_words(held: Held) -> None:
    held.site.world.platform.token = "another-token-of-a-test"

    with pytest.raises(NeedsPerson):
        held.platform.templates()
    assert held.contract.used == {"listTemplates 401"}


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ({"kind": "rate_limited", "params": {"retry_after": 0}}, "listTemplates 429"),
        ({"kind": "server_error"}, "listTemplates 500"),
    ],
)
def test_trouble_that_passes_is_told_in_the_contracts_words(
    held: Held, fault: dict[str, Any], operation: str
) -> None:
    held.site.world.faults.add({"match": "templates", **fault})

    assert held.raw("GET", "/interview-templates") == int(operation.split()[1])


@pytest.mark.parametrize(
    ("method", "path", "kwargs"),
    [
        ("POST", "/interviews", {"content": b"{"}),
        ("POST", "/interviews", {"json": []}),
        ("GET", "/interviews?limit=1000", {}),
        ("GET", "/interviews?cursor=never", {}),
        ("GET", "/applicants?created_after=soon", {}),
        ("PUT", "/members/ann@example.com", {"json": {"name": "Ann", "role": "owner", "source": "workable"}}),
        ("DELETE", "/candidates", {}),
    ],
)
def test_a_request_outside_the_contract_gets_an_answer_inside_it(
    held: Held, method: str, path: str, kwargs: dict[str, Any]
) -> None:
    assert held.raw(method, path, **kwargs) == 422


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/interviews")])
def test_what_the_platform_does_not_have_is_told_in_its_own_words(held: Held, method: str, path: str) -> None:
    answer = held.site.platform(method, path)

    assert answer.status_code == 404
    held.contract._validate({"$ref": "#/components/schemas/Error"}, answer.json())


def test_news_comes_as_the_contract_says_and_is_understood(held: Held, receiver: Receiver) -> None:
    invitation = {**INVITATION, "callback_url": f"{receiver.url}/news"}
    number = held.platform.create(invitation, "k1").interview_id
    held.site.control("platform/start", number=number)
    came = [receiver.next()]
    held.site.control("platform/complete", number=number, score=91)
    came.append(receiver.next())
    held.site.control("platform/amend", number=number, score=12)
    came.append(receiver.next())

    for news in came:
        held.contract.hold_news(news.method, news.headers, news.body)
    assert [read_callback(news.body)[:3] for news in came] == [
        (number, "started", 1),
        (number, "completed", 1),
        (number, "completed", 2),
    ]
    results = [read_callback(news.body)[3] for news in came]
    assert [result and result.score for result in results] == [None, 91, 12]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"interview_templates": [{"id": 7, "name": "x"}]}, "7 is not of type"),
        ({"interview_templates": [], "more": 1}, "more"),
        ({}, "required"),
    ],
)
def test_an_answer_outside_the_contract_is_noticed(answer: Any, complaint: str) -> None:
    with pytest.raises(BrokenContractError, match=complaint):
        exchange("GET", "/interview-templates", answer=answer)


@pytest.mark.parametrize(
    ("method", "path", "request_", "complaint"),
    [
        ("GET", "/interview-templates?page=2", {}, "page"),
        ("GET", "/templates", {}, "no get /templates"),
        ("POST", "/interviews", {"json": INVITATION}, "Idempotency-Key is missing"),
        (
            "POST",
            "/interviews",
            {"json": {**INVITATION, "token": 1}, "headers": {"Idempotency-Key": "k"}},
            "token",
        ),
        ("DELETE", "/candidates", {}, "external_id is missing"),
        ("GET", "/interviews?limit=101", {}, "101"),
        ("GET", "/interviews?updated_after=yesterday", {}, "yesterday"),
    ],
)
def test_a_request_outside_the_contract_is_noticed(
    method: str, path: str, request_: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BrokenContractError, match=complaint):
        exchange(method, path, request_)


def exchange(method: str, path: str, request_: dict[str, Any] | None = None, answer: Any = None) -> None:
    root = "https://interviews.example.com"
    asked = {"headers": {}, **(request_ or {})}
    asked["headers"]["Authorization"] = "Bearer invented-token-of-a-test"
    request = httpx.Request(method, root + path, **asked)
    Contract().hold(root, request, httpx.Response(200, json=answer))
