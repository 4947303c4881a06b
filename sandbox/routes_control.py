"""The control API: the truth, the journal, and every verb of the world as a POST."""

import inspect
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.api import answer
from sandbox.errors import Refused, not_found
from sandbox.life import Life
from sandbox.platform import interview_row
from sandbox.stamps import hex_id, iso_ms
from sandbox.views import activity_row, candidate_json, subscription_row
from sandbox.world import World

ACCOUNT_VERBS = (
    "create_candidate", "edit", "set_tags", "move", "move_bulk", "disqualify", "revert",
    "relocate", "copy", "delete", "anonymize", "rate", "comment", "touch",
    "create_job", "edit_job", "set_job_state", "delete_job", "add_stage", "rename_stage", "delete_stage",
    "reorder_stages", "add_member", "deactivate_member", "enable_member", "set_team",
)  # fmt: skip
TOKEN_VERBS = ("revoke_token", "expire_token", "reissue_token", "drop_scope")
PLATFORM_VERBS = ("start", "complete", "amend", "expire", "reject", "bounce", "cancel", "add_applicant")
NDJSON = "application/x-ndjson"
Door = Callable[[Request], Any]


def routes(world: World, life: Life) -> list[Route]:
    """All below `/control`; nothing here is limited, journalled as a request, or harmed by faults."""

    def get(path: str, show: Callable[[Request], Response]) -> Route:
        return Route("/control" + path, _door(world, show), methods=["GET"])

    def post(path: str, act: Callable[[Request, dict[str, Any]], Any]) -> Route:
        return Route("/control" + path, _acting_door(world, act), methods=["POST"])

    return [
        get("/state", lambda _: answer(state(world))),
        get("/journal", lambda request: _journal(world, request)),
        get("/faults", lambda _: answer(world.faults.active)),
        get("/switches", lambda _: answer(world.context.switches)),
        get(
            "/platform/interviews",
            lambda _: answer([_truth(one) for one in world.platform.interviews.values()]),
        ),
        get("/platform/state", lambda _: answer(_platform_state(world))),
        get("/{sub}/candidates", lambda request: _candidates(world, request)),
        get("/{sub}/candidates/{id}/activities", lambda request: _activities(world, request)),
        get("/{sub}/subscriptions", lambda request: _subscriptions(world, request)),
        get("/{sub}/journal", lambda request: _journal(world, request)),
        post("/switches", lambda _, body: world.set_switches(body)),
        post("/webhooks", lambda _, body: world.postman.handle(body)),
        post("/webhooks/deliver", lambda _, body: run(world.postman.deliver, body)),
        post("/webhooks/lose", lambda _, body: run(world.postman.lose, body)),
        post("/faults", lambda _, body: world.faults.add(body)),
        post("/journal/clear", lambda _, __: world.context.journal.clear()),
        post("/life/step", lambda _, __: life.step()),
        post("/platform/settings", lambda _, body: world.platform.configure(body)),
        post("/platform/{verb}", lambda request, body: _platform_verb(world, request, body)),
        post("/{sub}/fire_employee", lambda request, body: _fire_employee(world, request, body)),
        post("/{sub}/{verb}", lambda request, body: _account_verb(world, request, body)),
        Route("/control/faults", _acting_door(world, lambda _, __: world.faults.clear()), methods=["DELETE"]),
    ]


def state(world: World) -> dict[str, Any]:
    """Counts of everything; no personal data, no tokens."""
    return {
        "accounts": {
            name: {
                "kind": world.token(name).kind,
                "candidates": len(account.candidates),
                "jobs": {job.shortcode: job.state for job in account.jobs.values()},
                "members": {hex_id(one.id): one.role for one in account.members.values() if one.active},
                "subscriptions": len(account.subscriptions),
            }
            for name, account in world.accounts.items()
        },
        "interviews": len(world.platform.interviews),
        "held_webhooks": len(world.postman.held),
        "faults": len(world.faults.active),
    }


