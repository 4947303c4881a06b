"""The door of the pretend Workable: tokens, scopes, rate windows, errors, and one journal entry a request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.account import Account
from sandbox.errors import Refused, missing
from sandbox.model import Token
from sandbox.views import JSON
from sandbox.world import World

Handler = Callable[["Call"], Response]
JSON_TYPE = "application/json; charset=utf-8"
NO_PARTNERS = ("account", "oauth")


@dataclass
class Call:
    """One request that may do what it asks; `base` is the account's API root as the client wrote it."""

    world: World
    account: Account
    token: Token
    path: dict[str, str]
    query: QueryParams
    body: Any
    base: str
    route: str
    extra: dict[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A query parameter; blank counts as absent."""
        return self.query.get(name) or None

    def given(self, name: str, of: type | tuple[type, ...]) -> Any:
        """A required key of the body; refused (422) when missing, blank or of another type."""
        value = self.optional(name, of)
        if value is None or value == "":
            raise missing(name)
        return value

    def optional(self, name: str, of: type | tuple[type, ...]) -> Any:
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if value is not None and (not isinstance(value, of) or (of is int and isinstance(value, bool))):
            raise Refused(422, f"{name} is invalid")
        return value


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    scopes: tuple[str, ...]
    kinds: tuple[str, ...]
    handler: Handler


ENDPOINTS: list[Endpoint] = []


def endpoint(
    method: str, path: str, *scopes: str, kinds: tuple[str, ...] = ("account", "oauth", "partner")
) -> Callable[[Handler], Handler]:
    """Serves the function at the path for tokens of those kinds that have any one of the scopes."""

    def register(handler: Handler) -> Handler:
        ENDPOINTS.append(Endpoint(method, path, scopes, kinds, handler))
        return handler

    return register


def answer(content: object, status: int = 200) -> Response:
    return Response(JSON.encode(content), status, media_type=JSON_TYPE)


def empty(status: int, body: str = "") -> Response:
    """What most writes answer: nothing, or a single space, as plain text."""
    return Response(body, status, media_type="text/plain; charset=utf-8")


def routes(world: World) -> list[Route]:
    """All endpoints, below `/{subdomain}/spi/v3`; one route per path with its methods inside."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for one in ENDPOINTS:
        paths.setdefault(one.path, {})[one.method] = one
    return [
        Route("/{subdomain}/spi/v3" + path, _door(world, methods), methods=list(methods))
        for path, methods in paths.items()
    ]


def _door(world: World, methods: dict[str, Endpoint]) -> Callable[[Request], Any]:
    async def door(request: Request) -> Response:
        raw = await request.body()
        one = methods["GET" if request.method == "HEAD" else request.method]
        with world.context.guard:
            return serve_one(world, one, request, raw)

    return door


def serve_one(world: World, one: Endpoint, request: Request, raw: bytes) -> Response:
    """Authenticates, counts, checks and handles a request, and writes it into the journal."""
    token: Token | None = None
    limits: dict[str, str] = {}
    try:
        token = world.authenticate(request.path_params["subdomain"], request.headers)
        spent = world.windows.spend(token, with_client_id="x-workable-client-id" in request.headers)
        limits = spent.headers
        response = _handle(world, token, one, request, raw) if spent.allowed else too_many()
    except Refused as refused:
        response = answer(refused.body(), refused.status)
    _add_headers(world, response, limits)
    label = token.label if token else None
    world.note_request(request, response.status_code, label)
    return response


def too_many() -> Response:
    return answer({"error": "Too many requests"}, 429)


def _handle(world: World, token: Token, one: Endpoint, request: Request, raw: bytes) -> Response:
    _permit(world, one, token)
    return one.handler(_call(world, token, one, request, raw))


def _call(world: World, token: Token, one: Endpoint, request: Request, raw: bytes) -> Call:
    host = request.headers.get("host", "sandbox")
    return Call(
        world=world,
        account=world.accounts[token.subdomain],
        token=token,
        path=request.path_params,
        query=request.query_params,
        body=_body(raw),
        base=f"{request.url.scheme}://{host}/{token.subdomain}/spi/v3",
        route=one.path,
    )


def _body(raw: bytes) -> Any:
    if not raw.strip():
        return {}
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raise Refused(400, "The body is not valid JSON") from None


def _permit(world: World, one: Endpoint, token: Token) -> None:
    if token.kind not in one.kinds:
        raise Refused(403, "Forbidden")
    if one.scopes and not set(one.scopes) & set(token.scopes):
        status = world.context.switches.scope_missing_status
        raise Refused(status, "Forbidden" if status == 403 else "Not authorized")


def _add_headers(world: World, response: Response, limits: dict[str, str]) -> None:
    switches = world.context.switches
    error = response.status_code >= 400
    if not error or (switches.headers_on_429 if response.status_code == 429 else switches.headers_on_errors):
        response.headers.update(limits)
    if response.status_code == 429 and switches.retry_after_on_429 is not None:
        response.headers["Retry-After"] = str(switches.retry_after_on_429)
    response.headers["Date"] = formatdate(world.context.time(), usegmt=True)
    response.headers["Cache-Control"] = "no-cache" if error else "max-age=0, private, must-revalidate"
