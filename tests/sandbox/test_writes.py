"""What writes answer, change, and refuse."""

import base64

import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.site import Clock, Site

ANN = {"firstname": "Ann", "lastname": "One", "email": "ann.one@example.com"}


def test_a_created_candidate_is_uploaded_into_sourced_unless_it_applied(site: Site) -> None:
    answer = site.post(f"/jobs/{site.job()}/candidates", {"candidate": ANN})
    made = answer.json()
    assert (answer.status_code, made["status"], made["candidate"]["stage"]) == (201, "created", "Sourced")
    assert site.activities(made["candidate"]["id"])[0]["action"] == "uploaded"
    other = {"sourced": False, "candidate": {"name": "Ben Two", "email": "ben@example.com"}}
    applied = site.post(f"/jobs/{site.job()}/candidates", other).json()["candidate"]
    assert (applied["stage"], applied["lastname"]) == ("Applied", "Two")
    verbs = [entry.get("verb") for entry in site.world.context.journal.entries()]
    assert verbs.count("mail_thank_you") == 1


def test_the_landing_stage_can_be_named(site: Site) -> None:
    answer = site.post(f"/jobs/{site.job()}/candidates?stage=interview", {"candidate": ANN})
    assert answer.json()["candidate"]["stage"] == "Interview"
    wrong = site.post(f"/jobs/{site.job()}/candidates?stage=nowhere", {"candidate": ANN})
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    "person", [{"name": "No Mail"}, {"email": "x@example.com"}, {"name": "A", "email": "b"}]
)
def test_a_candidate_needs_a_name_and_an_address(site: Site, person: dict[str, str]) -> None:
    answer = site.post(f"/jobs/{site.job()}/candidates", {"candidate": person})
    assert answer.status_code == 422
    assert answer.json()["validation_errors"]


def test_the_same_address_twice_on_a_job_is_refused_unless_the_switch_allows_it(site: Site) -> None:
    path = f"/jobs/{site.job()}/candidates"
    site.post(path, {"candidate": ANN})
    refused = site.post(path, {"candidate": {**ANN, "email": "ANN.one@example.com"}})
    assert refused.status_code == 422
    assert refused.json()["validation_errors"] == {"email": ["candidate already exists"]}
    site.world.set_switches({"duplicate_email_status": 201})
    assert site.post(path, {"candidate": ANN}).status_code == 201


def test_skills_are_written_as_words_and_read_as_objects(site: Site) -> None:
    person = {**ANN, "skills": ["SQL"], "tags": ["new"], "summary": "Calm"}
    made = site.post(f"/jobs/{site.job()}/candidates", {"candidate": person}).json()["candidate"]
    assert (made["skills"], made["tags"], made["summary"]) == ([{"name": "SQL"}], ["new"], "Calm")


def test_somebody_can_be_put_into_the_talent_pool(site: Site) -> None:
    made = site.post("/talent_pool/candidates", {"candidate": ANN}).json()["candidate"]
    assert "talent_pool" in made
    assert "job" not in made


def test_updated_at_moves_by_itself_after_creation(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock, switches={"post_processing": True, "post_processing_seconds": [0.0, 0.0]})
    with site.world.context.guard:  # the scheduler waits until the clock has moved
        number = site.new_candidate()
        clock.now += 3
    site.settle()
    found = site.account.candidate(number)
    assert found.updated_at - found.created_at == 3


def test_an_update_replaces_what_it_names_and_keeps_the_rest(site: Site) -> None:
    number = site.new_candidate(candidate={**ANN, "tags": ["a"], "summary": "Old", "headline": "Cook"})
    answer = site.call("PATCH", f"/candidates/{number}", json={"candidate": {"tags": [], "summary": "New"}})
    found = answer.json()["candidate"]
    assert (answer.status_code, found["tags"], found["summary"], found["headline"]) == (
        200,
        [],
        "New",
        "Cook",
    )