def run(verb: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Calls a verb with the body's keys; a 422 refusal says which key is wrong."""
    try:
        bound = inspect.signature(verb).bind(**given)
    except TypeError as error:
        raise Refused(422, str(error)) from None
    return verb(*bound.args, **bound.kwargs)


def _door(world: World, show: Callable[[Request], Response]) -> Door:
    async def door(request: Request) -> Response:
        with world.context.guard:
            try:
                return show(request)
            except Refused as refused:
                return answer(refused.body(), refused.status)

    return door


def _acting_door(world: World, act: Callable[[Request, dict[str, Any]], Any]) -> Door:
    async def door(request: Request) -> Response:
        raw = await request.body()
        with world.context.guard:
            try:
                body = msgspec.json.decode(raw, type=dict[str, Any]) if raw.strip() else {}
                return answer({"done": _shown(act(request, body))})
            except msgspec.MsgspecError as error:
                return answer({"error": str(error)}, 422)
            except Refused as refused:
                return answer(refused.body(), refused.status)

    return door


def _shown(result: Any) -> Any:
    """Records of the world with their ids in hex, as the API writes them."""
    if not isinstance(result, msgspec.Struct):
        return result
    row = msgspec.to_builtins(result)
    if isinstance(row.get("id"), int) and "slug" not in row and "match" not in row:
        row["id"] = hex_id(row["id"])
    row.pop("activities", None)
    return row


def _journal(world: World, request: Request) -> Response:
    after = request.query_params.get("after", "0")
    subdomain = request.path_params.get("sub")
    lines = world.context.journal.lines(int(after) if after.isdigit() else 0)
    if subdomain is not None:
        world.account(subdomain)
        marks = (f'"account":"{subdomain}"'.encode(), f'"path":"/{subdomain}/'.encode())
        lines = [line for line in lines if any(mark in line for mark in marks)]
    return Response(b"\n".join(lines), media_type=NDJSON)


def _candidates(world: World, request: Request) -> Response:
    account = world.account(request.path_params["sub"])
    rows = (candidate_json(account, account.candidates[number]) for number in account.ids)
    return Response(b"\n".join(rows), media_type=NDJSON)


def _activities(world: World, request: Request) -> Response:
    """The timeline with what the API does not show: attachments and score cards."""
    account = world.account(request.path_params["sub"])
    candidate = account.candidate(request.path_params["id"])
    rows = []
    for one in candidate.activities:
        row = activity_row(account, candidate, one)
        if one.attachment is not None:
            row["attachment"] = msgspec.structs.asdict(one.attachment)
        rows.append(row if one.score_card is None else {**row, "score_card": one.score_card})
    return answer({"activities": rows})


def _subscriptions(world: World, request: Request) -> Response:
    account = world.account(request.path_params["sub"])
    return answer({"subscriptions": [subscription_row(one) for one in account.subscriptions.values()]})


def _truth(interview: Any) -> dict[str, Any]:
    """Also who it is for and what it will come to by itself."""
    hidden = ("candidate", "template_id", "job_shortcode", "job_title", "callback_url", "ends")
    return interview_row(interview) | {name: getattr(interview, name) for name in hidden}


def _platform_state(world: World) -> dict[str, Any]:
    platform = world.platform
    return {
        "settings": platform.settings,
        "interviews": len(platform.interviews),
        "applicants": [
            {**msgspec.to_builtins(one), "created_at": iso_ms(one.created_at)}
            for one in platform.applicants.values()
        ],
        "members": list(platform.members.values()),
        "erased": platform.erased,
    }


def _account_verb(world: World, request: Request, body: dict[str, Any]) -> Any:
    subdomain, verb = request.path_params["sub"], request.path_params["verb"]
    account = world.account(subdomain)
    if verb in TOKEN_VERBS:
        return run(getattr(world, verb), {"subdomain": subdomain, **body})
    if verb not in ACCOUNT_VERBS:
        raise not_found()
    return run(getattr(account, verb), body)


def _platform_verb(world: World, request: Request, body: dict[str, Any]) -> Any:
    verb = request.path_params["verb"]
    if verb not in PLATFORM_VERBS:
        raise not_found()
    return run(getattr(world.platform, verb), body)


def _fire_employee(world: World, request: Request, body: dict[str, Any]) -> Any:
    return run(world.postman.fire_employee, {"subdomain": request.path_params["sub"], **body})
