"""The writing half of the pretend Workable: everything that changes a candidate or its timeline."""

import base64
import binascii
from typing import Any

from starlette.responses import Response

from sandbox.account import GRADES, ROLES
from sandbox.api import Call, answer, empty, endpoint
from sandbox.errors import Refused, missing, not_found
from sandbox.model import Attachment, Candidate, Member, Stage
from sandbox.stamps import hex_id
from sandbox.views import candidate_detail, identifier

SCORES = {"negative": 0, "positive": 1, "definite": 2}
STAGE_WRITES = frozenset({"move", "disqualify", "revert", "relocate"})  # refused on frozen jobs


@endpoint("POST", "/jobs/{shortcode}/candidates", "w_candidates")
def create_candidate(call: Call) -> Response:
    return _create(call, call.account.job(call.path["shortcode"]).shortcode)


@endpoint("POST", "/talent_pool/candidates", "w_candidates")
def create_in_pool(call: Call) -> Response:
    return _create(call, None)


def _create(call: Call, job: str | None) -> Response:
    sourced = call.optional("sourced", bool)
    made = call.account.create_candidate(
        job,
        call.given("candidate", dict),
        sourced=True if sourced is None else sourced,
        stage=call.text("stage"),
        cause="api",
    )
    return answer({"status": "created", "candidate": candidate_detail(call.account, made)}, 201)


@endpoint("PATCH", "/candidates/{id}", "w_candidates")
def update_candidate(call: Call) -> Response:
    changes = {key: value for key, value in call.given("candidate", dict).items() if key != "name"}
    edited = call.account.edit(call.path["id"], changes, cause="api")
    return answer({"candidate": candidate_detail(call.account, edited)})


@endpoint("PUT", "/candidates/{id}/tags", "w_candidates")
def replace_tags(call: Call) -> Response:
    call.account.candidate(call.path["id"])
    tags = call.optional("tags", list)
    if tags is None:
        raise missing("tags")
    call.account.set_tags(call.path["id"], [str(tag) for tag in tags], cause="api")
    return answer({"tags": tags}, 202)


@endpoint("POST", "/candidates/{id}/comments", "w_candidates", "w_comments")
def comment(call: Call) -> Response:
    _, member = _acting(call, "comment")
    given = call.given("comment", dict)
    body = given.get("body")
    if not isinstance(body, str) or not body.strip():
        raise missing("comment.body")
    longest = call.account.context.switches.max_comment_length
    if longest is not None and len(body) > longest:
        raise Refused(422, f"comment.body is too long (maximum is {longest} characters)")
    activity = call.account.comment(
        call.path["id"],
        body,
        member_id=hex_id(member.id),
        policy=_policy(given.get("policy")),
        attachment=_attachment(call, given.get("attachment")),
        cause="api",
    )
    return answer({"id": hex_id(activity.id)}, 201)


def _policy(given: Any) -> list[str] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not set(given) <= set(ROLES):
        raise Refused(422, "policy is invalid")
    return given


def _attachment(call: Call, given: Any) -> Attachment | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not given.get("name") or not isinstance(given.get("data"), str):
        raise Refused(422, "attachment needs one name and its data")
    try:
        size = len(base64.b64decode(given["data"], validate=True))
    except binascii.Error:
        raise Refused(422, "attachment data is not base64") from None
    largest = call.account.context.switches.max_attachment_bytes
    if largest is not None and size > largest:
        raise Refused(422, "attachment is too large")
    return Attachment(str(given["name"]), given["data"])


@endpoint("POST", "/candidates/{id}/ratings", "w_candidates")
def rate(call: Call) -> Response:
    _rate(call, stage=None, update=False)
    return empty(call.account.context.switches.rating_status)


@endpoint("PUT", "/candidates/{id}/ratings", "w_candidates")
def rate_again(call: Call) -> Response:
    """Creates or updates the member's rating for `stage_id` (default: the present stage)."""
    candidate = call.account.candidate(call.path["id"])
    wanted = call.optional("stage_id", (int, str))
    stage = None if wanted in (None, "") else _stage_of(call, candidate, wanted).id
    _rate(call, stage=stage, update=True)
    return empty(200)


def _rate(call: Call, *, stage: int | None, update: bool) -> None:
    _, member = _acting(call, "evaluate")
    scale, grade = _grade(call)
    call.account.rate(
        call.path["id"],
        grade,
        call.given("comment", str),
        member_id=hex_id(member.id),
        scale=scale,
        stage=stage,
        score_card=call.optional("score_card", dict),
        update=update,
        cause="api",
    )


def _grade(call: Call) -> tuple[Any, int]:
    """Scale and zero-based grade; the deprecated `score` overrides both."""
    score = call.optional("score", str)
    if score:
        if score not in SCORES:
            raise Refused(422, "score is invalid")
        return "thumbs", SCORES[score]
    scale = call.optional("scale", str) or "thumbs"
    grade: int = call.given("grade", int)
    if scale not in GRADES:
        raise Refused(422, "scale is invalid")
    if not 0 <= grade < len(GRADES[scale]):
        raise Refused(422, f"grade must be between 0 and {len(GRADES[scale]) - 1}")
    return scale, grade


