"""Order, pages and filters of lists."""

from datetime import UTC, datetime

import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.site import Clock, Site


def test_candidates_come_in_numeric_order_although_ids_grow_longer(site: Site) -> None:
    ids = [row["id"] for row in site.rows("/candidates", "candidates", limit=7)]
    assert ids == sorted(ids, key=lambda text: int(text, 16))
    assert {len(text) for text in ids} == {7, 8}
    assert len(ids) == len(set(ids)) == 40


def test_a_second_page_begins_with_the_row_that_next_names(site: Site) -> None:
    first = site.get("/candidates", limit=5).json()
    second = site.call("GET", first["paging"]["next"]).json()
    assert f"since_id={second['candidates'][0]['id']}" in first["paging"]["next"]
    assert first["paging"]["next"].startswith(site.running.base_url("acme"))


def test_the_last_page_has_no_paging(site: Site) -> None:
    assert "paging" not in site.get("/candidates", limit=100).json()


def test_since_and_max_are_inclusive(site: Site) -> None:
    ids = [row["id"] for row in site.rows("/candidates", "candidates")]
    found = site.rows("/candidates", "candidates", since_id=ids[3], max_id=ids[6])
    assert [row["id"] for row in found] == ids[3:7]


def test_a_page_has_fifty_rows_and_never_more_than_a_hundred(start: Start) -> None:
    site = start(candidates=120)
    assert len(site.get("/candidates").json()["candidates"]) == 50
    assert len(site.get("/candidates", limit=500).json()["candidates"]) == 100


def test_with_a_shortcode_next_leads_to_the_jobs_own_path(site: Site) -> None:
    job = site.job()
    paging = site.get("/candidates", shortcode=job, limit=1).json()["paging"]
    assert f"/jobs/{job}/candidates?limit=1&since_id=" in paging["next"]
    walked = site.rows("/candidates", "candidates", shortcode=job, limit=1)
    assert {row["job"]["shortcode"] for row in walked} == {job}
    assert len(walked) == len(site.account.job_ids[job])


def test_next_keeps_the_filters(site: Site) -> None:
    stage = site.get("/candidates", limit=1).json()["candidates"][0]["stage_kind"]
    found = site.rows("/candidates", "candidates", stage=stage, limit=1, created_after="0")
    assert {row["stage_kind"] for row in found} == {stage}
    truth = [c for c in site.account.candidates.values() if site.account.stage(c.job, c.stage).kind == stage]
    assert len(found) == len(truth)


@pytest.mark.parametrize("shape", ["%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00", "unix"])
def test_updated_after_takes_three_notations_and_is_inclusive(start: Start, shape: str) -> None:
    clock = Clock()
    site = start(clock=clock)
    clock.now += 1000
    number = site.new_candidate()
    moment = datetime.fromtimestamp(clock.now, UTC)
    text = str(int(clock.now)) if shape == "unix" else moment.strftime(shape)
    assert [row["id"] for row in site.rows("/candidates", "candidates", updated_after=text)] == [number]
    later = str(int(clock.now) + 1)
    assert site.rows("/candidates", "candidates", updated_after=later) == []


def test_a_wide_and_a_narrow_time_filter_agree_with_the_truth(start: Start) -> None:
    site = start(candidates=300)
    moments = sorted(candidate.updated_at for candidate in site.account.candidates.values())
    for moment in (moments[10], moments[150], moments[295]):
        truth = [c.id for c in site.account.candidates.values() if c.updated_at >= moment]
        found = site.rows("/candidates", "candidates", updated_after=moment, limit=20)
        assert [int(row["id"], 16) for row in found] == sorted(truth)


def test_an_unreadable_time_is_refused(site: Site) -> None:
    assert site.get("/candidates", updated_after="yesterday").status_code == 422


def test_candidates_are_found_by_address(site: Site) -> None:
    number = site.new_candidate(candidate={"name": "Ann One", "email": "ann.one@example.com"})
    assert [row["id"] for row in site.rows("/candidates", "candidates", email="Ann.One@example.com")] == [
        number
    ]


def test_an_unknown_shortcode_is_not_found(site: Site) -> None:
    assert site.get("/candidates", shortcode="NOPE").status_code == 404
    assert site.get("/jobs/NOPE/candidates").status_code == 404


def test_jobs_come_in_all_states_unless_one_is_asked_for(site: Site) -> None:
    states = {row["state"] for row in site.rows("/jobs", "jobs", limit=2)}
    assert states == {"draft", "published", "archived", "closed"}
    assert {row["state"] for row in site.rows("/jobs", "jobs", state="closed")} == {"closed"}