def test_tags_are_replaced_and_move_updated_at_only_by_the_switch(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock)
    number = site.new_candidate()
    before = site.candidate(number)["updated_at"]
    clock.now += 60
    answer = site.put(f"/candidates/{number}/tags", {"tags": ["x", "y"]})
    assert (answer.status_code, answer.json()) == (202, {"tags": ["x", "y"]})
    assert site.candidate(number)["updated_at"] == before
    site.world.set_switches({"tags_bump": True})
    site.put(f"/candidates/{number}/tags", {"tags": []})
    assert site.candidate(number)["updated_at"] > before


def test_a_comment_answers_the_activity_id_and_moves_updated_at(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock)
    number = site.new_candidate()
    clock.now += 60
    answer = site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": {"body": "Hi"}})
    note = site.activities(number)[-1]
    assert (answer.status_code, answer.json()) == (201, {"id": note["id"]})
    assert note["visibility_roles"] == ["simple", "hiring_manager", "admin", "reviewer", "recruiting_admin"]
    assert site.candidate(number)["updated_at"] > site.candidate(number)["created_at"]


def test_two_equal_comments_are_two_comments(site: Site) -> None:
    number = site.new_candidate()
    for _ in range(2):
        site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": {"body": "Hi"}})
    assert [row["body"] for row in site.activities(number)].count("Hi") == 2


def test_a_policy_narrows_who_sees_a_comment_and_admins_always_do(site: Site) -> None:
    number = site.new_candidate()
    comment = {"body": "Quiet", "policy": ["reviewer"]}
    site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": comment})
    assert site.activities(number)[-1]["visibility_roles"] == ["admin", "reviewer"]
    wrong = {"body": "Quiet", "policy": ["everybody"]}
    answer = site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": wrong})
    assert answer.status_code == 422


def test_an_attachment_is_kept_and_must_be_base64(site: Site) -> None:
    number = site.new_candidate()
    data = base64.b64encode(b"what was said").decode()
    comment = {"body": "See file", "attachment": {"name": "talk.txt", "data": data}}
    site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": comment})
    url = f"{site.running.control_url}/acme/candidates/{number}/activities"
    assert site.call("GET", url).json()["activities"][-1]["attachment"] == {"name": "talk.txt", "data": data}
    comment["attachment"] = {"name": "talk.txt", "data": "!"}
    answer = site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": comment})
    assert answer.status_code == 422


def test_an_attachment_may_be_too_large_and_a_comment_too_long(start: Start) -> None:
    site = start(switches={"max_attachment_bytes": 3, "max_comment_length": 5})
    number = site.new_candidate()
    file = {"name": "a", "data": base64.b64encode(b"four").decode()}
    for comment in ({"body": "ok", "attachment": file}, {"body": "too long"}):
        answer = site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": comment})
        assert answer.status_code == 422


def test_a_blank_comment_is_refused(site: Site) -> None:
    answer = site.post(
        f"/candidates/{site.new_candidate()}/comments", {"member_id": site.bot, "comment": {"body": " "}}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("scale", "grade", "word"),
    [("thumbs", 2, "definite"), ("stars", 3, "positive"), ("numbers", 0, "negative")],
)
def test_a_rating_shows_scale_grade_and_the_legacy_word(
    site: Site, scale: str, grade: int, word: str
) -> None:
    number = site.new_candidate()
    body = {"member_id": site.bot, "comment": "Good", "scale": scale, "grade": grade}
    answer = site.post(f"/candidates/{number}/ratings", body)
    assert (answer.status_code, answer.content) == (201, b"")
    assert site.activities(number)[-1]["rating"] == {"score": word, "scale": scale, "grade": grade}


@pytest.mark.parametrize("grade", [-1, 5, "3", True, None])
def test_a_grade_outside_its_scale_is_refused(site: Site, grade: object) -> None:
    body = {"member_id": site.bot, "comment": "Good", "scale": "stars", "grade": grade}
    assert site.post(f"/candidates/{site.new_candidate()}/ratings", body).status_code == 422


