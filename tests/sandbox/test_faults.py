"""What goes wrong on demand, seen from the client."""

from typing import Any

import httpx
import pytest

from tests.sandbox.site import Site


def fault(site: Site, kind: str, match: str = "", **spec: Any) -> None:
    site.control("faults", kind=kind, match=match, **spec)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rate_limited", 429),
        ("server_error", 500),
        ("not_found", 404),
        ("unauthorized", 401),
        ("forbidden", 403),
    ],
)
def test_a_refusal_comes_as_often_as_ordered_and_does_nothing(site: Site, kind: str, status: int) -> None:
    fault(site, kind, "/comments$", method="POST", times=2)
    number = site.new_candidate()
    body = {"member_id": site.bot, "comment": {"body": "Hi"}}
    answers = [site.post(f"/candidates/{number}/comments", body).status_code for _ in range(3)]
    assert answers == [status, status, 201]
    assert [row["action"] for row in site.activities(number)].count("comment") == 1


def test_a_429_has_retry_after_only_when_ordered(site: Site) -> None:
    fault(site, "rate_limited")
    assert "retry-after" not in site.get("/jobs").headers
    fault(site, "rate_limited", params={"retry_after": 3})
    assert site.get("/jobs").headers["retry-after"] == "3"


@pytest.mark.parametrize("kind", ["reset", "answer_lost", "reset_body"])
def test_the_connection_breaks(site: Site, kind: str) -> None:
    fault(site, kind)
    with pytest.raises(httpx.TransportError):
        site.get("/candidates")
    assert site.get("/candidates").status_code == 200


def test_a_lost_answer_has_its_effect_and_a_reset_has_none(site: Site) -> None:
    number = site.new_candidate()
    for kind in ("reset", "answer_lost"):
        fault(site, kind, "/comments$")
        body = {"member_id": site.bot, "comment": {"body": kind}}
        with pytest.raises(httpx.TransportError):
            site.post(f"/candidates/{number}/comments", body)
    assert [row["body"] for row in site.activities(number)] == [None, "answer_lost"]


def test_an_error_after_the_effect_hides_that_it_was_done(site: Site) -> None:
    number = site.new_candidate()
    fault(site, "error_after", "/move$", params={"status": 503})
    body = {"member_id": site.bot, "target_stage": "offer"}
    assert site.post(f"/candidates/{number}/move", body).status_code == 503
    assert site.candidate(number)["stage"] == "Offer"


def test_a_hanging_request_breaks_after_a_while(site: Site) -> None:
    fault(site, "hang", params={"seconds": 0.05})
    with pytest.raises(httpx.TransportError):
        site.get("/jobs")


def test_a_truncated_body_is_no_json(site: Site) -> None:
    fault(site, "truncated")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        site.get("/candidates").json()


def test_a_page_of_html_has_status_200(site: Site) -> None:
    fault(site, "html")
    answer = site.get("/candidates")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")


def test_the_content_type_may_be_wrong(site: Site) -> None:
    fault(site, "content_type")
    answer = site.get("/candidates")
    assert answer.headers["content-type"] == "text/html"
    assert answer.json()["candidates"]


@pytest.mark.parametrize(
    ("kind", "params"), [("slow_body", {"bytes_per_second": 4000}), ("slow_header", {"seconds": 0.5})]
)
def test_a_slow_answer_runs_into_the_clients_patience(
    site: Site, kind: str, params: dict[str, float]
) -> None:
    fault(site, kind, params=params)
    with pytest.raises(httpx.TimeoutException):
        site.call("GET", "/candidates", timeout=0.05)
    fault(site, kind, params={"bytes_per_second": 200_000, "seconds": 0})
    assert len(site.get("/candidates").json()["candidates"]) == 40


def test_an_empty_page_has_neither_rows_nor_paging(site: Site) -> None:
    fault(site, "empty_page")
    assert site.get("/candidates", limit=2).json() == {"candidates": []}


