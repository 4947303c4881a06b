"""Who may call, and how often."""

import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.site import CLIENT_ID, Clock, Site


def limited(start: Start, accounts: str = "acme:account", **switches: object) -> tuple[Site, Clock]:
    clock = Clock()
    return start(accounts, clock=clock, switches={"rate": "account", **switches}), clock


@pytest.mark.parametrize("header", ["Bearer wrong", "Token sandbox-account-token-acme", ""])
def test_a_request_without_a_valid_bearer_token_is_not_authorized(site: Site, header: str) -> None:
    answer = site.call("GET", "/jobs", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, {"error": "Not authorized"})


def test_a_token_of_one_account_opens_no_other(start: Start) -> None:
    site = start("acme:account,globex:account")
    assert site.call("GET", site.running.base_url("globex") + "/jobs").status_code == 401


def test_a_revoked_token_is_refused_and_a_reissued_one_works(site: Site) -> None:
    site.control("acme/revoke_token")
    assert site.get("/jobs").status_code == 401
    site.control("acme/reissue_token")
    site.token = site.running.token("acme")
    assert site.get("/jobs").status_code == 200


def test_a_token_expires_at_its_time(start: Start) -> None:
    clock = Clock()
    site = start(clock=clock)
    site.world.expire_token("acme", in_seconds=5)
    assert site.get("/jobs").status_code == 200
    clock.now += 5
    assert site.get("/jobs").status_code == 401


def test_a_missing_scope_is_forbidden_and_the_others_still_work(site: Site) -> None:
    site.control("acme/drop_scope", scope="r_candidates")
    assert site.get("/candidates").status_code == 403
    assert site.get("/jobs").status_code == 200


def test_a_partner_token_needs_the_client_id(start: Start) -> None:
    site = start("acme:partner")
    assert site.get("/jobs").status_code == 401
    site.headers = {"X-WORKABLE-CLIENT-ID": CLIENT_ID}
    assert site.get("/jobs").status_code == 200


@pytest.mark.parametrize("path", ["/members", "/recruiters", "/jobs/{job}/members"])
def test_a_partner_token_may_not_look_up_people(start: Start, path: str) -> None:
    site = start("acme:partner")
    site.headers = {"X-WORKABLE-CLIENT-ID": CLIENT_ID}
    assert site.get(path.format(job=site.job())).status_code == 403


def test_the_account_behind_a_token_is_found_on_www(site: Site) -> None:
    answer = site.call("GET", f"{site.running.root}/www/spi/v3/accounts")
    assert answer.json()["accounts"][0]["subdomain"] == "acme"


def test_an_unknown_path_is_not_found(site: Site) -> None:
    number = site.new_candidate()
    assert site.get(f"/candidates/{number}/ratings").json() == {"error": "Not found"}


def test_the_eleventh_request_of_a_window_is_refused_without_retry_after(start: Start) -> None:
    site, _ = limited(start)
    left = [int(site.get("/jobs").headers["x-rate-limit-remaining"]) for _ in range(10)]
    assert left == list(range(9, -1, -1))
    refused = site.get("/jobs")
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers


def test_windows_begin_at_multiples_of_ten_seconds(start: Start) -> None:
    site, clock = limited(start)
    clock.now += 9.5
    assert [site.get("/jobs").status_code for _ in range(11)][-1] == 429
    clock.now += 0.5
    assert site.get("/jobs").headers["x-rate-limit-remaining"] == "9"


def test_reset_is_the_time_of_the_request_plus_ten(start: Start) -> None:
    site, clock = limited(start)
    clock.now += 7.9
    assert site.get("/jobs").headers["x-rate-limit-reset"] == str(int(clock.now) + 10)


def test_a_404_carries_no_rate_headers_until_the_switch_says_so(start: Start) -> None:
    site, _ = limited(start)
    assert "x-rate-limit-limit" not in site.get("/candidates/abc").headers
    site.world.set_switches({"headers_on_errors": True})
    assert site.get("/candidates/abc").headers["x-rate-limit-limit"] == "10"


@pytest.mark.parametrize("kind", ["oauth", "partner"])
def test_partners_and_applications_have_fifty(start: Start, kind: str) -> None:
    site, _ = limited(start, f"acme:{kind}")
    site.headers = {"X-WORKABLE-CLIENT-ID": CLIENT_ID} if kind == "partner" else {}
    assert site.get("/jobs").headers["x-rate-limit-limit"] == "50"


def test_an_account_token_with_a_client_id_has_fifty(start: Start) -> None:
    site, _ = limited(start)
    site.headers = {"X-WORKABLE-CLIENT-ID": CLIENT_ID}
    assert site.get("/jobs").headers["x-rate-limit-limit"] == "50"


@pytest.mark.parametrize(("scope", "left"), [("account", "49"), ("global", "48")])
def test_the_applications_budget_is_per_account_or_shared(start: Start, scope: str, left: str) -> None:
    site, _ = limited(start, "acme:oauth,globex:oauth", oauth_limit_scope=scope)
    site.get("/jobs")
    other = Site(site.running, "globex")
    assert other.get("/jobs").headers["x-rate-limit-remaining"] == left
    other.http.close()


def test_other_software_eats_from_every_window(start: Start) -> None:
    site, clock = limited(start, other_software_use=7)
    assert site.get("/jobs").headers["x-rate-limit-remaining"] == "2"
    clock.now += 10
    assert site.get("/jobs").headers["x-rate-limit-remaining"] == "2"


def test_without_limits_nothing_is_ever_refused(site: Site) -> None:
    assert {site.get("/stages").status_code for _ in range(60)} == {200}


def test_a_skewed_clock_shows_in_date_and_reset(start: Start) -> None:
    site, clock = limited(start, clock_skew=120.0)
    answer = site.get("/jobs")
    assert answer.headers["x-rate-limit-reset"] == str(int(clock.now) + 130)
    assert answer.headers["date"].endswith("08:02:00 GMT")


def test_a_429_may_carry_retry_after_when_the_switch_says_so(start: Start) -> None:
    site, _ = limited(start, retry_after_on_429=7, other_software_use=10)
    assert site.get("/jobs").headers["retry-after"] == "7"
