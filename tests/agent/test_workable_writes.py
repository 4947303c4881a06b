"""Writes to Workable, against the sandbox: what was written, and what an answer proves."""

import base64
import json
from collections.abc import Callable

import pytest

from agent.errors import BadAnswer, NeedsPerson, NotFound, Refused, UnknownOutcome
from agent.workable import Attachment, Workable
from sandbox.model import Activity
from storage.records import Rating
from tests.agent.conftest import OpenDoor, Scripted
from tests.agent.doors import Door, says
from tests.agent.people import bot, somebody, workable_of

PERSON = {"firstname": "Ann", "lastname": "One", "email": "Ann@example.com", "phone": "+1 555 0100"}


def timeline(door: Door, candidate_id: str) -> list[Activity]:
    """The truth, with attachments."""
    return door.world.account("acme").candidate(candidate_id).activities


def test_a_comment_stands_on_the_timeline_under_the_id_that_came_back(open_door: OpenDoor) -> None:
    door = open_door()
    one = somebody(door)
    activity_id = door.workable.comment(one, member_id=bot(door), body="An invite went out.")
    last = door.workable.activities(one)[-1]

    assert (last.activity_id, last.action, last.body) == (activity_id, "comment", "An invite went out.")


@pytest.mark.parametrize(
    ("policy", "seen"),
    [
        (None, {"simple", "hiring_manager", "admin", "reviewer", "recruiting_admin"}),
        ((), {"admin"}),
        (("simple", "admin"), {"simple", "admin"}),
    ],
)
def test_a_comment_is_seen_by_those_whom_the_policy_names(
    open_door: OpenDoor, policy: tuple[str, ...] | None, seen: set[str]
) -> None:
    door = open_door()
    one = somebody(door)
    door.workable.comment(one, member_id=bot(door), body="Only for some.", policy=policy)

    assert set(timeline(door, one)[-1].visible_to or ()) | {"admin"} == seen | {"admin"}


def test_an_attachment_arrives_byte_for_byte(open_door: OpenDoor) -> None:
    door = open_door()
    one = somebody(door)
    data = b" \r\n" + bytes(range(256)) * 400 + "Zoë said: ½ — «да»\n".encode()
    door.workable.comment(
        one, member_id=bot(door), body="With words.", attachment=Attachment("transcript.txt", data)
    )
    kept = timeline(door, one)[-1].attachment

    assert kept is not None
    assert kept.name == "transcript.txt"
    assert base64.b64decode(kept.data) == data


@pytest.mark.parametrize("body", [b"", b" ", b"Created", b"{}", b"[]", b"7", b'{"id":null}', b'{"id":'])
def test_a_write_that_is_answered_with_nothing_was_done_without_an_id(
    scripted: Scripted, body: bytes
) -> None:
    workable = workable_of(scripted, body, "201 Created")

    assert workable.comment("abc", member_id="1", body="x") is None
    assert workable.create_candidate("AB12", PERSON, sourced=True) is None
    workable.rate("abc", member_id="1", scale="stars", grade=4, comment="x", stage_id=None)
    workable.move("abc", member_id="1", target_slug="offer")


def test_a_move_is_answered_with_202_and_nothing(open_door: OpenDoor) -> None:
    door = open_door()
    one = somebody(door)
    door.workable.move(one, member_id=bot(door), target_slug="interview")

    assert door.statuses()[-1] == 202
    assert door.workable.candidate(one).stage_kind == "interview"


@pytest.mark.parametrize("slug", ["applied", "none"])
def test_a_move_to_where_one_is_or_to_nowhere_is_refused(open_door: OpenDoor, slug: str) -> None:
    door = open_door()

    with pytest.raises(Refused) as caught:
        door.workable.move(somebody(door), member_id=bot(door), target_slug=slug)
    assert caught.value.status == 422