def test_a_job_list_shows_texts_only_on_request(site: Site) -> None:
    assert "description" not in site.get("/jobs").json()["jobs"][0]
    row = site.get("/jobs", include_fields="description,benefits").json()["jobs"][0]
    assert {"description", "benefits"} <= row.keys()
    assert "requirements" not in row


def test_a_jobs_detail_has_no_wrapper(site: Site) -> None:
    detail = site.get(f"/jobs/{site.job()}").json()
    assert detail["shortcode"] == site.job()
    assert "sample" not in detail


def test_inactive_members_are_hidden_unless_all_are_asked_for(site: Site) -> None:
    assert all(row["active"] for row in site.rows("/members", "members"))
    names = {row["name"] for row in site.rows("/members", "members", status="all", limit=2)}
    assert "Gone Before" in names


def test_members_are_filtered(site: Site) -> None:
    assert {row["role"] for row in site.rows("/members", "members", role="simple")} == {"simple"}
    assert [row["name"] for row in site.rows("/members", "members", name="Integration Bot")] == [
        "Integration Bot"
    ]


def test_a_jobs_members_are_its_team_and_every_admin(site: Site) -> None:
    rows = site.get(f"/jobs/{site.job()}/members").json()["members"]
    roles = {row["name"]: row["collaboration_role"] for row in rows}
    assert roles["Olivia Root"] == "admin"
    assert roles["Sam Hiring"] == "hiring_manager"
    assert "Petra Screens" not in roles


def test_positions_count_from_one_or_from_zero(site: Site) -> None:
    assert site.get("/stages").json()["stages"][0]["position"] == 1
    site.world.set_switches({"positions_from": 0})
    assert site.get("/stages").json()["stages"][0]["position"] == 0


def test_stage_is_a_name_and_its_kind_stands_beside_it(site: Site) -> None:
    row = site.candidate(site.new_candidate("phone-screen"))
    assert (row["stage"], row["stage_kind"]) == ("Phone Screen", "phone-screen")


def test_pool_candidates_have_no_job_and_are_listed_only_by_the_switch(site: Site) -> None:
    number = f"{site.account.create_candidate(None).id:x}"
    row = site.candidate(number)
    assert "job" not in row
    assert row["talent_pool"]["talent_pool_id"]
    assert number not in [found["id"] for found in site.rows("/candidates", "candidates")]
    site.world.set_switches({"pool_in_list": True})
    assert number in [found["id"] for found in site.rows("/candidates", "candidates")]


def test_candidates_of_archived_jobs_are_listed_unless_the_switch_hides_them(start: Start) -> None:
    site = start(candidates=100)
    job = site.job("archived")
    everyone = len(site.rows("/candidates", "candidates"))
    hidden = len(site.account.job_ids[job])
    site.world.set_switches({"archived_in_list": False})
    assert len(site.rows("/candidates", "candidates")) == everyone - hidden < everyone


def test_activities_are_paged_and_filtered(site: Site) -> None:
    number = site.new_candidate()
    for place in range(5):
        site.account.comment(number, f"Note {place}", member_id=site.bot)
    path = f"/candidates/{number}/activities"
    bodies = [row["body"] for row in site.rows(path, "activities", limit=2)]
    assert bodies == [None, *(f"Note {place}" for place in range(5))]
    assert {row["action"] for row in site.rows(path, "activities", actions="comment")} == {"comment"}
    assert site.rows(path, "activities", updated_after="4000000000") == []


def test_a_jobs_feed_names_the_candidates(site: Site) -> None:
    rows = site.rows(f"/jobs/{site.job()}/activities", "activities", limit=20)
    numbers = [int(row["id"], 16) for row in rows]
    assert numbers == sorted(numbers)
    assert all(row["candidate"]["id"] for row in rows)
    assert "target_stage" not in rows[0]


def test_the_seeded_jobs_include_a_sample_and_one_with_its_own_pipeline(site: Site) -> None:
    assert [row.get("sample") for row in site.rows("/jobs", "jobs")].count(True) == 1
    slugs = [row["slug"] for row in site.get(f"/jobs/{list(site.account.jobs)[3]}/stages").json()["stages"]]
    assert "video-screening" in slugs


def test_one_person_may_have_applied_to_two_jobs(start: Start) -> None:
    site = start(candidates=200)
    jobs: dict[str, set[str]] = {}
    for row in site.rows("/candidates", "candidates", limit=100):
        jobs.setdefault(row["email"], set()).add(row["job"]["shortcode"])
    assert any(len(shortcodes) == 2 for shortcodes in jobs.values())


def test_other_peoples_events_are_for_user_tokens(start: Start) -> None:
    site = start("acme:account,globex:oauth")
    assert site.get("/events", context="all").status_code == 403
    other = Site(site.running, "globex")
    assert other.get("/events", context="all").status_code == 200
    other.http.close()
