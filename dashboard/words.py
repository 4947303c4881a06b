"""Every sentence that staff read on the page, so that its language can be reviewed in one place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.health import Level, span
from storage.ledger.requests import Kind, Request, State
from storage.ledger.runs import RunState
from storage.reads import Customer

PRODUCT = "Intrvio for Workable"
ABOUT = "Shows for every customer whether their Workable account is in sync, and lets you act."
OPERATOR = "local operator"
NOTHING = "–"  # noqa: RUF001 -- the dash that tables show for an empty cell

NOT_LOOPBACK = (
    "IVW_DASHBOARD_HOST is {host!r}, but the dashboard has no sign-in yet, so only people on this machine "
    "may reach it. Set it to 127.0.0.1, and use an SSH tunnel from elsewhere."
)
PORT_TAKEN = "Port {port} on {host} cannot be used ({reason}). Stop what uses it, or set IVW_DASHBOARD_PORT."
LEDGER_GONE = (
    "The ledger {path} was there when the dashboard started and is gone now. "
    "Put it back from a backup, or start the dashboard again for a new one."
)
UNUSABLE = "The dashboard cannot read its data"
UNUSABLE_MORE = "This page tries again by itself every few seconds."
PAGE_ERROR = (
    "Something went wrong on this page. Reload it; if that does not help, report reference {reference}."
)

HEALTH = {
    Level.FAILING: ("Failing", "red", ":material/error:"),
    Level.DEGRADED: ("Degraded", "orange", ":material/warning:"),
    Level.NEW: ("Starting", "blue", ":material/hourglass_top:"),
    Level.PAUSED: ("Stopped", "gray", ":material/pause_circle:"),
    Level.HEALTHY: ("Healthy", "green", ":material/check_circle:"),
}

OVERVIEW = "Customers"
OVERVIEW_CAPTION = "Every customer's Workable account, the ones in trouble first"
ATTENTION = "Needs attention"
DEPLOYMENT_TROUBLE = "Something concerns all customers"
ALL_LEVELS = "all"
ALL_REGIONS = "All regions"
NO_MATCH = "No customer matches these filters."
CLEAR_FILTERS = "Clear filters"
FIRST_CUSTOMER = "Connect the first customer"
FIRST_STEPS = (
    (
        "**Ask the customer for a token** in Workable: *Settings → Integrations → Apps → Generate API token*,"
        " with the rights to read jobs and candidates. The person who makes it should be an admin."
    ),
    (
        "**Connect the account.** An operator runs this where the agent is installed; it asks for the token, "
        "checks it and stores it encrypted:"
    ),
    "**Let it sync.** Either keep the agent running, or run one pass from time to time:",
    (
        "**Come back here.** The customer appears within seconds of being connected. "
        "Nobody is invited until you have chosen a stage and a candidate reaches it."
    ),
)
CONNECT_COMMAND = "python -m agent connect --subdomain NAME"
RUN_COMMANDS = (
    "python -m agent run     # stays and syncs every minute\npython -m agent sync    # one pass, for cron"
)

NO_AGENT_YET = "No sync agent has run yet"
AGENT_QUIET = "Nothing is syncing right now"
AGENT_QUIET_BODY = (
    "The sync agent last reported {ago}. That is fine if it runs on a schedule. "
    "The buttons still work: each one starts a helper for that single task."
)
AGENT_GONE = "No sync agent has reported for {span}"
AGENT_GONE_BODY = (
    "Customers are not being synced, and the numbers below are old. Ask an operator to start the agent "
    "(`python -m agent run`). The buttons still work: each one starts a helper for that single task."
)
NO_AGENT_YET_BODY = (
    "Customers are not synced until an operator starts the agent (`python -m agent run`). "
    "The buttons already work: each one starts a helper for that single task."
)

UNKNOWN_TITLE = "Customer not found"
UNKNOWN_CUSTOMER = "There is no customer of that name here. The link may be old, or mistyped."
BACK = "All customers"
TOKEN_KINDS = {"account": "account token", "partner": "partner token", "oauth": "app sign-in"}
CHECK_AGENT = "Ask an operator whether the agent is running (`python -m agent run`)."
REVOKED_TO_DO = (
    "The data read so far stays. To sync again, an operator runs "
    "`python -m agent connect --subdomain {account}` with a new token."
)
RATE_HINT = (
    "Requests of the sync in the latest 10 seconds in which it asked anything ({ago}). Workable allows "
    "{limit} in all; other software of the customer used about {others}."
)
SCOPES_MISSING = "The token lacks: {scopes}."
STREAMS = {
    "account": "Account",
    "candidates": "Changed candidates",
    "jobs": "Jobs",
    "stages": "Account's stages",
    "pipelines": "Jobs' stages",
    "members": "Hiring team",
    "recruiters": "Recruiters",
    "listing": "Complete list",
}
RUN_KINDS = {
    "sync": "Sync",
    "first_sync": "First sync",
    "sweep": "Complete list",
    "test_sync": "Test sync",
    "backfill": "Backfill",
    "deletions": "Deletions",
}
RUN_COUNTS = {
    "requests": "Calls to Workable",
    "rows_read": "Candidates that Workable sent",
    "rows_inserted": "Candidates that were not known here",
    "rows_changed": "Candidates that were known and had changed",
    "rows_deleted": "Candidates that are gone from Workable",
}
RUN_STATES = {
    RunState.OK: ("Clean", "green", "#2C9A63"),
    RunState.DEGRADED: ("In part", "orange", "#DB8A16"),
    RunState.FAILED: ("Failed", "red", "#D6364F"),
    RunState.INTERRUPTED: ("Interrupted", "violet", "#8B6FD0"),
    RunState.CANCELLED: ("Cancelled", "gray", "#8B94A3"),
    RunState.RUNNING: ("Running", "blue", "#4C7BE0"),
}
JOB_STATES = {
    "published": ("Published", "green"),
    "closed": ("Closed", "blue"),
    "draft": ("Draft", "gray"),
    "archived": ("Archived", "gray"),
}

KINDS = {
    Kind.TEST_SYNC: "Test sync",
    Kind.SYNC: "Sync",
    Kind.BACKFILL: "Backfill",
    Kind.REVOKE: "Revoke token",
    Kind.CONFIRM_DELETIONS: "Confirm deletions",
    Kind.SAMPLE_CARD: "Sample note",
    Kind.REINVITE: "New invite",
    Kind.PROVISION: "Platform access",
    Kind.VERIFY: "Check of what was written",
}
PREVIEW = "preview"  # the subject of a request that only looks
PREVIEW_OF = "Preview of platform access"
STATES = {State.DONE: "finished", State.FAILED: "did not succeed", State.CANCELLED: "was cancelled"}
ALREADY_OPEN = "{kind}: one is already under way, see above."
TEST_SYNC_DIALOG = (
    "Checks that {name}'s account can be read. It takes a few seconds and:\n\n"
    "- reads the **first 50 candidates**, the jobs and the hiring team,\n"
    "- **writes nothing** to Workable,\n"
    "- **invites nobody**."
)
BACKFILL_DIALOG = (
    "Reads candidates of {name} from Workable again, and fills in what is missing here. "
    "It **writes nothing** to Workable and **invites nobody**. The regular sync goes on meanwhile, "
    "and you can cancel at any time."
)
BACKFILL_ALL = "Everything"
BACKFILL_SINCE = "Since a date"
BACKFILL_COST = "About {requests:,} requests to Workable, roughly {time} at this customer's pace."
BACKFILL_COST_UNKNOWN = "How long it takes shows once it has begun."
BACKFILL_COST_SINCE = "At most {requests:,} requests to Workable, no longer than {time}."
CONFIRM_DELETIONS_DIALOG = (
    "Only go on if {name} really removed these candidates in Workable. Each one is looked up there again; "
    "those that are gone are marked as deleted here, and their personal data is removed. "
    "Nothing changes in Workable."
)
REVOKE_TITLE = "The sync of {name} ends"
REVOKE_DIALOG = (
    "- Our notifications (webhooks) in their Workable account are removed.\n"
    "- The token is destroyed here. Nobody can read it again.\n"
    "- Syncing stops. What was read so far stays here."
)
REVOKE_LAST_STEP = (
    "One step is left for the customer, because Workable lets only them do it: "
    "Settings → Integrations → Apps, and revoke the token there."
)
REVOKE_CONFIRM = "Type {account} to confirm"
CANNOT_ACT = "The token was revoked. Connect the customer again first."
WAITING = "waiting to start"
STUCK = "Nothing has picked this up yet. The helper may not have started."
STUCK_RUNNING = "The helper stopped in the middle. Trying again goes on where it can."
TRY_AGAIN = "Try again"
CANCELLING = "Cancelling…"

MAPPING_INTRO = (
    "Choose the stage that starts an interview. Saving invites nobody who is already in that stage: "
    "only candidates who reach it afterwards count."
)
DEFAULT_LABEL = "Account default: start the interview when a candidate reaches"
NO_STAGE = "No stage (nobody is invited)"
ACCOUNT_DEFAULT = "Account default"
FOLLOWS = "Account default ({stage})"
NOT_CHOSEN = "not chosen yet"
GONE = "{stage} (gone)"
RULE_OVERRIDE, RULE_UNSAVED, RULE_GONE, RULE_MISSING = "Own stage", "Unsaved", "Stage gone", "No such stage"
NOTHING_MAPPED = (
    "No stage is chosen yet, so nobody is invited. Choose one for the account, or for single jobs."
)
STAGE_GONE = "“{stage}” is no longer a stage of {where}. No interview starts there until you choose another."
STAGE_RENAMED = "“{old}” is now called “{new}” in {where}. The mapping goes on with it; nothing to do."
DEFAULT_MISSING = (
    "The account default, “{stage}”, is no stage of {jobs}: nothing starts there. Choose one for them."
)
MORE_NOTICES = "And {count} more."
DEFAULT_PIPELINE = "the account's default pipeline"
NO_SUCH_STAGE = "“{job}” has no stage called “{stage}”. Choose one of: {stages}."
STAGES_UNKNOWN = "The stages of “{job}” are not known yet. Wait for the next sync, then choose."
NO_STAGES_YET = "The stages of this account are not known yet. They appear after the first sync."
SAVED = "Saved."
NO_JOBS = "No jobs have been read yet."
FRESHNESS = "How the syncs went, and how fresh the data is"
NO_RUNS = "No sync has run yet."
NO_ACTIVITY = "Nothing has happened yet."
ACTIONS = {
    "account.connected": "Connected the account",
    "account.reconnected": "Stored a new token",
    "account.revoked": "Revoked the token",
    "mapping.follows_default": "{job}: follows the account default again",
}


def plural(count: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "change"), plural(1200, "request")
    ('1 change', '1,200 requests')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    return "just now" if seconds < 5 else f"{span(seconds)} ago"


def due(at: datetime | None, now: datetime) -> str:
    """When the next run is, told so that an overdue one is seen."""
    if at is None:
        return "not planned"
    seconds = (at - now).total_seconds()
    if seconds >= 1:
        return f"in {span(seconds)}"
    return "due now" if seconds > -60 else f"overdue {span(-seconds)}"


def job_title(job: Mapping[str, Any]) -> str:
    """A job without a title goes by its short code.

    >>> job_title({"title": " ", "shortcode": "A1B2"})
    'A1B2'
    """
    return str(job["title"]).strip() or str(job["shortcode"])


def took(seconds: float) -> str:
    """How long something lasted; a span of zero would look as if nothing had been done.

    >>> took(0.2), took(75)
    ('< 1 s', '1 min')
    """
    return span(seconds) if seconds >= 1 else "< 1 s"


def planned(customer: Customer) -> datetime | None:
    """When the next sync is; none is planned for an account that is revoked or waits for a token."""
    return customer.next_run_at if customer.state == "active" else None


def next_note(at: datetime | None, now: datetime) -> str:
    return "none planned" if at is None else f"next {due(at, now)}"


def utc(at: datetime | None) -> str:
    return NOTHING if at is None else f"{at:%d %b %Y %H:%M:%S} UTC"


def humanised(code: str) -> str:
    """A machine's word as a person would write it.

    >>> humanised("webhooks_removed")
    'Webhooks removed'
    """
    return code.replace("_", " ").replace(".", ": ").strip().capitalize()


def token(kind: str | None, last_four: str | None, *, is_destroyed: bool = False) -> str:
    """The token's kind and its last four characters, the only ones that are kept readable."""
    if is_destroyed:
        return f"token destroyed (was ····{last_four})" if last_four else "token destroyed"
    return f"{TOKEN_KINDS.get(kind or '', 'token')} ····{last_four}" if last_four else "no token"


