"""Which member may do what, where."""

import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.site import Site

WRITES = [
    ("POST", "comments", {"comment": {"body": "Hi"}}),
    ("POST", "ratings", {"comment": "Hi", "grade": 1}),
    ("PUT", "ratings", {"comment": "Hi", "grade": 1}),
    ("POST", "move", {"target_stage": "offer"}),
    ("POST", "disqualify", {}),
    ("POST", "copy", {"target_job_shortcode": "X"}),
    ("POST", "relocate", {"target_job_shortcode": "X"}),
]


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_every_write_needs_a_member(site: Site, method: str, verb: str, body: dict[str, object]) -> None:
    path = f"/candidates/{site.new_candidate()}/{verb}"
    assert site.call(method, path, json=body).status_code == 422
    assert site.call(method, path, json={**body, "member_id": "abc"}).status_code == 404


def test_an_unknown_member_may_be_unprocessable_instead(start: Start) -> None:
    site = start(switches={"member_unknown_status": 422})
    body = {"member_id": "abc", "comment": {"body": "Hi"}}
    assert site.post(f"/candidates/{site.new_candidate()}/comments", body).status_code == 422


def test_a_member_who_left_may_no_longer_act(site: Site) -> None:
    body = {"member_id": site.bot, "comment": {"body": "Hi"}}
    site.control("acme/deactivate_member", member_id=site.bot)
    assert site.post(f"/candidates/{site.new_candidate()}/comments", body).status_code == 403


def test_a_member_outside_the_hiring_team_is_forbidden_unless_the_switch_is_off(site: Site) -> None:
    body = {"member_id": site.member("Petra Screens"), "target_stage": "offer"}
    number = site.new_candidate()
    assert site.post(f"/candidates/{number}/move", body).status_code == 403
    site.world.set_switches({"team_needed": False})
    assert site.post(f"/candidates/{number}/move", body).status_code == 202


def test_a_reviewer_rates_but_does_not_move(site: Site) -> None:
    number, ravi = site.new_candidate(), site.member("Ravi Reviews")
    assert (
        site.post(f"/candidates/{number}/move", {"member_id": ravi, "target_stage": "offer"}).status_code
        == 403
    )
    rating = {"member_id": ravi, "comment": "Hi", "grade": 1}
    assert site.post(f"/candidates/{number}/ratings", rating).status_code == 201


@pytest.mark.parametrize("state", ["archived", "draft"])
def test_nobody_is_moved_in_a_frozen_job_but_notes_are_taken(site: Site, state: str) -> None:
    number = site.new_candidate()
    site.control("acme/set_job_state", shortcode=site.job(), state=state)
    move = {"member_id": site.bot, "target_stage": "offer"}
    assert site.post(f"/candidates/{number}/move", move).status_code == 403
    note = {"member_id": site.bot, "comment": {"body": "Hi"}}
    assert site.post(f"/candidates/{number}/comments", note).status_code == 201


def test_a_closed_job_takes_writes_normally(site: Site) -> None:
    number = site.new_candidate(job=site.job("closed"))
    body = {"member_id": site.bot, "target_stage": "offer"}
    assert site.post(f"/candidates/{number}/move", body).status_code == 202


def test_a_comment_scope_is_enough_for_comments_only(site: Site) -> None:
    site.world.drop_scope("acme", "w_candidates")
    number = site.new_candidate()
    note = {"member_id": site.bot, "comment": {"body": "Hi"}}
    assert site.post(f"/candidates/{number}/comments", note).status_code == 201
    move = {"member_id": site.bot, "target_stage": "offer"}
    assert site.post(f"/candidates/{number}/move", move).status_code == 403


def test_an_invitation_has_an_id_of_its_own(site: Site) -> None:
    body = {"email": "new@example.com", "roles": ["ats.simple"], "member_id": site.bot}
    invite = site.post("/members/invite", body).json()
    assert invite["role"] == "simple"
    assert invite["id"] not in [row["id"] for row in site.rows("/members", "members", status="all")]


def test_an_account_tokens_invitation_names_the_inviter(site: Site) -> None:
    assert (
        site.post("/members/invite", {"email": "new@example.com", "roles": ["ats.simple"]}).status_code == 422
    )


def test_roles_are_replaced_and_the_legacy_role_follows(site: Site) -> None:
    member = site.member("Petra Screens")
    answer = site.put("/members", {"id": member, "roles": ["ats.reviewer"]})
    assert (answer.status_code, answer.json()["role"], answer.json()["roles"]) == (
        200,
        "reviewer",
        ["ats.reviewer"],
    )


def test_a_member_is_deactivated_and_enabled_again(site: Site) -> None:
    member = site.member("Petra Screens")
    assert site.call("DELETE", f"/members/{member}").status_code == 204
    assert member not in [row["id"] for row in site.rows("/members", "members")]
    assert site.post(f"/members/{member}/enable").status_code == 200
    assert member in [row["id"] for row in site.rows("/members", "members")]


def test_the_last_admin_stays(site: Site) -> None:
    assert site.call("DELETE", f"/members/{site.member('Olivia Root')}").status_code == 204
    answer = site.call("DELETE", f"/members/{site.bot}")
    assert answer.status_code == 422
    assert "error" in answer.json()
