"""The interview platform's contract."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.site import Clock, Receiver, Site

BODY: dict[str, Any] = {
    "template_id": "tpl-general",
    "job_shortcode": "AB12",
    "job_title": "Baker",
    "callback_url": None,
    "external_id": "acme:1",
    "candidate": {"first_name": "Ann", "last_name": "One", "email": "ann@example.com", "phone": None},
}


@pytest.fixture
def still(start: Start) -> Site:
    """A platform on which nothing happens by itself."""
    site = start()
    site.control("platform/settings", progress=False)
    return site


def create(site: Site, key: str | None = "k1", **changes: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return site.platform("POST", "/interviews", json={**BODY, **changes}, headers=headers)


def listed(site: Site, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = site.platform("GET", "/interviews", params=params).json()
        rows += page["interviews"]
        if "next_cursor" not in page:
            return rows
        params["cursor"] = page["next_cursor"]


def test_a_wrong_token_is_refused_in_the_platforms_own_words(still: Site) -> None:
    answer = still.platform("GET", "/interviews", headers={"Authorization": "Bearer no"})
    assert (answer.status_code, answer.json()["status"]) == (401, 401)
    assert answer.json()["message"]


def test_templates_are_listed(still: Site) -> None:
    rows = still.platform("GET", "/interview-templates").json()["interview_templates"]
    assert {"id", "name"} == rows[0].keys()


def test_the_same_key_gives_the_same_interview_and_another_body_a_conflict(still: Site) -> None:
    first, again = create(still), create(still)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert create(still, external_id="acme:2").status_code == 409
    assert len(listed(still)) == 1


def test_without_a_key_every_call_makes_one(still: Site) -> None:
    assert create(still, None).json()["interview_id"] != create(still, None).json()["interview_id"]


@pytest.mark.parametrize(
    "changes", [{"template_id": "none"}, {"candidate": {"first_name": "A"}}, {"candidate": None}]
)
def test_an_unusable_invitation_is_refused(still: Site, changes: dict[str, Any]) -> None:
    assert create(still, **changes).status_code == 422


def test_an_interview_is_found_by_external_id(still: Site) -> None:
    number = create(still).json()["interview_id"]
    found = still.platform("GET", "/interviews", params={"external_id": "acme:1"}).json()["interviews"]
    assert [row["interview_id"] for row in found] == [number]
    assert still.platform("GET", "/interviews", params={"external_id": "x"}).json() == {"interviews": []}


def test_changes_are_walked_by_cursor_in_the_order_of_their_time(start: Start) -> None:
    clock = Clock()
    still = start(clock=clock)
    still.control("platform/settings", progress=False)
    numbers = [create(still, f"k{place}").json()["interview_id"] for place in range(5)]
    clock.now += 1
    still.world.platform.start(numbers[0])
    rows = listed(still, limit=2)
    assert [row["interview_id"] for row in rows] == [*numbers[1:], numbers[0]]
    since = rows[-1]["updated_at"]
    assert [row["interview_id"] for row in listed(still, updated_after=since)] == [numbers[0]]


def test_an_interview_goes_from_invitation_to_result_by_itself(start: Start) -> None:
    site = start(interview_seconds=0.05)
    site.control("platform/settings", bounce_share=0, expire_share=0)
    number = create(site).json()["interview_id"]
    seen = _wait_for(site, number, "completed")
    assert seen["result"]["transcript"][0]["speaker"] == "interviewer"
    assert 0 <= seen["result"]["score"] <= 100
    verbs = [entry["verb"] for entry in site.world.context.journal.entries(kind="platform")]
    assert verbs == ["invite", "started", "completed"]


@pytest.mark.parametrize(("share", "status"), [("bounce_share", "bounced"), ("expire_share", "expired")])
def test_some_interviews_bounce_or_expire(start: Start, share: str, status: str) -> None:
    site = start(interview_seconds=0.02)
    site.control("platform/settings", **{"bounce_share": 0, "expire_share": 0, share: 1})
    row = _wait_for(site, create(site).json()["interview_id"], status)
    assert "result" not in row
    assert ("bounced_at" in row["invite"]) == (status == "bounced")


def test_an_interview_ends_at_the_time_it_was_given(start: Start) -> None:
    site = start(interview_seconds=600)
    number = create(site, expires_at="2020-01-01T00:00:00Z").json()["interview_id"]
    _wait_for(site, number, "expired")
    assert create(site, "k2", expires_at="soon").status_code == 422


def _wait_for(site: Site, number: str, status: str) -> dict[str, Any]:
    for _ in range(2000):
        row = next(row for row in listed(site) if row["interview_id"] == number)
        if row["status"] == status:
            return row
        site.settle()
    raise AssertionError(f"{number} did not become {status}")


def test_a_result_can_be_ordered_and_amended(still: Site) -> None:
    number = create(still).json()["interview_id"]
    still.control("platform/complete", number=number, score=100, result={"summary": "Best"})
    row = listed(still)[0]
    assert (row["status"], row["revision"]) == ("completed", 1)
    assert (row["result"]["score"], row["result"]["grade"], row["result"]["summary"]) == (
        100,
        "excelled",
        "Best",
    )
    still.control("platform/amend", number=number, score=10)
    row = listed(still)[0]
    assert (row["revision"], row["result"]["grade"]) == (2, "failed")


def test_an_open_interview_is_cancelled_and_a_completed_one_is_not(still: Site) -> None:
    number = create(still).json()["interview_id"]
    assert still.platform("DELETE", f"/interviews/{number}").status_code == 204
    assert listed(still)[0]["status"] == "cancelled"
    done = create(still, "k2").json()["interview_id"]
    still.control("platform/complete", number=done)
    assert still.platform("DELETE", f"/interviews/{done}").status_code == 409
    assert still.platform("DELETE", "/interviews/none").status_code == 404


def test_a_callback_is_signed_the_standard_way_and_repeated(still: Site, receiver: Receiver) -> None:
    still.control("platform/settings", callback_retry_seconds=[0.01])
    receiver.statuses = [500]
    number = create(still, callback_url=f"{receiver.url}/cb").json()["interview_id"]
    still.control("platform/complete", number=number, score=70)
    first, second = receiver.next(), receiver.next()
    key = base64.b64decode(still.world.platform.callbacks.secret.removeprefix("whsec_"))
    for came in (first, second):
        signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert came.headers["webhook-signature"] == f"v1,{digest}"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    content = json.loads(second.body)
    assert (second.method, content["interview_id"], content["status"]) == ("PUT", number, "completed")
    assert content["result"]["score"] == 70


def test_applicants_are_walked_by_cursor(still: Site) -> None:
    made = [still.control("platform/add_applicant", job_shortcode="AB12")["applicant_id"] for _ in range(3)]
    first = still.platform("GET", "/applicants", params={"limit": 2}).json()
    second = still.platform("GET", "/applicants", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [row["applicant_id"] for row in first["applicants"] + second["applicants"]] == made
    assert "next_cursor" not in second
    assert first["applicants"][0]["email"].endswith("@example.com")


def test_members_are_put_and_the_last_admin_stays(still: Site) -> None:
    put: Callable[..., Any] = lambda email, role: still.platform(  # noqa: E731 - used twice, here only
        "PUT", f"/members/{email}", json={"name": "Ann", "role": role, "source": "workable"}
    )
    assert [put("a@example.com", "admin").status_code, put("a@example.com", "admin").status_code] == [
        201,
        200,
    ]
    assert put("b@example.com", "owner").status_code == 422
    assert still.platform("DELETE", "/members/a@example.com").status_code == 409
    put("b@example.com", "admin")
    assert still.platform("DELETE", "/members/a@example.com").status_code == 204
    assert still.platform("DELETE", "/members/nobody@example.com").status_code == 404


def test_an_erasure_removes_the_person_from_their_interviews(still: Site) -> None:
    number = create(still).json()["interview_id"]
    still.control("platform/complete", number=number)
    assert still.platform("DELETE", "/candidates", params={"external_id": "acme:1"}).status_code == 202
    assert still.world.platform.interview(number).candidate == {}
    assert "result" not in listed(still)[0]
    assert still.world.platform.erased == ["acme:1"]


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": "x"}, {"cursor": "%%%"}, {"updated_after": "soon"}]
)
def test_an_unreadable_parameter_is_refused(still: Site, params: dict[str, Any]) -> None:
    assert still.platform("GET", "/interviews", params=params).status_code == 422


def test_the_truth_about_interviews_says_who_they_are_for(still: Site) -> None:
    create(still)
    rows = still.http.get(f"{still.running.control_url}/platform/interviews").json()
    assert rows[0]["candidate"]["email"] == "ann@example.com"
