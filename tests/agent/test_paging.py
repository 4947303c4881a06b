"""Walks over paged lists: whole, in order, one page ahead, never elsewhere and never in a circle."""

import threading
from collections.abc import Iterator

import msgspec
import pytest

from agent.errors import BadAnswer, Blocked, NeedsPerson
from agent.paging import Page
from tests.agent.conftest import OpenDoor, Scripted
from tests.agent.doors import Door, Script, Step, says


def pages(door: Door, limit: int = 10, start_url: str | None = None) -> Iterator[Page]:
    return door.transport.pages("/candidates", {"limit": limit}, "candidates", start_url=start_url)


def ids(found: list[Page]) -> list[str]:
    return [msgspec.json.decode(row)["id"] for page in found for row in page.rows]


def truth(door: Door) -> list[str]:
    return [f"{number:x}" for number in sorted(door.world.account("acme").ids)]


def a_page(*rows: str, next_url: str | None = None) -> Step:
    content: dict[str, object] = {"candidates": [{"id": row} for row in rows]}
    if next_url is not None:
        content["paging"] = {"next": next_url}
    return says(msgspec.json.encode(content))


def walked(script: Script) -> list[str]:
    return ids(list(script.transport().pages("/candidates", None, "candidates")))


def test_every_row_comes_once_and_in_order(open_door: OpenDoor) -> None:
    door = open_door()
    found = list(pages(door))

    assert ids(found) == truth(door)
    assert [len(page.rows) for page in found] == [10, 10, 5]
    assert found[-1].next_url is None


def test_a_second_page_begins_with_the_row_that_next_names(open_door: OpenDoor) -> None:
    found = list(pages(open_door()))

    assert found[0].next_url is not None
    assert found[0].next_url.endswith(f"since_id={ids(found[1:2])[0]}")
    assert found[1].request_url == found[0].next_url


def test_a_walk_goes_on_from_a_stored_next_url(open_door: OpenDoor) -> None:
    door = open_door()
    first = next(pages(door))

    assert ids([first, *pages(door, start_url=first.next_url)]) == truth(door)


def test_a_next_url_on_another_path_of_the_account_is_followed(open_door: OpenDoor) -> None:
    door = open_door(candidates=60)
    by_job = door.world.account("acme").job_ids
    job = max((shortcode for shortcode in by_job if shortcode), key=lambda one: len(by_job[one]))
    found = list(door.transport.pages("/candidates", {"shortcode": job, "limit": 5}, "candidates"))

    assert len(ids(found)) == len(by_job[job])
    assert f"/jobs/{job}/candidates" in found[1].request_url


def test_the_next_page_is_fetched_while_the_caller_works_on_the_last(open_door: OpenDoor) -> None:
    door = open_door()
    walk = pages(door)
    next(walk)
    never = threading.Event()
    while len(door.tries) < 2:
        never.wait(0.001)

    assert len(list(walk)) == 2
    assert len(door.tries) == 3


def test_closing_the_walk_ends_the_fetch_ahead_of_it(scripted: Scripted) -> None:
    hold = threading.Event()
    script = scripted(a_page("a", next_url="/spi/v3/candidates?since_id=b"), lambda _: _wait(hold))
    walk = script.transport().pages("/candidates", None, "candidates")
    next(walk)
    while len(script.requests) < 2:
        hold.wait(0.001)
    closing = threading.Thread(target=walk.close)  # type: ignore[attr-defined]  # a generator behind its interface
    closing.start()
    closing.join(timeout=5)
    ended = not closing.is_alive()
    hold.set()

    assert ended


def _wait(hold: threading.Event) -> None:
    hold.wait(10)


def test_a_problem_with_the_page_ahead_shows_when_that_page_is_asked_for(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("unauthorized", "candidates", after=1)
    walk = pages(door)

    assert len(next(walk).rows) == 10
    with pytest.raises(NeedsPerson):
        next(walk)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example.com/acme/spi/v3/candidates?since_id=b",
        "http://127.0.0.1:1/spi/v3/candidates",
        "//elsewhere.example.com/spi/v3/candidates",
        "/other/spi/v3/candidates",
        "/spi/v3/../../secret",
        "/spi/v3/%2e%2e/%2e%2e/secret",
        "/spi/v3evil/candidates",
        "file:///etc/passwd",
    ],
)
def test_b48_a_next_page_outside_the_accounts_api_is_not_followed(scripted: Scripted, elsewhere: str) -> None:
    script = scripted(a_page("a", next_url=elsewhere))

    with pytest.raises(Blocked):
        walked(script)
    assert len(script.requests) == 1


