"""The reading half of the pretend Workable: accounts, jobs, stages, candidates and their timelines."""

from typing import Any

from starlette.responses import Response

from sandbox.api import Call, answer, endpoint
from sandbox.errors import Refused, not_found
from sandbox.lists import candidate_page, shortcode_of
from sandbox.model import Activity, Candidate, Job
from sandbox.paging import cut
from sandbox.stamps import hex_id, parse_time
from sandbox.views import (
    account_row,
    activity_row,
    candidate_detail,
    job_activity_row,
    job_detail,
    job_row,
    stage_rows,
)


@endpoint("GET", "/candidates", "r_candidates")
def list_candidates(call: Call) -> Response:
    """With `shortcode` the next page is on the job's own path, as recorded."""
    shortcode = shortcode_of(call)
    path = "/candidates" if shortcode is None else f"/jobs/{shortcode}/candidates"
    return candidate_page(call, shortcode, path)


@endpoint("GET", "/candidates/{id}", "r_candidates")
def get_candidate(call: Call) -> Response:
    return answer({"candidate": candidate_detail(call.account, call.account.candidate(call.path["id"]))})


@endpoint("GET", "/candidates/{id}/activities", "r_candidates")
def list_activities(call: Call) -> Response:
    candidate = call.account.candidate(call.path["id"])
    kept = _wanted(call, candidate.activities)
    return cut(
        call, "activities", kept, lambda one: one.id, lambda one: activity_row(call.account, candidate, one)
    )


def _wanted(call: Call, activities: list[Activity]) -> list[Activity]:
    """Those of the asked kinds that changed at or after the asked time."""
    actions = (call.text("actions") or "").split(",")
    after = call.text("updated_after")
    since = parse_time("updated_after", after) * 1000 if after else 0
    return [
        one for one in activities if one.updated_at >= since and (actions == [""] or one.action in actions)
    ]


@endpoint("GET", "/jobs/{shortcode}/candidates", "r_candidates")
def list_job_candidates(call: Call) -> Response:
    job = call.account.job(call.path["shortcode"])
    return candidate_page(call, job.shortcode, call.route)


@endpoint("GET", "/jobs/{shortcode}/candidates/{id}", "r_candidates")
def get_job_candidate(call: Call) -> Response:
    candidate = call.account.candidate(call.path["id"])
    if candidate.job != call.path["shortcode"]:
        raise not_found()
    return get_candidate(call)


@endpoint("GET", "/candidates/{id}/files", "r_candidates")
def list_files(call: Call) -> Response:
    candidate = call.account.candidate(call.path["id"])
    url = f"https://files.example.com/{hex_id(candidate.id)}"
    resume = {"name": candidate.resume, "preview_url": url, "kind": "resume", "source": "upload"}
    return answer({"files": [resume] if candidate.resume else []})


@endpoint("GET", "/candidates/{id}/offer", "r_candidates")
def get_offer(call: Call) -> Response:
    candidate = call.account.candidate(call.path["id"])
    return answer({"candidate": {"id": hex_id(candidate.id), "location": None, "name": candidate.name}})


@endpoint("GET", "/jobs", "r_jobs")
def list_jobs(call: Call) -> Response:
    """All states unless one is asked for; oldest first."""
    state = call.text("state")
    fields = [name for name in (call.text("include_fields") or "").split(",") if name]
    moments = {
        name: parse_time(name, call.query[name])
        for name in ("created_after", "updated_after")
        if call.text(name)
    }
    kept = [
        job
        for job in call.account.jobs.values()
        if state in (None, job.state)
        and job.created_at >= moments.get("created_after", 0)
        and job.updated_at >= moments.get("updated_after", 0)
    ]
    return cut(call, "jobs", kept, lambda job: job.id, lambda job: _listed(call, job, fields))


def _listed(call: Call, job: Job, fields: list[str]) -> dict[str, Any]:
    detail = job_detail(call.account, job) if fields else {}
    asked = {"description", "full_description", "requirements", "benefits"} & set(fields)
    return job_row(call.account, job) | {name: detail[name] for name in sorted(asked)}


@endpoint("GET", "/jobs/{shortcode}", "r_jobs")
def get_job(call: Call) -> Response:
    return answer(job_detail(call.account, call.account.job(call.path["shortcode"])))


@endpoint("GET", "/jobs/{shortcode}/stages", "r_jobs")
def list_job_stages(call: Call) -> Response:
    return answer({"stages": stage_rows(call.account, call.account.job(call.path["shortcode"]).stages)})


