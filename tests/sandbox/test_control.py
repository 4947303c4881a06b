"""The control API: the truth, the journal, and the verbs."""

import json
from typing import Any

import pytest

from sandbox.routes_control import ACCOUNT_VERBS
from tests.sandbox.conftest import Start
from tests.sandbox.site import Site


def lines(site: Site, path: str) -> list[dict[str, Any]]:
    text = site.http.get(f"{site.running.control_url}/{path}").text
    return [json.loads(line) for line in text.splitlines()]


def test_the_truth_is_every_candidate_as_the_list_gives_it(site: Site) -> None:
    assert lines(site, "acme/candidates") == site.rows("/candidates", "candidates")


def test_the_state_counts_and_names_no_one(site: Site) -> None:
    found = site.http.get(f"{site.running.control_url}/state").json()
    assert found["accounts"]["acme"]["candidates"] == 40
    assert "@" not in json.dumps(found)
    assert site.token not in json.dumps(found)


def test_the_journal_tells_requests_without_secrets(site: Site) -> None:
    site.get("/jobs", limit=3)
    entry = lines(site, "journal")[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/acme/spi/v3/jobs", 200)
    assert (entry["query"], entry["token"]) == ("limit=3", "account acme 1")
    assert site.token not in json.dumps(lines(site, "journal"))


def test_the_journal_continues_after_a_number_and_goes_on_counting_when_cleared(site: Site) -> None:
    last = lines(site, "journal")[-1]["n"]
    site.get("/jobs")
    assert [entry["n"] for entry in lines(site, f"journal?after={last}")] == [last + 1]
    site.control("journal/clear")
    site.get("/jobs")
    assert [entry["n"] for entry in lines(site, "journal")] == [last + 2]


def test_a_journal_can_be_one_accounts(start: Start) -> None:
    site = start("acme:account,globex:account")
    site.get("/jobs")
    assert {entry.get("account", "request") for entry in lines(site, "acme/journal")} == {"acme", "request"}
    assert lines(site, "globex/journal")[-1]["kind"] == "change"


def test_every_change_says_who_caused_it(site: Site) -> None:
    number = site.control("acme/create_candidate", job=site.job())["id"]
    site.post(f"/candidates/{number}/move", {"member_id": site.bot, "target_stage": "offer"})
    changes = [entry for entry in lines(site, "acme/journal") if entry.get("candidate") == number]
    assert [(entry["verb"], entry["cause"]) for entry in changes] == [("create", "control"), ("move", "api")]
    assert (changes[1]["source"], changes[1]["target"]) == ("sourced", "offer")


def test_people_can_do_everything_to_a_candidate(site: Site) -> None:
    number = site.control("acme/create_candidate", job=site.job(), sourced=False)["id"]
    site.control("acme/edit", candidate_id=number, changes={"headline": "Baker"})
    site.control("acme/move", candidate_id=number, to="interview", member_id=site.bot)
    site.control("acme/comment", candidate_id=number, body="Hello", member_id=site.bot)
    site.control("acme/rate", candidate_id=number, grade=4, comment="Fine", scale="stars", member_id=site.bot)
    site.control("acme/disqualify", candidate_id=number, reason="No")
    site.control("acme/revert", candidate_id=number)
    actions = [row["action"] for row in site.activities(number)]
    assert actions == ["applied", "interview", "comment", "rating", "disqualified", "reverted"]
    new = site.control("acme/relocate", candidate_id=number, job=list(site.account.jobs)[1])["id"]
    site.control("acme/copy", candidate_id=new, job=site.job())
    site.control("acme/delete", candidate_id=new)
    assert site.get(f"/candidates/{new}").status_code == 404


def test_anonymization_removes_the_person_and_keeps_the_row(site: Site) -> None:
    number = site.new_candidate()
    site.account.comment(number, "About her", member_id=site.bot)
    site.control("acme/anonymize", candidate_id=number)
    row = site.candidate(number)
    assert row["anonymized"] is True
    assert [row[key] for key in ("name", "firstname", "lastname", "email", "phone", "address")] == [None] * 6
    assert [activity["body"] for activity in site.activities(number)] == [None, None]


def test_many_are_moved_at_once(site: Site) -> None:
    for _ in range(3):
        site.new_candidate("assessment")
    before = sum(row["stage"] == "Assessment" for row in lines(site, "acme/candidates"))
    job = site.job()
    there = len(site.rows("/candidates", "candidates", shortcode=job, stage="assessment"))
    assert site.control("acme/move_bulk", job=job, source="assessment", to="interview", count=2) == 2
    assert len(site.rows("/candidates", "candidates", shortcode=job, stage="assessment")) == there - 2
    assert sum(row["stage"] == "Assessment" for row in lines(site, "acme/candidates")) == before - 2


def test_touch_edits_as_many_as_it_is_told(site: Site) -> None:
    before = {row["id"]: row for row in lines(site, "acme/candidates")}
    chosen = site.control("acme/touch", count=5)
    changed = [row["id"] for row in lines(site, "acme/candidates") if row != before[row["id"]]]
    assert sorted(changed) == sorted(chosen)
    assert len(chosen) == 5


def test_jobs_are_made_and_change_their_state(site: Site) -> None:
    shortcode = site.control("acme/create_job", title="Night Porter", state="draft")["shortcode"]
    for state in ("published", "closed", "archived"):
        site.control("acme/set_job_state", shortcode=shortcode, state=state)
        assert site.get(f"/jobs/{shortcode}").json()["state"] == state
    assert shortcode == site.rows("/jobs", "jobs")[-1]["shortcode"]


def test_a_renamed_stage_keeps_id_and_slug_until_the_switch_says_otherwise(site: Site) -> None:
    job, number = site.job(), site.new_candidate("interview")
    before = next(s for s in site.get(f"/jobs/{job}/stages").json()["stages"] if s["slug"] == "interview")
    assert site.candidate(number)["stage"] == "Interview"
    site.control("acme/rename_stage", shortcode=job, slug="interview", name="AI Interview")
    after = next(s for s in site.get(f"/jobs/{job}/stages").json()["stages"] if s["slug"] == "interview")
    assert (after["id"], after["name"]) == (before["id"], "AI Interview")
    row = next(row for row in site.rows("/candidates", "candidates") if row["id"] == number)
    assert row["stage"] == "AI Interview"
    assert site.get("/stages").json()["stages"][5]["name"] == "Interview"
    site.world.set_switches({"rename_changes_slug": True})
    assert site.control("acme/rename_stage", shortcode=job, slug="interview", name="Talk")["slug"] == "talk"


def test_stages_are_added_reordered_and_deleted(site: Site) -> None:
    job, number = site.job(), site.new_candidate("interview")
    site.control("acme/add_stage", shortcode=job, name="Second Talk", kind="interview")
    slugs = [row["slug"] for row in site.get(f"/jobs/{job}/stages").json()["stages"]]
    assert slugs.index("second-talk") == slugs.index("offer") - 1
    site.control("acme/reorder_stages", shortcode=job, slugs=slugs[::-1])
    assert [row["slug"] for row in site.get(f"/jobs/{job}/stages").json()["stages"]] == slugs[::-1]
    site.control("acme/delete_stage", shortcode=job, slug="interview", move_to="second-talk")
    assert site.candidate(number)["stage"] == "Second Talk"


def test_a_timeline_still_names_a_deleted_stage(site: Site) -> None:
    number = site.new_candidate()
    site.account.move(number, "interview")
    site.account.delete_stage(site.job(), "interview")
    assert site.activities(number)[-1]["target_stage"]["name"] == "Interview"


def test_members_come_and_go(site: Site) -> None:
    made = site.control("acme/add_member", name="Nora New", email="nora@example.com", role="reviewer")
    assert "Nora New" in [row["name"] for row in site.rows("/members", "members")]
    site.control("acme/set_team", shortcode=site.job(), member_id=made["id"], role="recruiter")
    assert "Nora New" in [row["name"] for row in site.get(f"/jobs/{site.job()}/members").json()["members"]]
    site.control("acme/deactivate_member", member_id=made["id"])
    assert "Nora New" not in [row["name"] for row in site.rows("/members", "members")]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("acme/explode", {}, 404),
        ("nowhere/touch", {}, 404),
        ("acme/move", {"candidate_id": "abc", "to": "offer"}, 404),
        ("acme/move", {"wrong": 1}, 422),
        ("switches", {"no_such_switch": 1}, 422),
        ("switches", {"rate": "sometimes"}, 422),
        ("acme/set_job_state", {"shortcode": "X", "state": "gone"}, 422),
    ],
)
def test_a_mistaken_order_is_refused_with_a_sentence(
    site: Site, path: str, body: dict[str, Any], status: int
) -> None:
    answer = site.http.post(f"{site.running.control_url}/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_switches_are_read_and_set(site: Site) -> None:
    site.control("switches", same_stage_status=202, clock_skew=1.5)
    found = site.http.get(f"{site.running.control_url}/switches").json()
    assert (found["same_stage_status"], found["clock_skew"]) == (202, 1.5)


def test_every_verb_of_the_control_api_exists(site: Site) -> None:
    assert [verb for verb in ACCOUNT_VERBS if not callable(getattr(site.account, verb, None))] == []


def test_an_anonymized_name_may_be_kept_as_a_placeholder(start: Start) -> None:
    site = start(switches={"anonymized_name": "Anonymous"})
    number = site.new_candidate()
    site.account.anonymize(number)
    assert site.candidate(number)["name"] == "Anonymous"