def short_token(kind: str | None, last_four: str | None, *, is_destroyed: bool) -> str:
    """The same for the narrow column of a table."""
    if is_destroyed or not last_four:
        return "destroyed" if is_destroyed else "none"
    return f"{kind or 'token'} ····{last_four}"


def remaining(request: Request, now: datetime) -> str:
    """How long a running request still takes, guessed from its pace so far."""
    if request.started_at is None or not request.done or not request.total:
        return "working out how long it takes"
    pace = (now - request.started_at).total_seconds() / request.done
    left = pace * max(0, request.total - request.done)
    return f"about {span(max(1, left))} left"


def progress(request: Request, now: datetime) -> str:
    if request.state == State.QUEUED:
        return WAITING
    if request.total:
        return f"{request.done:,} of {request.total:,} · {remaining(request, now)}"
    return f"{request.done:,} so far" if request.done else "under way"


def kind(request_kind: str) -> str:
    return KINDS[Kind(request_kind)] if request_kind in set(Kind) else humanised(request_kind)


def asked_for(request: Request) -> str:
    """What a request is for; one that only looks is named a preview."""
    return PREVIEW_OF if request.subject == PREVIEW else kind(request.kind)


def outcome(request: Request, now: datetime) -> str:
    return f"{asked_for(request)} {STATES[State(request.state)]} {ago(request.finished_at, now)}"


def activity(action: str, detail: Mapping[str, Any]) -> str:
    """An entry of the audit trail as a sentence."""
    if action == "mapping.saved":
        job, stage = detail.get("job") or "Account default", detail.get("stage") or "no stage"
        return f"{job}: interview starts at {stage}"
    if action in ACTIONS:
        return ACTIONS[action].format(job=detail.get("job", ""))
    subject, _, verb = action.partition(".")
    told = f"{kind(subject)} {verb.replace('_', ' ')}".strip()
    if verb == "requested" and detail.get("preview"):
        return f"{told}, as a preview"
    if detail.get("subject") == PREVIEW:
        told += ", a preview"
    if verb == "requested" and detail.get("since"):
        return f"{told}, since {detail['since']}"
    return f"{told}: {detail['note']}" if detail.get("note") else told