def test_b48_a_next_page_with_another_scheme_port_or_user_is_not_followed(scripted: Scripted) -> None:
    for wrong in ("https://{}/spi/v3/candidates", "http://{}1/spi/v3/candidates", "http://me@{}/spi/v3/x"):
        script = scripted(says(b"{}"))
        address = wrong.format(script.address)
        script.steps[:] = [a_page("a", next_url=address)]
        with pytest.raises((Blocked, BadAnswer)):
            walked(script)
        assert len(script.requests) == 1


def test_b48_a_stored_url_of_another_host_is_not_asked(open_door: OpenDoor) -> None:
    door = open_door()
    with pytest.raises(Blocked):
        next(pages(door, start_url="https://elsewhere.example.com/spi/v3/candidates"))
    assert door.tries == []


def test_a_list_that_leads_back_to_itself_ends_the_walk(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("self_next", "candidates", times=None)

    with pytest.raises(BadAnswer, match="leads back"):
        list(pages(door))


def test_a_longer_circle_ends_the_walk_too(scripted: Scripted) -> None:
    script = scripted(
        a_page("a", next_url="/spi/v3/candidates?since_id=b"),
        a_page("b", next_url="/spi/v3/candidates?since_id=c"),
        a_page("c", next_url="/spi/v3/candidates?since_id=b"),
    )

    with pytest.raises(BadAnswer, match="leads back"):
        walked(script)


@pytest.mark.parametrize("paging", [b"", b',"paging":null', b',"paging":{}', b',"paging":{"next":null}'])
def test_a_last_page_may_say_so_in_several_ways(scripted: Scripted, paging: bytes) -> None:
    script = scripted(says(b'{"candidates":[{"id":"a"}]' + paging + b"}"))

    assert walked(script) == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"error":"odd"}',
        b'{"candidates":null}',
        b'{"candidates":{}}',
        b'{"candidates":[],"paging":"x"}',
        b'{"candidates":[],"paging":{"next":7}}',
        b"[]",
        b"null",
    ],
)
def test_b21_a_page_without_its_list_is_a_bad_answer_and_not_an_empty_one(
    scripted: Scripted, body: bytes
) -> None:
    with pytest.raises(BadAnswer):
        walked(scripted(says(body)))


def test_b21_an_empty_page_in_the_middle_is_read_again_before_it_is_believed(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("empty_page", "candidates", after=1)

    assert ids(list(pages(door))) == truth(door)
    assert len(door.tries) == 4


def test_a_page_that_is_empty_twice_is_believed(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("empty_page", "candidates", after=1, times=2)

    assert ids(list(pages(door))) == truth(door)[:10]


def test_a_page_whose_first_row_was_deleted_meanwhile_is_believed_on_second_reading(
    open_door: OpenDoor,
) -> None:
    door = open_door()
    everybody = truth(door)
    begun = pages(door, limit=20)
    first = next(begun)
    assert len(list(begun)) == 1
    door.world.account("acme").delete(everybody[20])
    door.tries.clear()

    assert ids(list(pages(door, start_url=first.next_url))) == everybody[21:]
    assert len(door.tries) == 2


def test_a_page_that_begins_too_early_ends_the_walk(scripted: Scripted) -> None:
    script = scripted(
        a_page("1f", next_url="/spi/v3/candidates?since_id=100"),
        a_page("ff", "100"),
    )

    with pytest.raises(BadAnswer, match="begins before"):
        walked(script)
    assert len(script.requests) == 3


def test_ids_are_compared_as_numbers_in_base_16(scripted: Scripted) -> None:
    script = scripted(
        a_page("9f", next_url="/spi/v3/candidates?since_id=ff"),
        a_page("100"),
    )

    assert walked(script) == ["9f", "100"]


def test_ids_that_are_no_numbers_are_believed_on_second_reading(scripted: Scripted) -> None:
    script = scripted(
        a_page("x", next_url="/spi/v3/candidates?since_id=y"),
        says(b'{"candidates":[{"id":["odd"]}]}'),
    )

    assert walked(script) == ["x", ["odd"]]
    assert len(script.requests) == 3


def test_rows_keep_their_bytes_and_a_broken_surrogate_spoils_no_page(scripted: Scripted) -> None:
    odd = rb'{"id" : "b","name":"\ud83d\ude00 \ud800 \\ud800 \u0000"}'
    script = scripted(says(b'{"candidates": [{"id":"a"} , ' + odd + b', {"id":"c"}]}'))
    [page] = script.transport().pages("/candidates", None, "candidates")

    assert [bytes(row) for row in page.rows] == [b'{"id":"a"}', odd, b'{"id":"c"}']
