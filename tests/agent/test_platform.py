"""The interview platform's client: over real HTTP to the pretend platform, and to a few scripted answers."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from agent.budget import Budget
from agent.errors import (
    BadAnswer,
    NeedsPerson,
    NotFound,
    Refused,
    TryLater,
    UnknownOutcome,
)
from agent.platform import SERVICE, Platform
from agent.transport import Transport
from sandbox import Running, World, serve
from tests.agent.conftest import Scripted
from tests.agent.doors import TOKEN, says
from tests.agent.platforms import ROW, page

EMAIL = "o'hara+ann@example.com"
INVITATION: dict[str, Any] = {
    "template_id": "tpl-general",
    "job_shortcode": "AB12",
    "job_title": "Baker",
    "external_id": "ivw-1",
    "candidate": {"first_name": "Ann", "last_name": "O'Hara", "email": EMAIL},
}


@dataclass
class Site:
    running: Running
    world: World
    platform: Platform

    def fault(self, kind: str, match: str = "/platform/", **spec: Any) -> None:
        self.world.faults.add({"kind": kind, "match": match, **spec})

    def calls(self) -> list[str]:
        entries = self.world.context.journal.entries(kind="request")
        return [f"{entry['method']} {entry['path']}" for entry in entries]


@pytest.fixture
def site() -> Iterator[Site]:
    """A platform on which nothing happens by itself, and a client that waits nothing between tries."""
    with ExitStack() as stack:
        world = World(candidates=1, jobs=1)
        world.platform.configure({"progress": False})
        running = stack.enter_context(serve(world))
        transport = Transport(
            running.platform_url,
            world.platform.token,
            budget=Budget(share=1.0, assumed_limit=1000),
            allow_hosts=frozenset({f"{running.host}:{running.port}"}),
            backoff=lambda _: 0.0,
            service=SERVICE,
        )
        stack.callback(transport.close)
        yield Site(running, world, Platform(transport))


def test_templates_are_listed_by_id_and_name(site: Site) -> None:
    found = {one.template_id: one.name for one in site.platform.templates()}

    assert found["tpl-general"] == "General interview"
    assert len(found) == 3


@pytest.mark.parametrize("rows", [[{"name": "x"}], [{"id": "tpl-1", "name": "x"}, 7], [{"id": ""}]])
def test_templates_that_cannot_all_be_read_are_none(scripted: Scripted, rows: list[Any]) -> None:
    with pytest.raises(BadAnswer):
        Platform(scripted(says(page(*rows, key="interview_templates"))).transport()).templates()


def test_b02_the_same_key_and_body_make_one_interview(site: Site) -> None:
    first = site.platform.create(INVITATION, "k1")

    assert site.platform.create(INVITATION, "k1") == first
    assert (first.interview_id, len(site.world.platform.interviews)) == ("int-000001", 1)
    assert first.interview_url == "https://platform.example.com/i/int-000001"


def test_a_key_that_stood_for_another_body_is_refused(site: Site) -> None:
    site.platform.create(INVITATION, "k1")

    with pytest.raises(Refused) as caught:
        site.platform.create({**INVITATION, "job_title": "Cook"}, "k1")
    assert caught.value.status == 409
    assert len(site.world.platform.interviews) == 1


def test_b02_an_invite_whose_answer_was_lost_is_found_and_made_only_once(site: Site) -> None:
    site.fault("answer_lost", method="POST")
    with pytest.raises(UnknownOutcome):
        site.platform.create(INVITATION, "k1")

    found = site.platform.find("ivw-1")
    assert found is not None
    assert site.platform.create(INVITATION, "k1").interview_id == found.interview_id
    assert len(site.world.platform.interviews) == 1


@pytest.mark.parametrize("body", [b"", b"   ", b"<html>", b'{"interview_id":', b"[]", b"{}", b'"int-1"'])
def test_an_invite_that_is_answered_with_garbage_may_have_been_made(scripted: Scripted, body: bytes) -> None:
    platform = Platform(scripted(says(body, "201 Created")).transport())

    with pytest.raises(UnknownOutcome):
        platform.create(INVITATION, "k1")


@pytest.mark.parametrize("status", ["500 Broken", "503 Busy", "504 Late", "408 Late"])
def test_an_invite_that_broke_on_the_other_side_may_have_been_made(scripted: Scripted, status: str) -> None:
    script = scripted(says(b'{"status":500,"message":"x"}', status))

    with pytest.raises(UnknownOutcome):
        Platform(script.transport()).create(INVITATION, "k1")
    assert len(script.requests) == 1


def test_b12_an_invite_that_never_left_was_surely_not_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    transport = Transport(f"http://{address}", TOKEN, budget=Budget(), allow_hosts=frozenset({address}))

    with transport, pytest.raises(TryLater) as caught:
        Platform(transport).create(INVITATION, "k1")
    assert caught.value.code == "unreachable"


def test_an_interview_is_found_by_its_external_id_or_not_at_all(site: Site) -> None:
    created = site.platform.create(INVITATION, "k1")
    site.platform.create({**INVITATION, "external_id": "ivw-2"}, "k2")

    found = site.platform.find("ivw-1")
    assert found is not None
    assert (found.interview_id, found.status, found.result) == (created.interview_id, "pending", None)
    assert site.platform.find("ivw-3") is None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"interviews":null}',
        page({"external_id": "ivw-1"}),
        page({**ROW, "external_id": "ivw-9"}),
        page({**ROW, "external_id": None}),
    ],
)
def test_b02_an_answer_that_does_not_tell_is_never_taken_for_no_interview(
    scripted: Scripted, body: bytes
) -> None:
    with pytest.raises(BadAnswer):
        Platform(scripted(says(body)).transport()).find("ivw-1")


def test_changes_come_page_by_page_from_the_moment_on(site: Site) -> None:
    for number in range(230):
        site.platform.create({**INVITATION, "external_id": f"ivw-{number}"}, f"k{number}")
    pages = list(site.platform.changed(None))

    assert [len(rows) for rows in pages] == [100, 100, 30]
    assert [row.interview_id for rows in pages for row in rows] == sorted(site.world.platform.interviews)
    last = pages[-1][-1]
    site.world.platform.start("int-000001")
    late = [row for rows in site.platform.changed(last.updated_at) for row in rows]
    assert (last.interview_id, "int-000001") == (late[-2].interview_id, late[-1].interview_id)


def test_applicants_come_page_by_page(site: Site) -> None:
    for _ in range(101):
        site.world.platform.add_applicant("AB12")
    pages = list(site.platform.applicants(datetime(2020, 1, 1, tzinfo=UTC)))

    assert [len(rows) for rows in pages] == [100, 1]
    first = pages[0][0]
    assert (first.applicant_id, first.job_shortcode) == ("apl-000001", "AB12")
    assert first.email.endswith("@example.com")
    assert first.first_name
    assert list(site.platform.applicants(datetime(2100, 1, 1, tzinfo=UTC))) == [[]]


def test_moments_are_asked_for_in_utc_to_the_millisecond_and_pages_with_the_same_filters(
    scripted: Scripted,
) -> None:
    script = scripted(says(page(ROW, cursor="c1")), says(page()))
    athens = datetime(2026, 11, 2, 12, 0, 0, 250_900, tzinfo=timezone(timedelta(hours=2)))
    list(Platform(script.transport()).changed(athens))

    asked = [request.split(b" ")[1].decode() for request in script.requests]
    assert asked[0].endswith("/interviews?updated_after=2026-11-02T10%3A00%3A00.250Z&limit=100")
    assert asked[1] == f"{asked[0]}&cursor=c1"


@pytest.mark.parametrize("cursors", [["a"], ["a", "b", "c", "b"]])
def test_a_cursor_that_leads_in_a_circle_ends_the_walk(scripted: Scripted, cursors: list[str]) -> None:
    steps = [says(page(ROW, cursor=cursor)) for cursor in cursors]
    platform = Platform(scripted(*steps).transport())

    with pytest.raises(BadAnswer, match="leads back"):
        list(platform.changed(None))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b'{"interviews":{}}',
        b'{"interviews":[',
        b"<html>back soon</html>",
        b'{"interviews":[],"next_cursor":7}',
        b'{"interviews":["\xff"]}',
        b"[" * 100_000,
    ],
)
def test_a_garbage_list_is_never_taken_for_an_empty_one(scripted: Scripted, body: bytes) -> None:
    platform = Platform(scripted(says(body)).transport(max_attempts=2))

    with pytest.raises(BadAnswer):
        list(platform.changed(None))


def test_a_read_that_fails_is_made_again(site: Site) -> None:
    for kind in ("server_error", "reset", "truncated", "html"):
        site.fault(kind)
        assert len(site.platform.templates()) == 3


def test_a_token_that_is_refused_needs_a_person(site: Site) -> None:
    site.world.platform.token = "another-token-of-a-test"

    with pytest.raises(NeedsPerson, match=f"{SERVICE} refused the token") as caught:
        site.platform.templates()
    assert caught.value.code == "token_refused"
    with pytest.raises(NeedsPerson):
        site.platform.create(INVITATION, "k1")


def test_an_open_interview_is_cancelled_and_a_completed_one_is_not(site: Site) -> None:
    opened, done = (site.platform.create(INVITATION, key).interview_id for key in ("k1", "k2"))
    site.platform.cancel(opened)
    assert site.world.platform.interview(opened).status == "cancelled"

    site.world.platform.complete(done)
    with pytest.raises(Refused) as caught:
        site.platform.cancel(done)
    assert caught.value.status == 409
    with pytest.raises(NotFound):
        site.platform.cancel("none")


def test_members_are_put_and_taken_and_the_last_admin_stays(site: Site) -> None:
    site.platform.put_member("kim@example.com", "Kim", "admin")
    site.platform.put_member(EMAIL, "Ann O'Hara", "reviewer")
    site.platform.put_member(EMAIL, "Ann O'Hara", "viewer")
    member = site.world.platform.members[EMAIL]
    assert (member.name, member.role, member.source, member.active) == (
        "Ann O'Hara",
        "viewer",
        "workable",
        True,
    )

    site.platform.deactivate_member(EMAIL)
    assert not site.world.platform.members[EMAIL].active
    with pytest.raises(Refused) as caught:
        site.platform.deactivate_member("kim@example.com")
    assert caught.value.status == 409
    with pytest.raises(NotFound):
        site.platform.deactivate_member("nobody@example.com")


def test_an_erasure_is_asked_for_by_external_id(site: Site) -> None:
    number = site.platform.create(INVITATION, "k1").interview_id
    site.platform.erase("ivw-1")

    assert site.world.platform.erased == ["ivw-1"]
    assert site.world.platform.interview(number).candidate == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda p: p.cancel("int-000001"),
        lambda p: p.put_member(EMAIL, "Ann", "viewer"),
        lambda p: p.deactivate_member(EMAIL),
        lambda p: p.erase("ivw-1"),
    ],
)
def test_a_write_whose_answer_was_lost_is_told_and_never_repeated_by_itself(
    site: Site, call: Callable[[Platform], None]
) -> None:
    site.platform.create(INVITATION, "k1")
    site.world.platform.put_member(EMAIL, {"name": "Ann", "role": "viewer", "source": "workable"})
    before = len(site.calls())
    site.fault("answer_lost")

    with pytest.raises(UnknownOutcome):
        call(site.platform)
    assert len(site.calls()) == before + 1


@pytest.mark.parametrize("email", [EMAIL, "ann!of/kent@example.com", "ann@localhost", "änn@example.com"])
def test_b46_no_address_reaches_the_log(site: Site, caplog: pytest.LogCaptureFixture, email: str) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    site.platform.put_member("kim@example.com", "Kim", "admin")
    site.platform.put_member(email, "Ann", "viewer")
    site.world.platform.members.clear()
    with pytest.raises(NotFound) as caught:
        site.platform.deactivate_member(email)

    assert email not in str(caught.value)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("agent", "http"))]
    assert [line.split(" ")[1] for line in ours] == ["/platform/members/[e-mail]"] * 3
    for word in ("ann", "änn", "kim", "example.com", "localhost", "kent"):
        assert not any(word in line for line in ours)


def test_an_address_with_every_odd_sign_reaches_the_platform_whole(site: Site) -> None:
    email = "a%41&b=c#d?e f@example.com"
    site.platform.put_member(email, "Ann", "viewer")

    assert list(site.world.platform.members) == [email]


def test_the_platforms_clock_is_known_after_an_answer(site: Site) -> None:
    assert site.platform.server_now() is None
    site.platform.templates()

    now = site.platform.server_now()
    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_many_calls_in_a_second_are_not_held_back(site: Site) -> None:
    for _ in range(30):
        site.platform.templates()

    usage = site.platform._transport.usage()
    assert (usage.used, usage.limit, usage.is_measured) == (30, 1000, False)