def _stage_of(call: Call, candidate: Candidate, wanted: int | str) -> Stage:
    """A stage of the candidate's job by its number, its identifier or its slug."""
    for stage in call.account.stages_of(candidate.job):
        if wanted in (stage.id, str(stage.id), identifier(stage), stage.slug):
            return stage
    raise Refused(422, "stage_id is invalid")


@endpoint("POST", "/candidates/{id}/move", "w_candidates")
def move(call: Call) -> Response:
    candidate, member = _acting(call, "move")
    slug = call.optional("target_stage", str)
    target = call.account.stage_by_slug(candidate.job, slug) if slug else _next_stage(call, candidate)
    switches = call.account.context.switches
    if target.id == candidate.stage:
        if switches.same_stage_status == 422:
            raise Refused(422, "Candidate is already in this stage")
        return empty(switches.same_stage_status)
    _refuse_without_requisition(call, target)
    call.account.move(call.path["id"], target.slug, member_id=hex_id(member.id), cause="api")
    return empty(202)


def _next_stage(call: Call, candidate: Candidate) -> Stage:
    if call.account.context.switches.move_without_target == "refuse":
        raise missing("target_stage")
    stages = call.account.stages_of(candidate.job)
    place = [stage.id for stage in stages].index(candidate.stage) + 1
    if place == len(stages):
        raise Refused(422, "There is no next stage")
    return stages[place]


def _refuse_without_requisition(call: Call, target: Stage) -> None:
    given = call.optional("fill_reserved_requisition", bool) or call.optional("requisition", dict)
    if target.kind == "hired" and call.account.context.switches.hiring_plan and not given:
        raise Refused(422, "A requisition is required")


@endpoint("POST", "/candidates/{id}/copy", "w_candidates")
def copy(call: Call) -> Response:
    _, member = _acting(call, "copy")
    job, stage = _destination(call)
    new = call.account.copy(call.path["id"], job, stage=stage, member_id=hex_id(member.id), cause="api")
    return _new_place(call, new)


@endpoint("POST", "/candidates/{id}/relocate", "w_candidates")
def relocate(call: Call) -> Response:
    _, member = _acting(call, "relocate")
    job, stage = _destination(call)
    new = call.account.relocate(call.path["id"], job, stage=stage, member_id=hex_id(member.id), cause="api")
    return _new_place(call, new)


def _destination(call: Call) -> tuple[str, str | None]:
    shortcode, stage = call.given("target_job_shortcode", str), call.optional("target_stage", str)
    job = call.account.job(shortcode)
    if stage:
        call.account.stage_by_slug(job.shortcode, stage)
    return job.shortcode, stage or None


def _new_place(call: Call, new: Candidate) -> Response:
    number = hex_id(new.id)
    return answer({"candidate": {"id": number, "url": f"{call.base}/candidates/{number}"}}, 201)


@endpoint("POST", "/candidates/{id}/disqualify", "w_candidates")
def disqualify(call: Call) -> Response:
    candidate, member = _acting(call, "disqualify")
    if candidate.disqualified:
        raise Refused(422, "Candidate is already disqualified")
    note = call.optional("disqualify_note", str)
    if note and len(note) > 256:
        raise Refused(422, "disqualify_note is too long (maximum is 256 characters)")
    call.account.disqualify(
        call.path["id"],
        reason=_reason(call) or note,
        withdrew=bool(call.optional("withdrew", bool)),
        member_id=hex_id(member.id),
        cause="api",
    )
    return empty(200, " ")


def _reason(call: Call) -> str | None:
    wanted = call.optional("disqualify_reason_id", str)
    if not wanted:
        legacy: str | None = call.optional("disqualification_reason", str)
        return legacy
    for reason in call.account.info.reasons:
        if reason["id"] == wanted:
            return str(reason["description"])
    raise Refused(422, "disqualify_reason_id is invalid")


@endpoint("POST", "/candidates/{id}/revert", "w_candidates")
def revert(call: Call) -> Response:
    candidate, member = _acting(call, "revert")
    if not candidate.disqualified:
        raise Refused(422, "Candidate is not disqualified")
    call.account.revert(call.path["id"], member_id=hex_id(member.id), cause="api")
    return empty(200)


@endpoint("PATCH", "/candidates/{id}/update_custom_attribute_value", "w_candidates")
def update_attribute(call: Call) -> Response:
    candidate = call.account.candidate(call.path["id"])
    key = call.given("custom_attribute_key", str)
    if key not in {attribute["key"] for attribute in call.account.info.custom_attributes}:
        raise not_found()
    call.account.bump(candidate)
    call.account.note("api", "update_attribute", candidate, key=key)
    return empty(200)


def _acting(call: Call, verb: str) -> tuple[Candidate, Member]:
    """The candidate and the member who may do this to it; refused otherwise."""
    account = call.account
    candidate = account.candidate(call.path["id"])
    member = account.acting_member(call.optional("member_id", str))
    job = None if candidate.job is None else account.job(candidate.job)
    role = account.collaboration_role(job, member)
    if role not in call.world.permissions[verb]:
        raise Refused(403, "Forbidden")
    frozen = account.context.switches.frozen_job_states
    if verb in STAGE_WRITES and job is not None and job.state in frozen:
        raise Refused(403, "Forbidden")
    return candidate, member