def test_the_deprecated_score_overrides_scale_and_grade(site: Site) -> None:
    number = site.new_candidate()
    body = {"member_id": site.bot, "comment": "Good", "scale": "stars", "grade": 0, "score": "definite"}
    site.post(f"/candidates/{number}/ratings", body)
    assert site.activities(number)[-1]["rating"] == {"score": "definite", "scale": "thumbs", "grade": 2}


def test_a_member_rates_once_per_stage(site: Site) -> None:
    number, body = site.new_candidate(), {"member_id": site.bot, "comment": "Good", "grade": 2}
    assert site.post(f"/candidates/{number}/ratings", body).status_code == 201
    assert site.post(f"/candidates/{number}/ratings", body).status_code == 422
    site.account.move(number, "interview")
    assert site.post(f"/candidates/{number}/ratings", body).status_code == 201


def test_put_updates_the_rating_of_the_stage_it_names(site: Site) -> None:
    number, body = site.new_candidate(), {"member_id": site.bot, "comment": "Good", "grade": 2}
    stage = site.account.stage_by_slug(site.job(), "applied").id
    site.put(f"/candidates/{number}/ratings", {**body, "stage_id": stage})
    site.account.move(number, "interview")
    answer = site.put(
        f"/candidates/{number}/ratings", {**body, "grade": 0, "comment": "No", "stage_id": stage}
    )
    ratings = [row for row in site.activities(number) if row["action"] == "rating"]
    assert (answer.status_code, answer.content) == (200, b"")
    assert [(row["body"], row["rating"]["grade"], row["stage_name"]) for row in ratings] == [
        ("No", 0, "Applied")
    ]


def test_a_rating_of_an_unknown_stage_is_refused(site: Site) -> None:
    body = {"member_id": site.bot, "comment": "Good", "grade": 2, "stage_id": "nowhere"}
    assert site.put(f"/candidates/{site.new_candidate()}/ratings", body).status_code == 422


def test_a_second_rating_may_replace_the_first_when_the_switch_says_so(start: Start) -> None:
    site = start(switches={"second_rating_status": 201})
    number, body = site.new_candidate(), {"member_id": site.bot, "comment": "Good", "grade": 2}
    assert [site.post(f"/candidates/{number}/ratings", body).status_code for _ in range(2)] == [201, 201]
    assert [row["action"] for row in site.activities(number)].count("rating") == 1


def test_a_move_is_accepted_with_an_empty_body_and_leaves_a_trace(site: Site) -> None:
    number = site.new_candidate()
    answer = site.post(f"/candidates/{number}/move", {"member_id": site.bot, "target_stage": "phone-screen"})
    trace = site.activities(number)[-1]
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (trace["action"], trace["stage_name"], trace["target_stage"]["name"]) == (
        "phone-screen",
        "Applied",
        "Phone Screen",
    )
    assert site.candidate(number)["stage"] == "Phone Screen"


def test_a_move_to_where_the_candidate_is_depends_on_the_switch(site: Site) -> None:
    body = {"member_id": site.bot, "target_stage": "applied"}
    number = site.new_candidate()
    assert site.post(f"/candidates/{number}/move", body).status_code == 422
    site.world.set_switches({"same_stage_status": 202})
    assert site.post(f"/candidates/{number}/move", body).status_code == 202
    assert len(site.activities(number)) == 1


def test_a_move_without_a_target_goes_one_stage_on_or_is_refused(site: Site) -> None:
    number = site.new_candidate()
    site.post(f"/candidates/{number}/move", {"member_id": site.bot})
    assert site.candidate(number)["stage"] == "Shortlisted"
    site.world.set_switches({"move_without_target": "refuse"})
    assert site.post(f"/candidates/{number}/move", {"member_id": site.bot}).status_code == 422


def test_a_move_to_another_jobs_stage_is_refused(site: Site) -> None:
    body = {"member_id": site.bot, "target_stage": "video-screening"}
    assert site.post(f"/candidates/{site.new_candidate()}/move", body).status_code == 422


def test_hiring_sets_hired_at_and_may_need_a_requisition(site: Site) -> None:
    number, body = site.new_candidate("offer"), {"member_id": site.bot, "target_stage": "hired"}
    site.world.set_switches({"hiring_plan": True})
    assert site.post(f"/candidates/{number}/move", body).status_code == 422
    site.post(f"/candidates/{number}/move", {**body, "fill_reserved_requisition": True})
    assert site.candidate(number)["hired_at"] is not None