def test_a_members_rating_of_a_stage_is_replaced_by_the_next(open_door: OpenDoor) -> None:
    door = open_door()
    one = somebody(door)
    stage = next(stage for stage in door.workable.stages() if stage.slug == "applied")
    assert stage.stage_id.isdecimal()
    for grade in (1, 4):
        door.workable.rate(
            one,
            member_id=bot(door),
            scale="stars",
            grade=grade,
            comment=f"Grade {grade}",
            stage_id=stage.stage_id,
        )
    rated = [entry for entry in door.workable.activities(one) if entry.rating]

    assert [(entry.rating, entry.body) for entry in rated] == [(Rating("stars", 4), "Grade 4")]


@pytest.mark.parametrize(
    ("stage_id", "sent"),
    [("5272273", 5272273), ("5077a3", "5077a3"), ("phone-screen", "phone-screen"), ("٣", "٣")],
)
def test_a_stages_number_is_sent_as_a_number(scripted: Scripted, stage_id: str, sent: int | str) -> None:
    script = scripted(says(b""))
    workable = Workable(script.transport())
    workable.rate("abc", member_id="1", scale="stars", grade=0, comment="x", stage_id=stage_id)
    workable.rate("abc", member_id="1", scale="stars", grade=0, comment="x", stage_id=None)
    first, second = (json.loads(request.partition(b"\r\n\r\n")[2]) for request in script.requests)

    assert script.requests[0].startswith(b"PUT /spi/v3/candidates/abc/ratings HTTP/1.1")
    assert first == {"member_id": "1", "scale": "stars", "grade": 0, "comment": "x", "stage_id": sent}
    assert "stage_id" not in second


WRITES: list[Callable[[Workable, str, str], object]] = [
    lambda w, one, member: w.comment(one, member_id=member, body="x"),
    lambda w, one, member: w.rate(one, member_id=member, scale="thumbs", grade=2, comment="x", stage_id=None),
    lambda w, one, member: w.move(one, member_id=member, target_slug="interview"),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (422, Refused)])
def test_an_unknown_member_is_a_definite_no(
    open_door: OpenDoor, write: Callable[..., object], status: int, error: type[Exception]
) -> None:
    door = open_door(switches={"member_unknown_status": status})
    one = somebody(door)
    before = len(timeline(door, one))

    with pytest.raises(error):
        write(door.workable, one, "ffffff")
    assert len(timeline(door, one)) == before


@pytest.mark.parametrize("write", WRITES)
def test_a_token_without_the_right_to_write_needs_a_person(
    open_door: OpenDoor, write: Callable[..., object]
) -> None:
    door = open_door()
    one = somebody(door)
    for scope in ("w_candidates", "w_comments"):
        door.world.drop_scope("acme", scope)

    with pytest.raises(NeedsPerson, match="w_candidates"):
        write(door.workable, one, bot(door))


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("kind", ["answer_lost", "error_after", "html"])
def test_b02_a_write_whose_answer_was_lost_is_told_and_never_repeated_by_itself(
    open_door: OpenDoor, write: Callable[..., object], kind: str
) -> None:
    door = open_door()
    one = somebody(door)
    before = len(timeline(door, one))
    door.fault(kind, f"/candidates/{one}/")

    with pytest.raises(UnknownOutcome):
        write(door.workable, one, bot(door))
    assert len(door.tries) == 1
    assert len(timeline(door, one)) == before + (kind != "html")


@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_somebody_who_is_gone_is_not_found(
    open_door: OpenDoor, write: Callable[..., object]
) -> None:
    door = open_door()
    one = somebody(door)
    door.world.account("acme").delete(one)

    with pytest.raises(NotFound):
        write(door.workable, one, bot(door))


