"""Opening the interview platform: which addresses may be contacted, and how many calls may be made."""

from threading import Event

import pytest

from agent.budget import Budget
from agent.errors import Blocked, Stopped, TryLater, UsageProblem
from agent.platform import Platform, open_platform
from agent.transport import Transport
from storage.settings import Settings
from tests.agent.conftest import Scripted
from tests.agent.doors import TOKEN, says


def settings(url: str) -> Settings:
    return Settings(platform_url=url, platform_token=TOKEN)


def test_without_an_address_there_is_no_platform() -> None:
    assert open_platform(Settings(), stop=Event()) is None


def test_an_address_without_a_token_is_told() -> None:
    with pytest.raises(UsageProblem, match="IVW_PLATFORM_TOKEN"):
        open_platform(Settings(platform_url="https://interviews.example.com"), stop=Event())


def test_the_platforms_own_https_host_needs_no_further_leave() -> None:
    platform = open_platform(settings("https://Interviews.example.com/api/"), stop=Event())

    assert platform is not None
    platform.close()


def test_a_host_that_was_named_may_be_reached_by_plain_http_and_called_often(scripted: Scripted) -> None:
    script = scripted(says(b'{"interview_templates":[]}'))
    named = Settings(
        platform_url=f"http://{script.address}/", platform_token=TOKEN, allow_hosts=script.address
    )
    platform = open_platform(named, stop=Event())
    assert platform is not None

    assert platform.templates() == []
    assert script.requests[0].startswith(b"GET /interview-templates HTTP/1.1")
    assert f"Authorization: Bearer {TOKEN}".encode() in script.requests[0]
    assert platform._transport.usage().allowed == 1000
    platform.close()


def test_a_stopping_agent_asks_nothing_more() -> None:
    stop = Event()
    platform = open_platform(settings("https://interviews.example.com"), stop=stop)
    assert platform is not None
    stop.set()

    with pytest.raises(Stopped):
        platform.templates()
    platform.close()


@pytest.mark.parametrize("url", ["http://interviews.example.com", "http://127.0.0.1:1"])
def test_b46_plain_http_is_only_for_hosts_that_were_named(url: str) -> None:
    with pytest.raises(Blocked, match="IVW_ALLOW_HOSTS"):
        open_platform(settings(url), stop=Event())


def test_b46_the_platforms_door_leads_to_no_other_host_not_even_workables() -> None:
    with pytest.raises(Blocked, match=r"only https://interviews\.example\.com"):
        Transport(
            "https://acme.workable.com/spi/v3", TOKEN, budget=Budget(), own_host="interviews.example.com"
        )


def test_b46_a_private_address_is_not_contacted_although_it_is_the_platforms(scripted: Scripted) -> None:
    script = scripted(says(b"{}"))
    platform = open_platform(settings(f"https://{script.address}"), stop=Event())
    assert platform is not None

    with pytest.raises(Blocked, match="private"):
        platform.templates()
    platform.close()


def test_what_is_no_address_is_told_before_anything_is_sent() -> None:
    with pytest.raises(UsageProblem):
        open_platform(settings("https://[::1"), stop=Event())


def test_b27_a_429_holds_every_call_back_for_as_long_as_it_says(scripted: Scripted) -> None:
    clock = [1000.0]
    budget = Budget(share=1.0, assumed_limit=1000, clock=lambda: clock[0])
    body = b'{"status":429,"message":"Too many requests"}'
    script = scripted(says(body, "429 Too Many Requests", "Retry-After: 45"))
    platform = Platform(script.transport(budget=budget, max_attempts=1))

    with pytest.raises(TryLater) as caught:
        platform.create({}, "k1")
    assert (caught.value.code, caught.value.retry_after) == ("rate_limited", 45.0)
    assert budget.seconds_until_free() == 45.0
    clock[0] += 45
    assert budget.seconds_until_free() == 0.0
