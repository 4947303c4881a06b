"""A candidate's timeline: whole, in order, and never believed when an entry cannot be read."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.errors import BadAnswer, NotFound
from agent.workable import Workable
from storage.records import Rating, StageRef
from tests.agent.conftest import OpenDoor, Scripted
from tests.agent.doors import says
from tests.agent.people import bot, somebody, workable_of

ENTRY: dict[str, Any] = {
    "id": "90771e97",
    "action": "phone-screen",
    "stage_name": "Applied",
    "action_stage": {"id": 5272270, "identifier": "5077a0", "name": "Applied", "slug": "applied"},
    "target_stage": {"id": 5272273, "identifier": "5077a3", "name": "Phone Screen", "slug": "phone-screen"},
    "created_at": "2026-07-23T20:41:58.581Z",
    "updated_at": "2026-07-23T20:41:58.581Z",
    "member": {"id": "1f395d", "name": "Kim Example", "type": "Member"},
    "body": None,
}


def entries(*rows: Any) -> bytes:
    return json.dumps({"activities": rows}).encode()


def test_a_timeline_tells_moves_with_both_stages_and_who_made_them(open_door: OpenDoor) -> None:
    door = open_door()
    one = somebody(door)
    door.workable.move(one, member_id=bot(door), target_slug="phone-screen")
    last = door.workable.activities(one)[-1]

    assert last.stage is not None
    assert last.target is not None
    assert (last.target.slug, last.target.name, last.member_id) == ("phone-screen", "Phone Screen", bot(door))
    stages = {stage.stage_id: stage for stage in door.workable.stages()}
    assert (stages[last.target.stage_id].slug, last.action) == ("phone-screen", "phone-screen")


def test_a_timeline_has_every_page_oldest_first(open_door: OpenDoor) -> None:
    door = open_door()
    one = somebody(door)
    for number in range(230):
        door.world.account("acme").comment(one, f"note {number}", member_id=bot(door))
    found = door.workable.activities(one)

    bodies = [entry.body for entry in found if entry.action == "comment"]
    assert bodies == [f"note {number}" for number in range(230)]
    assert sum("activities" in call.template for call in door.tries) == 3
    assert found == sorted(found, key=lambda entry: entry.created_at)


def test_only_what_changed_since_a_moment_is_asked_for(scripted: Scripted) -> None:
    script = scripted(says(entries()))
    since = datetime(2026, 7, 23, 20, 0, tzinfo=UTC)
    assert Workable(script.transport()).activities("abc", updated_after=since) == []

    asked = script.requests[0].split(b" ")[1]
    assert asked == b"/spi/v3/candidates/abc/activities?limit=100&updated_after=20260723T200000Z"


def test_an_entry_as_recorded_gives_every_field(scripted: Scripted) -> None:
    rating = {"id": "9", "action": "rating", "rating": {"score": "definite", "scale": "thumbs", "grade": 2}}
    system = {"id": "8", "action": "applied", "visibility_roles": ["simple"], "new": 1}
    rows = [ENTRY | {"target_stage": None, "member": None} | changes for changes in (rating, system)]
    moved, rated, applied = workable_of(scripted, entries(ENTRY, *rows)).activities("abc")

    assert moved.target == StageRef("5272273", "phone-screen", "Phone Screen")
    assert moved.stage == StageRef("5272270", "applied", "Applied")
    assert (moved.created_at.microsecond, moved.member_id, moved.rating) == (581_000, "1f395d", None)
    assert (rated.rating, rated.target) == (Rating("thumbs", 2), None)
    assert (applied.member_id, applied.action) == (None, "applied")


def test_an_entry_that_comes_twice_stands_once(scripted: Scripted) -> None:
    found = workable_of(scripted, entries(ENTRY, ENTRY | {"id": "2"}, ENTRY)).activities("abc")

    assert [entry.activity_id for entry in found] == ["90771e97", "2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"created_at": None},
        {"created_at": "yesterday"},
        {"target_stage": "phone-screen"},
        {"target_stage": {}},
        {"target_stage": {"id": 7}},
        {"body": {"text": "IVW"}},
        {"member": "1f395d"},
    ],
)
def test_b13_a_timeline_with_an_entry_that_cannot_be_read_proves_nothing(
    scripted: Scripted, changes: dict[str, Any]
) -> None:
    workable = workable_of(scripted, entries(ENTRY, ENTRY | {"id": "2"} | changes))

    with pytest.raises(BadAnswer):
        workable.activities("abc")


@pytest.mark.parametrize("changes", [{"rating": "good"}, {"rating": {"grade": 2}}, {"mood": {}}])
def test_what_no_decision_hangs_on_may_be_strange(scripted: Scripted, changes: dict[str, Any]) -> None:
    [found] = workable_of(scripted, entries(ENTRY | changes)).activities("abc")

    assert found.rating is None


@pytest.mark.parametrize("body", [b"{}", b"", b'{"activities":null}', b"<html>"])
def test_b13_a_timeline_that_is_missing_is_never_an_empty_one(scripted: Scripted, body: bytes) -> None:
    with pytest.raises(BadAnswer):
        workable_of(scripted, body).activities("abc")


def test_the_timeline_of_nobody_is_not_found(open_door: OpenDoor) -> None:
    with pytest.raises(NotFound):
        open_door().workable.activities("fffffff")


def test_b46_an_address_in_place_of_an_id_is_not_logged(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="agent.transport")
    workable_of(scripted, entries()).activities("lee@example.com")

    assert "GET /spi/v3/candidates/[e-mail]/activities 200" in caplog.text
    assert "lee" not in caplog.text


def test_moves_made_long_apart_stay_in_their_order(scripted: Scripted) -> None:
    late = ENTRY | {"id": "1", "created_at": "2026-07-24T00:00:00.000+02:00"}
    early = ENTRY | {"id": "2", "created_at": "2026-07-23T21:59:59.999Z"}
    found = workable_of(scripted, entries(late, early)).activities("abc")

    assert [entry.activity_id for entry in found] == ["2", "1"]
    assert found[1].created_at - found[0].created_at == timedelta(milliseconds=1)
