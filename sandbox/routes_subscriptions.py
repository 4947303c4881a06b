"""Webhook subscriptions of the pretend Workable: one event per target, and a target only once."""

from typing import Any

from starlette.responses import Response

from sandbox.api import Call, answer, endpoint
from sandbox.errors import Refused, missing, not_found
from sandbox.model import Subscription
from sandbox.views import subscription_row

CANDIDATE_EVENTS = ("candidate_created", "candidate_moved", "candidate_deleted")
OTHER_EVENTS = (
    "job_deleted",
    "employee_created",
    "employee_updated",
    "employee_published",
    "onboarding_completed",
    "timeoff_updated",
    "timeoff_request_approved",
    "timeoff_request_reverted",
)
FILTERS = ("account_id", "job_shortcode", "stage_slug")


@endpoint("GET", "/subscriptions", "r_candidates", "r_employees")
def list_subscriptions(call: Call) -> Response:
    """None at all is a 404 with an empty object."""
    rows = [subscription_row(one) for one in _visible(call)]
    status = call.account.context.switches.no_subscriptions_status
    if not rows and status == 404:
        return answer({}, 404)
    return answer({"subscriptions": rows})


@endpoint("POST", "/subscriptions", "r_candidates", "r_employees")
def subscribe(call: Call) -> Response:
    """The body is flat; an enveloped one misses `event`."""
    event, target = call.given("event", str), call.given("target", str)
    if event not in CANDIDATE_EVENTS + OTHER_EVENTS:
        raise Refused(422, "event is invalid")
    if not target.startswith(("http://", "https://")):
        raise Refused(422, "target is invalid")
    if event.startswith(("employee_", "onboarding_", "timeoff_")) and "r_employees" not in call.token.scopes:
        raise Refused(403, "Forbidden")
    args = _args(call, event)
    _refuse_taken(call, event, target)
    made = Subscription(
        id=call.account.new_number("subscription"),
        event=event,
        target=target,
        created_at=call.account.context.now_ms(),
        token=call.token.value,
        stage_slug=args.get("stage_slug") or None,
        job_shortcode=args.get("job_shortcode") or None,
    )
    call.account.save_subscription(made)
    call.account.note("api", "subscribe", subscription=made.id, event=event)
    return answer({"id": made.id}, call.account.context.switches.subscription_status)


def _args(call: Call, event: str) -> dict[str, Any]:
    """All three keys or no `args` at all; employee events take none."""
    args: dict[str, Any] | None = call.optional("args", dict)
    if args is None:
        return {}
    if event not in CANDIDATE_EVENTS:
        raise Refused(422, f"args are not allowed for {event}")
    for name in FILTERS:
        if name not in args:
            raise missing(name)
    if args["account_id"] != call.account.subdomain:
        raise Refused(422, "account_id is invalid")
    return args


def _refuse_taken(call: Call, event: str, target: str) -> None:
    scope = call.account.context.switches.target_unique_per
    for other in call.account.subscriptions.values():
        same = other.target == target
        if scope == "token":
            same = same and other.token == call.token.value
        elif scope == "event":
            same = same and other.event == event
        if same:
            raise Refused(409, "target has already been taken")


@endpoint("DELETE", "/subscriptions/{number}", "r_candidates", "r_employees")
def unsubscribe(call: Call) -> Response:
    for one in _visible(call):
        if str(one.id) == call.path["number"]:
            call.account.drop_subscription(one.id)
            call.account.note("api", "unsubscribe", subscription=one.id)
            return answer({})
    raise not_found()


def _visible(call: Call) -> list[Subscription]:
    own = call.account.context.switches.subscriptions_per_token
    every = call.account.subscriptions.values()
    return [one for one in every if not own or one.token == call.token.value]
