"""Members, recruiters and hiring teams: the calls that partner tokens may not make."""

from starlette.responses import Response

from sandbox.api import NO_PARTNERS, Call, answer, empty, endpoint
from sandbox.errors import Refused, not_found
from sandbox.model import Member
from sandbox.paging import cut
from sandbox.stamps import hex_id
from sandbox.views import job_member_row, member_row


@endpoint("GET", "/members", "r_jobs", kinds=NO_PARTNERS)
def list_members(call: Call) -> Response:
    kept = [member for member in call.account.members.values() if _wanted(call, member)]
    return cut(call, "members", kept, lambda member: member.id, member_row)


def _wanted(call: Call, member: Member) -> bool:
    status = call.text("status") or "active"
    if status not in ("active", "inactive", "all"):
        raise Refused(422, "status is invalid")
    if status != "all" and member.active != (status == "active"):
        return False
    shortcode = call.text("shortcode")
    if shortcode is not None:
        job = call.account.job(shortcode)
        if member.role != "admin" and hex_id(member.id) not in job.team:
            return False
    return (
        call.text("role") in (None, member.role)
        and call.text("email") in (None, member.email)
        and call.text("name") in (None, member.name)
    )


@endpoint("GET", "/jobs/{shortcode}/members", "r_jobs", kinds=NO_PARTNERS)
def list_job_members(call: Call) -> Response:
    """The hiring team, and every account admin."""
    account, job = call.account, call.account.job(call.path["shortcode"])
    rows = []
    for member in account.members.values():
        role = "admin" if member.role == "admin" else job.team.get(hex_id(member.id))
        if member.active and role is not None:
            rows.append(job_member_row(member, role))
    return answer({"members": rows})


@endpoint("GET", "/recruiters", "r_jobs", kinds=NO_PARTNERS)
def list_recruiters(call: Call) -> Response:
    """External agencies."""
    shortcode = call.text("shortcode")
    if shortcode is not None:
        call.account.job(shortcode)
    return answer({"recruiters": call.account.info.recruiters})


@endpoint("GET", "/jobs/{shortcode}/recruiters", "r_jobs")
def list_job_recruiters(call: Call) -> Response:
    call.account.job(call.path["shortcode"])
    return answer({"recruiters": call.account.info.recruiters})


@endpoint("POST", "/members/invite", "w_members", kinds=NO_PARTNERS)
def invite_member(call: Call) -> Response:
    """The id in the answer is the invitation's, not a member's."""
    email, roles = call.given("email", str), call.given("roles", list)
    if call.token.kind == "account":
        call.account.acting_member(call.optional("member_id", str))
    if any(member.email == email for member in call.account.members.values()):
        raise Refused(422, "Validation failed", {"email": ["is already a member"]})
    role = next((name.removeprefix("ats.") for name in roles if name.startswith("ats.")), "no_access")
    number = call.account.new_number("invite")
    call.account.note("api", "invite_member", invite=hex_id(number), roles=roles)
    rules = call.optional("collaboration_rules", list) or []
    invite = {"id": hex_id(number), "email": email, "role": role, "hris_role": "hris_no_access"}
    return answer({**invite, "roles": roles, "collaboration_rules": rules}, 201)


@endpoint("PUT", "/members", "w_members", kinds=NO_PARTNERS)
def update_member(call: Call) -> Response:
    """Replaces all roles; the recorded answer had no `active`."""
    member = call.account.set_roles(
        call.given("id", str),
        call.given("roles", list),
        call.optional("collaboration_rules", list),
        cause="api",
    )
    row = member_row(member)
    del row["active"]
    return answer(row)


@endpoint("DELETE", "/members/{id}", "w_members", kinds=NO_PARTNERS)
def deactivate_member(call: Call) -> Response:
    call.account.deactivate_member(call.path["id"], cause="api")
    return Response(status_code=204)


@endpoint("POST", "/members/{id}/enable", "w_members", kinds=NO_PARTNERS)
def enable_member(call: Call) -> Response:
    member = call.account.member(call.path["id"])
    if member.active:
        raise not_found()
    call.account.enable_member(call.path["id"], cause="api")
    return empty(200)