@pytest.mark.parametrize(("sourced", "stage"), [(True, "sourced"), (False, "applied")])
def test_a_candidate_is_made_in_the_job_and_found_by_address(
    open_door: OpenDoor, *, sourced: bool, stage: str
) -> None:
    door = open_door()
    first, second = [job.shortcode for job in door.workable.jobs()][:2]
    made = door.workable.create_candidate(first, PERSON, sourced=sourced)
    other = door.workable.create_candidate(second, PERSON, sourced=sourced)
    assert made is not None
    assert made != other

    [found] = door.workable.find_candidates("ann@EXAMPLE.com", first)
    assert (found.candidate_id, found.name, found.phone) == (made, "Ann One", "+1 555 0100")
    assert (found.stage_kind, found.job_shortcode) == (stage, first)
    assert door.workable.find_candidates("nobody@example.com", first) == []


def test_the_same_address_twice_in_a_job_is_refused(open_door: OpenDoor) -> None:
    door = open_door()
    shortcode = door.workable.jobs()[0].shortcode
    door.workable.create_candidate(shortcode, PERSON, sourced=True)

    with pytest.raises(Refused):
        door.workable.create_candidate(shortcode, PERSON, sourced=True)


def test_a_list_that_ignores_what_was_asked_for_finds_nobody_else(scripted: Scripted) -> None:
    rows = [
        {"id": "1", "email": "ann@example.com", "job": {"shortcode": "OTHER"}},
        {"id": "2", "email": "bea@example.com", "job": {"shortcode": "AB12"}},
        {"id": "3", "email": None, "job": {"shortcode": "AB12"}},
        {"id": "4", "email": "ANN@example.com", "job": {"shortcode": "AB12"}},
    ]
    workable = workable_of(scripted, json.dumps({"candidates": rows}).encode())

    assert [one.candidate_id for one in workable.find_candidates("ann@example.com", "AB12")] == ["4"]


@pytest.mark.parametrize("body", [b"{}", b'{"candidates":[{"email":"ann@example.com"}]}'])
def test_a_list_that_cannot_be_read_is_never_taken_for_nobody(scripted: Scripted, body: bytes) -> None:
    with pytest.raises(BadAnswer):
        workable_of(scripted, body).find_candidates("ann@example.com", "AB12")


def test_a_subscription_is_made_without_filters_and_its_target_is_taken_then(open_door: OpenDoor) -> None:
    door = open_door()
    target = "https://hooks.example.com/moved"
    made = door.workable.subscribe("candidate_moved", target)
    [one] = door.workable.subscriptions()

    assert (one.subscription_id, one.event, one.target) == (made, "candidate_moved", target)
    assert (one.job_shortcode, one.stage_slug) == (None, None)
    with pytest.raises(Refused) as caught:
        door.workable.subscribe("candidate_moved", target)
    assert caught.value.status == 409


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("candidate_created", {"account_id": "acme", "job_shortcode": "", "stage_slug": ""}),
        ("employee_created", None),
        ("job_deleted", None),
    ],
)
def test_filters_are_sent_for_candidate_events_alone(
    scripted: Scripted, event: str, args: dict[str, str] | None
) -> None:
    script = scripted(says(b'{"id":104697}', "201 Created"))
    target = "https://hooks.example.com/x"
    assert Workable(script.transport(), "acme").subscribe(event, target) == "104697"

    sent = json.loads(script.requests[0].partition(b"\r\n\r\n")[2])
    assert sent == {"target": target, "event": event} | ({"args": args} if args else {})


@pytest.mark.parametrize(
    ("event", "scope"), [("candidate_moved", "r_candidates"), ("employee_updated", "r_employees")]
)
def test_the_scope_that_a_subscription_needs_is_named(scripted: Scripted, event: str, scope: str) -> None:
    with pytest.raises(NeedsPerson, match=scope):
        workable_of(scripted, b"{}", "403 Forbidden").subscribe(event, "https://hooks.example.com/x")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"Created"])
def test_a_subscription_without_an_id_may_be_there(scripted: Scripted, body: bytes) -> None:
    with pytest.raises(UnknownOutcome):
        workable_of(scripted, body, "201 Created").subscribe("candidate_moved", "https://hooks.example.com/x")