def test_disqualification_keeps_the_stage_and_answers_a_single_space(site: Site) -> None:
    number = site.new_candidate("interview")
    reason = site.get("/disqualification_reasons").json()[0]
    body = {"member_id": site.bot, "disqualify_reason_id": reason["id"], "withdrew": True}
    answer = site.post(f"/candidates/{number}/disqualify", body)
    found = site.candidate(number)
    assert (answer.status_code, answer.content) == (200, b" ")
    assert (found["disqualified"], found["stage"], found["withdrew"]) == (True, "Interview", True)
    assert found["disqualification_reason"] == reason["description"]
    assert site.activities(number)[-1]["body"] == reason["description"]


def test_revert_clears_the_disqualification(site: Site) -> None:
    number = site.new_candidate()
    site.account.disqualify(number, reason="No")
    answer = site.post(f"/candidates/{number}/revert", {"member_id": site.bot})
    found = site.candidate(number)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (found["disqualified"], found["disqualified_at"], found["withdrew"]) == (False, None, False)


def test_relocation_gives_a_new_id_with_the_old_past(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock)
    number = site.new_candidate()
    site.post(f"/candidates/{number}/comments", {"member_id": site.bot, "comment": {"body": "Ref"}})
    old, past = site.candidate(number), site.activities(number)
    clock.now += 100
    target = list(site.account.jobs)[1]
    body = {"member_id": site.bot, "target_job_shortcode": target, "target_stage": "interview"}
    answer = site.post(f"/candidates/{number}/relocate", body)
    made = answer.json()["candidate"]
    new = site.call("GET", made["url"]).json()["candidate"]
    assert answer.status_code == 201
    assert (new["created_at"], new["job"]["shortcode"]) == (old["created_at"], target)
    assert new["updated_at"] > old["updated_at"]
    assert int(made["id"], 16) > int(number, 16)
    assert site.get(f"/candidates/{number}").status_code == 404
    timeline = site.activities(made["id"])
    assert [row["id"] for row in timeline][: len(past)] == [row["id"] for row in past]
    assert [(row["action"], bool(row["target_stage"])) for row in timeline[-2:]] == [
        ("moved", False),
        ("interview", True),
    ]


def test_a_relocated_candidate_is_found_by_update_but_not_by_creation(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock)
    number = site.new_candidate()
    clock.now += 100
    new = site.account.relocate(number, list(site.account.jobs)[1])
    assert site.rows("/candidates", "candidates", created_after=int(clock.now)) == []
    found = site.rows("/candidates", "candidates", updated_after=int(clock.now))
    assert [row["id"] for row in found] == [f"{new.id:x}"]


def test_a_copy_is_somebody_new_and_the_source_does_not_change(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock)
    number = site.new_candidate()
    before = site.candidate(number)
    clock.now += 100
    body = {"member_id": site.bot, "target_job_shortcode": list(site.account.jobs)[1]}
    made = site.post(f"/candidates/{number}/copy", body).json()["candidate"]
    copy = site.candidate(made["id"])
    assert (copy["common_source"], copy["common_source_category"]) == ("Copied from another job", "Sourced")
    assert (copy["email"], copy["originating_candidate_id"]) == (before["email"], number)
    assert copy["created_at"] > before["created_at"]
    assert site.candidate(number) == before
    assert [row["action"] for row in site.activities(made["id"])] == ["copied"]


def test_an_unknown_attribute_is_not_found(site: Site) -> None:
    path = f"/candidates/{site.new_candidate()}/update_custom_attribute_value"
    answer = site.call("PATCH", path, json={"custom_attribute_key": "none", "value": "x"})
    assert answer.status_code == 404


def test_a_body_that_is_no_json_is_a_bad_request(site: Site) -> None:
    assert site.call("POST", f"/candidates/{site.new_candidate()}/move", content=b"{").status_code == 400
