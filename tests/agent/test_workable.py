"""Workable's endpoints against the sandbox: whole lists, records, and what a token may do."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent.budget import Lane
from agent.errors import BadAnswer, NeedsPerson, NotFound, TryLater, UsageProblem
from agent.workable import Workable
from sandbox.world import CLIENT_ID
from tests.agent.conftest import OpenDoor, Scripted
from tests.agent.doors import Door, says

PARTNER = {"accounts": "acme:partner", "door": {"client_id": CLIENT_ID}, "switches": {"rate": "account"}}


def queries(door: Door) -> list[str]:
    return [str(entry.get("query", "")) for entry in door.world.context.journal.entries(kind="request")]


def test_the_account_is_the_one_that_was_named(open_door: OpenDoor) -> None:
    account = open_door().workable.account()

    assert (account.subdomain, account.name) == ("acme", "Acme Ltd")
    assert json.loads(account.raw)["subdomain"] == "acme"


def test_a_token_of_another_account_is_noticed(open_door: OpenDoor) -> None:
    with pytest.raises(NeedsPerson, match=r"globex.*acme") as caught:
        Workable(open_door().transport, "globex").account()
    assert caught.value.code == "wrong_account"


def test_without_a_name_the_only_account_is_taken_and_never_one_of_several(
    open_door: OpenDoor, scripted: Scripted
) -> None:
    assert Workable(open_door().transport).account().subdomain == "acme"
    two = scripted(says(b'{"accounts":[{"id":"1","subdomain":"a"},{"id":"2","subdomain":"b"}]}'))
    with pytest.raises(NeedsPerson, match="a, b"):
        Workable(two.transport()).account()


def test_candidates_come_as_records_page_by_page(open_door: OpenDoor) -> None:
    door = open_door()
    found = list(door.workable.candidates(limit=10))

    assert [len(page.candidates) for page in found] == [10, 10, 5]
    assert all(page.bad_rows == 0 and not page.drift for page in found)
    assert found[0].next_url is not None
    rest = list(door.workable.candidates(start_url=found[0].next_url))
    assert [page.candidates for page in rest] == [page.candidates for page in found[1:]]


def test_b20_only_what_changed_since_a_moment_is_asked_for_that_second_included(open_door: OpenDoor) -> None:
    door = open_door()
    [touched] = door.world.account("acme").touch(1)
    moment = door.workable.candidate(touched).updated_at
    assert moment is not None

    for after, expected in (
        (moment + timedelta(milliseconds=900), [touched]),
        (moment + timedelta(seconds=1), []),
    ):
        pages = door.workable.candidates(updated_after=after)
        assert [c.candidate_id for page in pages for c in page.candidates] == expected


def test_moments_are_asked_for_in_utc(open_door: OpenDoor) -> None:
    door = open_door()
    athens = datetime(2015, 7, 8, 16, 56, 16, tzinfo=timezone(timedelta(hours=3)))
    list(door.workable.candidates(created_after=athens, updated_after=athens))

    assert "created_after=20150708T135616Z" in queries(door)[0]
    assert "updated_after=20150708T135616Z" in queries(door)[0]


def test_one_candidate_comes_with_what_lists_leave_out(open_door: OpenDoor) -> None:
    door = open_door()
    listed = next(door.workable.candidates()).candidates[0]
    found = door.workable.candidate(listed.candidate_id, lane=Lane.BACKFILL)

    assert found.candidate_id == listed.candidate_id
    assert found.stage_name == listed.stage_name
    assert "tags" in json.loads(found.raw)


def test_a_candidate_that_is_gone_is_not_found(open_door: OpenDoor) -> None:
    door = open_door()
    gone = next(door.workable.candidates()).candidates[0].candidate_id
    door.world.account("acme").delete(gone)

    with pytest.raises(NotFound):
        door.workable.candidate(gone)


@pytest.mark.parametrize("body", [b"{}", b'{"candidate":null}', b'{"candidate":{"name":"x"}}', b"[]"])
def test_a_detail_without_its_candidate_is_a_bad_answer(scripted: Scripted, body: bytes) -> None:
    with pytest.raises(BadAnswer):
        Workable(scripted(says(body)).transport()).candidate("abc")


def test_jobs_of_every_state_are_listed_over_all_pages(open_door: OpenDoor) -> None:
    door = open_door(jobs=130)
    jobs = door.workable.jobs()

    assert len(jobs) == 130
    assert {job.state for job in jobs} == {"draft", "published", "closed", "archived"}
    assert (jobs.bad_rows, dict(jobs.drift)) == (0, {})


def test_only_jobs_changed_since_a_moment_are_asked_for(open_door: OpenDoor) -> None:
    door = open_door()
    one = door.workable.jobs()[0]
    door.world.account("acme").edit_job(one.shortcode, title="Renamed")
    changed = door.workable.jobs(updated_after=datetime.now(UTC) - timedelta(seconds=60))

    assert [job.title for job in changed] == ["Renamed"]


def test_pipelines_have_ids_slugs_and_order(open_door: OpenDoor) -> None:
    door = open_door()
    default = door.workable.stages()

    assert [stage.name for stage in default][:3] == ["Sourced", "Applied", "Shortlisted"]
    assert [stage.position for stage in default] == list(range(1, 9))
    assert len({stage.stage_id for stage in default}) == 8
    shortcode = door.workable.jobs()[0].shortcode
    assert {stage.kind for stage in door.workable.job_stages(shortcode)} <= {stage.kind for stage in default}


def test_members_are_listed_with_the_inactive_ones(open_door: OpenDoor) -> None:
    door = open_door()
    everybody = door.workable.members()
    one = next(member for member in everybody if "admin" not in " ".join(member.roles))
    door.world.account("acme").deactivate_member(one.member_id)

    assert {m.member_id for m in door.workable.members()} == {m.member_id for m in everybody}
    assert one.member_id in {m.member_id for m in door.workable.members("inactive")}
    assert one.member_id not in {m.member_id for m in door.workable.members("active")}


def test_recruiters_are_those_of_agencies(open_door: OpenDoor) -> None:
    assert [recruiter.name for recruiter in open_door().workable.recruiters()] == ["Rita Agency"]


@pytest.mark.parametrize("listing", ["members", "recruiters"])
def test_members_are_closed_to_partner_tokens(open_door: OpenDoor, listing: str) -> None:
    workable = open_door(**PARTNER).workable

    with pytest.raises(NeedsPerson) as caught:
        getattr(workable, listing)()
    assert caught.value.code == "forbidden"


def test_rows_without_an_id_make_a_listing_that_says_it_is_not_whole(scripted: Scripted) -> None:
    script = scripted(says(b'{"members":[{"id":"1","new":1},{"name":"nobody"}]}'))
    members = Workable(script.transport()).members()

    assert [member.member_id for member in members] == ["1"]
    assert (members.bad_rows, dict(members.drift)) == (1, {"unknown:new": 1})


@pytest.mark.parametrize("status", [200, 404])
def test_no_subscriptions_are_no_error(open_door: OpenDoor, status: int) -> None:
    assert open_door(switches={"no_subscriptions_status": status}).workable.subscriptions() == []


def test_b21_a_spurious_404_is_not_taken_for_no_subscriptions(open_door: OpenDoor) -> None:
    door = open_door()
    door.fault("not_found")

    with pytest.raises(NotFound):
        door.workable.subscriptions()


def test_subscriptions_are_listed_and_deleted(open_door: OpenDoor) -> None:
    door = open_door()
    target = "https://hooks.example.com/created"
    door.transport.write("POST", "/subscriptions", {"event": "candidate_created", "target": target})
    [one] = door.workable.subscriptions()

    assert (one.event, one.target, one.job_shortcode) == ("candidate_created", target, None)
    assert one.created_at is not None
    door.workable.delete_subscription(one.subscription_id)
    assert door.workable.subscriptions() == []
    with pytest.raises(NotFound):
        door.workable.delete_subscription(one.subscription_id)


def test_a_shortcode_that_is_none_never_reaches_the_wire(open_door: OpenDoor) -> None:
    door = open_door()
    with pytest.raises(UsageProblem):
        door.workable.job_stages("")
    assert door.tries == []


@pytest.mark.parametrize("missing", [None, "r_jobs", "r_candidates", "w_candidates"])
def test_each_scope_is_found_present_or_missing_and_nothing_is_changed(
    open_door: OpenDoor, missing: str | None
) -> None:
    door = open_door()
    if missing:
        door.world.drop_scope("acme", missing)
    before = list(door.workable.candidates()) if missing != "r_candidates" else []

    scopes = door.workable.probe_scopes()
    assert scopes == {name: name != missing for name in ("r_jobs", "r_candidates", "w_candidates")}
    assert (list(door.workable.candidates()) if missing != "r_candidates" else []) == before


@pytest.mark.parametrize(
    ("status", "may_write"),
    [
        ("404 Not Found", True),
        ("422 Unprocessable", True),
        ("403 Forbidden", False),
        ("200 OK", None),
        ("400 Bad Request", None),
        ("500 Broken", None),
    ],
)
def test_a_write_to_nobody_tells_by_its_refusal_whether_writing_is_allowed(
    scripted: Scripted, status: str, *, may_write: bool | None
) -> None:
    script = scripted(says(b"{}", status))

    assert Workable(script.transport(max_attempts=1)).probe_scopes()["w_candidates"] is may_write
    assert script.requests[-1].startswith(b"POST /spi/v3/candidates/0/revert HTTP/1.1")


def test_a_scope_that_the_answer_does_not_tell_stays_unknown(open_door: OpenDoor) -> None:
    door = open_door(door={"max_attempts": 1})
    door.fault("server_error", times=None)

    assert door.workable.probe_scopes() == {"r_jobs": None, "r_candidates": None, "w_candidates": None}


def test_b28_probing_with_a_dead_token_asks_once(open_door: OpenDoor) -> None:
    door = open_door()
    door.world.revoke_token("acme")

    with pytest.raises(NeedsPerson) as caught:
        door.workable.probe_scopes()
    assert caught.value.code == "token_refused"
    assert len(door.tries) == 1


@pytest.mark.parametrize("kind", ["account", "oauth", "partner"])
def test_the_kind_of_token_is_inferred(open_door: OpenDoor, kind: str) -> None:
    client_id = CLIENT_ID if kind == "partner" else None
    door = open_door(accounts=f"acme:{kind}", door={"client_id": client_id}, switches={"rate": "account"})

    assert door.workable.token_kind() == kind


def test_a_kind_that_nothing_shows_is_unknown(open_door: OpenDoor, scripted: Scripted) -> None:
    assert open_door().workable.token_kind() is None
    assert Workable(scripted(says(b'{"accounts":[]}')).transport()).token_kind() is None


def test_without_a_right_to_jobs_members_tell_nothing_about_the_kind(open_door: OpenDoor) -> None:
    door = open_door(**{**PARTNER, "accounts": "acme:oauth"})
    door.world.drop_scope("acme", "r_jobs")
    next(door.workable.candidates())

    assert door.workable.token_kind() is None


def test_b21_a_list_cut_short_by_trouble_is_an_error_and_not_a_short_list(open_door: OpenDoor) -> None:
    door = open_door(jobs=130)
    door.fault("server_error", "/jobs$", after=1, times=None)

    with pytest.raises(TryLater):
        door.workable.jobs()
