"""Holds every answer of the sandbox against the shapes of recorded answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.derive_shapes import Shape, shape_of
from tests.sandbox.site import Site

SHAPES: dict[str, Shape] = json.loads(Path(__file__).with_name("shapes.json").read_text())
Ask = Callable[[Site, str], httpx.Response]

# Where the documents say more than the one recorded account happened to show.
DOCUMENTED = {
    "candidate.phone may be str",
    "candidate.address may be str",
    "candidate.disqualified_at may be NoneType",
    "candidate.disqualification_reason may be NoneType",
    "candidate.headline may be NoneType",
    "jobs[].department may be str",
    "jobs[].code may be NoneType",
    "code may be NoneType",
    "jobs[].department_hierarchy[] is new",
    "jobs[].location.region_code may be NoneType",
    "location.region_code may be NoneType",
    "jobs[].locations[].state_code may be NoneType",
    "locations[].state_code may be NoneType",
    "location.zip_code may be NoneType",
    "locations[].zip_code may be NoneType",
    "jobs[].sample is missing at times",
    "jobs[].salary is missing at times",
    "industry may be NoneType",
    "function may be NoneType",
    "experience may be NoneType",
    "education may be NoneType",
    "recruiters[] is new",
}


def differences(recorded: Shape, ours: Shape, at: str = "", *, whole: bool = False) -> list[str]:
    """How our shape departs from the recorded one; `whole`: ours must show all that was recorded, too."""
    found = [f"{at} may be {name}" for name in ours["types"] if name not in recorded["types"]]
    if whole:
        found += [f"{at} is never {name}" for name in recorded["types"] if name not in ours["types"]]
    if "keys" in ours and "keys" in recorded:
        found += _key_differences(recorded["keys"], ours["keys"], f"{at}." if at else "", whole=whole)
    if "items" in ours:
        inner = f"{at}[]"
        if "items" not in recorded:
            found.append(f"{inner} is new")
        else:
            found += differences(recorded["items"], ours["items"], inner, whole=whole)
    return found


def _key_differences(
    recorded: dict[str, Shape], ours: dict[str, Shape], at: str, *, whole: bool
) -> list[str]:
    found = [f"{at}{name} is new" for name in ours if name not in recorded]
    for name, shape in recorded.items():
        if name not in ours:
            found += [f"{at}{name} is missing"] if shape["always"] or whole else []
            continue
        if shape["always"] and not ours[name]["always"]:
            found.append(f"{at}{name} is missing at times")
        if whole and ours[name]["always"] and not shape["always"]:
            found.append(f"{at}{name} is never missing")
        found += differences(shape, ours[name], f"{at}{name}", whole=whole)
    return found


def act(method: str, path: str, body: dict[str, Any] | None = None) -> Ask:
    """A call on the candidate (`{id}`) of a job (`{job}`), by the bot."""

    def ask(site: Site, number: str) -> httpx.Response:
        event = site.account.info.events[0]["id"]
        where = path.format(id=number, job=site.job(), event=event, gone=site.member("Petra Screens"))
        given = None if body is None else {"member_id": site.bot, **body}
        if given and "target_job_shortcode" in given:
            given["target_job_shortcode"] = list(site.account.jobs)[1]
        return site.call(method, where, json=given)

    return ask


PERSON = {"candidate": {"firstname": "Ann", "lastname": "One", "email": "ann@example.com"}}
ASKED: dict[str, Ask] = {
    "GET /accounts": act("GET", "/accounts"),
    "GET /accounts/:subdomain": act("GET", "/accounts/acme"),
    "GET /candidates": act("GET", "/candidates?limit=90"),
    "GET /candidates/:id": act("GET", "/candidates/{id}"),
    "GET /candidates/:id/activities": act("GET", "/candidates/{id}/activities"),
    "GET /candidates/:id/files": act("GET", "/candidates/{id}/files"),
    "GET /candidates/:id/offer": act("GET", "/candidates/{id}/offer"),
    "GET /collaboration_permissions": act("GET", "/collaboration_permissions"),
    "GET /custom_attributes": act("GET", "/custom_attributes"),
    "GET /departments": act("GET", "/departments"),
    "GET /disqualification_reasons": act("GET", "/disqualification_reasons"),
    "GET /events": act("GET", "/events?limit=3"),
    "GET /events/:id": act("GET", "/events/{event}"),
    "GET /jobs": act("GET", "/jobs"),
    "GET /jobs/:shortcode": act("GET", "/jobs/{job}"),
    "GET /jobs/:shortcode/activities": act("GET", "/jobs/{job}/activities"),
    "GET /jobs/:shortcode/application_form": act("GET", "/jobs/{job}/application_form"),
    "GET /jobs/:shortcode/custom_attributes": act("GET", "/jobs/{job}/custom_attributes"),
    "GET /jobs/:shortcode/members": act("GET", "/jobs/{job}/members"),
    "GET /jobs/:shortcode/questions": act("GET", "/jobs/{job}/questions"),
    "GET /jobs/:shortcode/recruiters": act("GET", "/jobs/{job}/recruiters"),
    "GET /jobs/:shortcode/stages": act("GET", "/jobs/{job}/stages"),
    "GET /legal_entities": act("GET", "/legal_entities"),
    "GET /members": act("GET", "/members?status=all"),
    "GET /permission_sets": act("GET", "/permission_sets"),
    "GET /recruiters": act("GET", "/recruiters"),
    "GET /stages": act("GET", "/stages"),
    "GET /subscriptions": act("GET", "/subscriptions"),
    "PATCH /candidates/:id": act("PATCH", "/candidates/{id}", {"candidate": {"headline": "Cook"}}),
    "POST /candidates/:id/comments": act("POST", "/candidates/{id}/comments", {"comment": {"body": "Hi"}}),
    "POST /candidates/:id/copy": act("POST", "/candidates/{id}/copy", {"target_job_shortcode": ""}),
    "POST /candidates/:id/disqualify": act("POST", "/candidates/{id}/disqualify", {}),
    "POST /candidates/:id/move": act("POST", "/candidates/{id}/move", {"target_stage": "offer"}),
    "POST /candidates/:id/ratings": act("POST", "/candidates/{id}/ratings", {"comment": "Hi", "grade": 1}),
    "POST /candidates/:id/relocate": act("POST", "/candidates/{id}/relocate", {"target_job_shortcode": ""}),
    "POST /jobs/:shortcode/candidates": act("POST", "/jobs/{job}/candidates", PERSON),
    "POST /members/invite": act(
        "POST", "/members/invite", {"email": "n@example.com", "roles": ["ats.simple"]}
    ),
    "POST /talent_pool/candidates": act("POST", "/talent_pool/candidates", PERSON),
    "PUT /candidates/:id/ratings": act("PUT", "/candidates/{id}/ratings", {"comment": "Hi", "grade": 1}),
    "PUT /candidates/:id/tags": act("PUT", "/candidates/{id}/tags", {"tags": ["a"]}),
    "DELETE /members/:id": act("DELETE", "/members/{gone}"),
}
LATER = {
    "POST /candidates/:id/revert",
    "POST /subscriptions",
    "DELETE /subscriptions/:id",
    "PUT /members",
}
NOT_SERVED = {"POST /departments", "DELETE /departments/:id"}


@pytest.fixture
def busy(start: Start) -> Site:
    """An account in which somebody has been commented, rated and moved, and hooks are set."""
    site = start(candidates=140)
    for event in ("candidate_moved", "employee_created"):
        site.post("/subscriptions", {"target": f"https://example.com/{event}", "event": event})
    return site


@pytest.fixture
def somebody(busy: Site) -> str:
    number = busy.new_candidate(sourced=False)
    busy.account.comment(number, "Hi", member_id=busy.bot)
    busy.account.rate(number, 1, "Fine", member_id=busy.member("Olivia Root"))
    busy.account.move(number, "interview", member_id=busy.bot)
    return number


def told(answer: httpx.Response) -> Any:
    """JSON, or the text of an answer that is none; recorded writes answered nothing."""
    return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


def unexplained(name: str, content: Any, *, whole: bool = False) -> list[str]:
    found = differences(SHAPES[name], shape_of(content), whole=whole)
    return [one for one in found if one not in DOCUMENTED]


@pytest.mark.parametrize("name", sorted(ASKED))
def test_an_answer_has_the_recorded_shape(busy: Site, somebody: str, name: str) -> None:
    answer = ASKED[name](busy, somebody)
    assert answer.status_code < 300
    if name == "GET /collaboration_permissions":
        assert answer.json().keys() <= SHAPES[name]["keys"].keys()
    else:
        assert unexplained(name, told(answer)) == []


def test_the_answers_that_need_a_past_have_the_recorded_shape(busy: Site, somebody: str) -> None:
    busy.account.disqualify(somebody)
    revert = busy.post(f"/candidates/{somebody}/revert", {"member_id": busy.bot})
    assert unexplained("POST /candidates/:id/revert", told(revert)) == []
    body = {"target": "https://example.com/x", "event": "candidate_created"}
    made = busy.post("/subscriptions", body)
    assert unexplained("POST /subscriptions", told(made)) == []
    gone = busy.call("DELETE", f"/subscriptions/{made.json()['id']}")
    assert unexplained("DELETE /subscriptions/:id", told(gone)) == []
    roles = busy.put("/members", {"id": busy.member("Ravi Reviews"), "roles": ["ats.simple"]})
    assert unexplained("PUT /members", told(roles)) == []


def test_every_recorded_endpoint_is_held() -> None:
    assert SHAPES.keys() == ASKED.keys() | LATER | NOT_SERVED


def test_the_whole_candidate_list_shows_all_that_was_recorded(busy: Site) -> None:
    rows = busy.rows("/candidates", "candidates", limit=100)
    content = {"candidates": [row for row in rows if not row["anonymized"]], "paging": {"next": ""}}
    found = unexplained("GET /candidates", content, whole=True)
    assert found == ["paging is never missing"]  # here it stands for the pages before the last


def test_all_timelines_together_show_all_that_was_recorded(busy: Site, somebody: str) -> None:
    every = [row for row in busy.rows("/candidates", "candidates", limit=100) if not row["anonymized"]]
    rows = [activity for row in every for activity in busy.activities(row["id"])]
    assert any(activity["id"] for activity in busy.activities(somebody))
    assert unexplained("GET /candidates/:id/activities", {"activities": rows}, whole=True) == []


def test_the_member_list_shows_all_that_was_recorded(busy: Site) -> None:
    content = busy.get("/members", status="all").json()
    assert unexplained("GET /members", content, whole=True) == []
