"""The HTTP side of the pretend interview platform."""

import base64
import binascii
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.api import answer
from sandbox.errors import Refused, not_found
from sandbox.platform import TEMPLATES, Platform, applicant_row, interview_row, interview_url
from sandbox.stamps import parse_time
from sandbox.world import World

T = TypeVar("T")
Handler = Callable[[Platform, Request, Any], Response]
MAX_LIMIT = 100


def routes(world: World) -> list[Route]:
    """All below `/platform`."""
    table: dict[str, dict[str, Handler]] = {
        "/interview-templates": {"GET": list_templates},
        "/interviews": {"GET": list_interviews, "POST": create_interview},
        "/interviews/{id}": {"DELETE": cancel_interview},
        "/applicants": {"GET": list_applicants},
        "/members/{email:path}": {"PUT": put_member, "DELETE": deactivate_member},
        "/candidates": {"DELETE": erase_candidate},
    }
    table["/{rest:path}"] = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), refuse_unknown)
    return [
        Route("/platform" + path, _door(world, methods), methods=list(methods))
        for path, methods in table.items()
    ]


def _door(world: World, methods: dict[str, Handler]) -> Callable[[Request], Any]:
    async def door(request: Request) -> Response:
        raw = await request.body()
        handler = methods["GET" if request.method == "HEAD" else request.method]
        with world.context.guard:
            response = _serve(world.platform, handler, request, raw)
            response.headers["Date"] = formatdate(world.context.time(), usegmt=True)
            world.note_request(request, response.status_code, "platform")
            return response

    return door


def _serve(platform: Platform, handler: Handler, request: Request, raw: bytes) -> Response:
    try:
        _authenticate(platform, request)
        return handler(platform, request, _body(raw))
    except Refused as refused:
        return answer({"status": refused.status, "message": refused.message}, refused.status)


def _authenticate(platform: Platform, request: Request) -> None:
    if request.headers.get("authorization") != f"Bearer {platform.token}":
        raise Refused(401, "The token is not valid")


def _body(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw.strip() else {}
    except msgspec.DecodeError:
        raise Refused(422, "The body is not valid JSON") from None


def refuse_unknown(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    raise not_found()


def list_templates(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    rows = [{"id": number, "name": name} for number, name in TEMPLATES.items()]
    return answer({"interview_templates": rows})


def create_interview(platform: Platform, request: Request, body: Any) -> Response:
    if not isinstance(body, dict):
        raise Refused(422, "The body is an object")
    interview, new = platform.create(body, request.headers.get("idempotency-key"))
    url = interview_url(interview)
    return answer({"interview_id": interview.id, "interview_url": url}, 201 if new else 200)


def list_interviews(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    """By `external_id`, or all in the order of their last change."""
    external = request.query_params.get("external_id")
    if external is not None:
        return answer({"interviews": [interview_row(one) for one in platform.find(external)]})
    after = request.query_params.get("updated_after")
    since = parse_time("updated_after", after) * 1000 if after else 0
    kept = [one for one in platform.interviews.values() if one.updated_at >= since]
    rows, cursor = _cut(request, kept, lambda one: (one.updated_at, one.id))
    found: dict[str, Any] = {"interviews": [interview_row(one) for one in rows]}
    return answer(found | cursor)


def cancel_interview(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    platform.cancel(request.path_params["id"])
    return Response(status_code=204)


def list_applicants(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    after = request.query_params.get("created_after")
    since = parse_time("created_after", after) * 1000 if after else 0
    kept = [one for one in platform.applicants.values() if one.created_at >= since]
    rows, cursor = _cut(request, kept, lambda one: (one.created_at, one.applicant_id))
    found: dict[str, Any] = {"applicants": [applicant_row(one) for one in rows]}
    return answer(found | cursor)


def put_member(platform: Platform, request: Request, body: Any) -> Response:
    if not isinstance(body, dict):
        raise Refused(422, "The body is an object")
    email = request.path_params["email"]
    new = platform.put_member(email, body)
    return answer({"email": email}, 201 if new else 200)


def deactivate_member(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    platform.deactivate_member(request.path_params["email"])
    return Response(status_code=204)


def erase_candidate(platform: Platform, request: Request, body: Any) -> Response:  # noqa: ARG001 - a Handler
    external = request.query_params.get("external_id")
    if not external:
        raise Refused(422, "external_id is missing")
    platform.erase(external)
    return answer({"status": "accepted"}, 202)


def _cut(
    request: Request, rows: list[T], place: Callable[[T], tuple[int, str]]
) -> tuple[list[T], dict[str, str]]:
    """One page after the cursor, and the cursor of the next when there is one."""
    limit = request.query_params.get("limit", "50")
    if not limit.isdigit() or not 0 < int(limit) <= MAX_LIMIT:
        raise Refused(422, "limit is between 1 and 100")
    cursor = request.query_params.get("cursor")
    begin = _read_cursor(cursor) if cursor else (0, "")
    found = sorted((row for row in rows if place(row) > begin), key=place)
    page = found[: int(limit)]
    more = len(found) > len(page)
    return page, {"next_cursor": _write_cursor(place(page[-1]))} if more else {}


def _write_cursor(place: tuple[int, str]) -> str:
    return base64.urlsafe_b64encode(f"{place[0]} {place[1]}".encode()).decode()


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        moment, _, number = base64.urlsafe_b64decode(text).decode().partition(" ")
        return int(moment), number
    except (binascii.Error, ValueError):
        raise Refused(422, "cursor is invalid") from None