def test_rows_go_missing_or_come_twice_while_paging_stays(site: Site) -> None:
    ids = [row["id"] for row in site.get("/candidates", limit=5).json()["candidates"]]
    for kind, expected in (("short_page", ids[:4]), ("duplicate_rows", [ids[0], *ids]), ("empty_rows", [])):
        fault(site, kind)
        page = site.get("/candidates", limit=5).json()
        assert [row["id"] for row in page["candidates"]] == expected
        assert "paging" in page


def test_next_leads_to_a_foreign_host_or_back_to_itself(site: Site) -> None:
    fault(site, "foreign_next")
    page = site.get("/candidates", limit=5).json()
    assert page["paging"]["next"].startswith("http://elsewhere.example.com/acme/spi/v3/candidates?")
    fault(site, "self_next")
    answer = site.get("/candidates", limit=5)
    assert answer.json()["paging"]["next"] == str(answer.url)


def test_rows_may_have_unknown_fields_and_values_and_wrong_types(site: Site) -> None:
    fault(site, "unknown_fields")
    fault(site, "unknown_enum", params={"field": "stage_kind"})
    fault(site, "wrong_type", params={"field": "updated_at", "value": 12})
    rows = site.get("/candidates").json()["candidates"]
    assert all("shiny_new_field" in row for row in rows)
    assert {row["stage_kind"] for row in rows} == {"never_seen_before"}
    assert (rows[0]["updated_at"], type(rows[1]["updated_at"])) == (12, str)


def test_a_detail_is_spoiled_too(site: Site) -> None:
    number = site.new_candidate()
    fault(site, "unknown_fields", f"/candidates/{number}$")
    assert "shiny_new_field" in site.candidate(number)
    fault(site, "unknown_fields", "/jobs/")
    assert "shiny_new_field" in site.get(f"/jobs/{site.job()}").json()


@pytest.mark.parametrize("what", ["move", "create", "delete", "edit"])
def test_rows_change_between_pages(site: Site, what: str) -> None:
    ids = [row["id"] for row in site.rows("/candidates", "candidates")]
    fault(site, "between_pages", "/candidates$", params={"do": what, "count": 2})
    walked = [row["id"] for row in site.rows("/candidates", "candidates", limit=1)]
    changes = [e for e in site.world.context.journal.entries(kind="change") if e["cause"] == "hook"]
    assert [entry["verb"] for entry in changes if entry["verb"] != "mail_thank_you"] == [what, what]
    assert len(walked) - len(ids) == {"create": 2, "delete": -2}.get(what, 0)


def test_a_fault_waits_for_its_turn(site: Site) -> None:
    fault(site, "server_error", after=2)
    assert [site.get("/jobs").status_code for _ in range(4)] == [200, 200, 500, 200]


def test_a_fault_without_end_lasts_until_all_are_cleared(site: Site) -> None:
    fault(site, "server_error", times=None)
    assert {site.get("/jobs").status_code for _ in range(5)} == {500}
    site.http.delete(f"{site.running.control_url}/faults")
    assert site.get("/jobs").status_code == 200


def test_a_probable_fault_strikes_sometimes(site: Site) -> None:
    fault(site, "server_error", times=None, probability=0.5)
    assert {site.get("/jobs").status_code for _ in range(40)} == {200, 500}


def test_a_fault_reaches_the_platform_and_spares_the_control_api(site: Site) -> None:
    fault(site, "server_error", times=None)
    answer = site.platform("GET", "/interviews")
    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert site.http.get(f"{site.running.control_url}/state").status_code == 200


def test_an_unknown_fault_is_refused(site: Site) -> None:
    url = f"{site.running.control_url}/faults"
    for spec in ({"kind": "meteor"}, {"kind": "reset", "match": "("}, {"kind": "reset", "whenn": 1}):
        assert site.http.post(url, json=spec).status_code == 422


def test_faults_are_in_the_journal(site: Site) -> None:
    fault(site, "server_error", "/jobs")
    site.get("/jobs")
    entries = site.world.context.journal.entries(kind="fault")
    assert [(entry["fault"], entry["path"]) for entry in entries] == [("server_error", "/acme/spi/v3/jobs")]