@endpoint("GET", "/stages", "r_jobs")
def list_stages(call: Call) -> Response:
    return answer({"stages": stage_rows(call.account, call.account.info.pipeline)})


@endpoint("GET", "/jobs/{shortcode}/activities", "r_candidates")
def list_job_activities(call: Call) -> Response:
    account = call.account
    job = account.job(call.path["shortcode"])
    members = (account.candidates[number] for number in account.job_ids.get(job.shortcode, []))
    pairs: list[tuple[Candidate, Activity]] = [(one, act) for one in members for act in one.activities]
    return cut(
        call, "activities", pairs, lambda pair: pair[1].id, lambda pair: job_activity_row(account, *pair)
    )


@endpoint("GET", "/jobs/{shortcode}/questions", "r_jobs")
def list_questions(call: Call) -> Response:
    return answer({"questions": call.account.job(call.path["shortcode"]).questions})


@endpoint("GET", "/jobs/{shortcode}/application_form", "r_jobs")
def get_form(call: Call) -> Response:
    job = call.account.job(call.path["shortcode"])
    files = ["pdf", "doc", "docx", "odt", "rtf"]
    fields: list[dict[str, object]] = [
        {"key": "headline", "label": "Headline", "type": "string", "required": False, "max_length": 255},
        {"key": "summary", "label": "Summary", "type": "free_text", "required": False},
        {
            "key": "resume",
            "label": "Resume",
            "type": "file",
            "supported_file_types": files,
            "max_file_size": 5_242_880,
            "required": False,
        },
    ]
    return answer({"form_fields": fields, "questions": job.questions})


@endpoint("GET", "/jobs/{shortcode}/custom_attributes", "r_jobs")
def list_job_attributes(call: Call) -> Response:
    call.account.job(call.path["shortcode"])
    return answer({"custom_attributes": []})


@endpoint("GET", "/custom_attributes", "r_jobs")
def list_attributes(call: Call) -> Response:
    return answer({"custom_attributes": call.account.info.custom_attributes})


@endpoint("GET", "/accounts", "r_jobs")
def list_accounts(call: Call) -> Response:
    return answer({"accounts": [account_row(call.account)]})


@endpoint("GET", "/accounts/{name}", "r_jobs")
def get_account(call: Call) -> Response:
    if call.path["name"] != call.account.subdomain:
        raise not_found()
    return answer(account_row(call.account))


@endpoint("GET", "/disqualification_reasons", "r_jobs")
def list_reasons(call: Call) -> Response:
    return answer(call.account.info.reasons)


@endpoint("GET", "/departments", "r_account", "r_jobs")
def list_departments(call: Call) -> Response:
    return answer(call.account.info.departments)


@endpoint("GET", "/legal_entities", "r_account", "r_jobs")
def list_entities(call: Call) -> Response:
    return answer(call.account.info.legal_entities)


@endpoint("GET", "/permission_sets", "r_jobs")
def list_permission_sets(call: Call) -> Response:  # noqa: ARG001 - every account has none
    return answer([])


@endpoint("GET", "/collaboration_permissions", "r_jobs")
def list_permissions(call: Call) -> Response:
    return answer(
        {
            f"ats:collab:candidates:{verb}": sorted(roles)
            for verb, roles in call.world.permissions.items()
            if verb != "relocate"  # goes by the permission to move
        }
    )


@endpoint("GET", "/events", "r_jobs")
def list_events(call: Call) -> Response:
    """Calendar items; other people's only for user tokens."""
    if call.text("context") in ("team", "all") and call.token.kind != "oauth":
        raise Refused(403, "Forbidden")
    kept = [event for event in call.account.info.events if _event_wanted(call, event)]
    return cut(call, "events", kept, lambda event: int(event["id"], 16), lambda event: event)


def _event_wanted(call: Call, event: dict[str, Any]) -> bool:
    kind, candidate, shortcode = call.text("type"), call.text("candidate_id"), call.text("shortcode")
    if event["cancelled"] and call.text("include_cancelled") != "true":
        return False
    if kind is not None and not str(event["type"]).lower().startswith(kind):
        return False
    first, last = call.text("start_date"), call.text("end_date")
    starts = parse_time("starts_at", event["starts_at"])
    if (first and starts < parse_time("start_date", first)) or (
        last and starts > parse_time("end_date", last)
    ):
        return False
    return candidate in (None, event["candidate"]["id"]) and shortcode in (None, event["job"]["shortcode"])


@endpoint("GET", "/events/{id}", "r_jobs")
def get_event(call: Call) -> Response:
    for event in call.account.info.events:
        if event["id"] == call.path["id"]:
            return answer(event)
    raise not_found()
