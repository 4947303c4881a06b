"""Every sentence about interviews that staff read on the page: mapping, invites, pushes, answers."""

from collections.abc import Mapping
from typing import Any

from dashboard import words
from storage.interview_reads import Reach
from storage.ledger.invites import State
from storage.ledger.outbox import EffectKind, EffectState

HOW = "How the interview goes"
FOR = "For"
ACCOUNT_DEFAULT = "Account default"
TEMPLATE, TRIGGER, APPLICANTS = "Interview", "Invite when", "People from an open interview link"
MEMBER, FALLBACK, VISIBILITY = "Written to Workable as", "If that fails, as", "Comments are seen by"
SCALE, THRESHOLDS, PASS_SCORE = "Rating", "Lowest score of each grade", "Passes from"
PASS_STAGE, FAIL_STAGE, NOTES_ENDS = (
    "Who passes moves to",
    "Who fails moves to",
    "Note if no result comes",
)
FIELDS = {
    "trigger": TRIGGER,
    "template_id": TEMPLATE,
    "member_id": MEMBER,
    "fallback_member_id": FALLBACK,
    "scale": SCALE,
    "thresholds": THRESHOLDS,
    "pass_score": PASS_SCORE,
    "pass_stage": PASS_STAGE,
    "fail_stage": FAIL_STAGE,
    "visibility": VISIBILITY,
    "applicants": APPLICANTS,
    "notes_ends": NOTES_ENDS,
}
TRIGGERS = {
    "both": "Moved there, or created there",
    "moved": "Moved there",
    "created": "Created there",
}
SCALES = {"stars": "Stars (5)", "thumbs": "Thumbs (3)", "numbers": "Numbers (10)"}
APPLICANT_CHOICES = {
    "off": "Do not add them to Workable",
    "sourced": "Add them as sourced candidates",
    "applied": "Add them as applicants",
}
ROLES = {
    "admin": "Admins",
    "recruiting_admin": "Recruiting admins",
    "hiring_manager": "Hiring managers",
    "simple": "Standard members",
    "reviewer": "Reviewers",
    "recruiter": "External recruiters",
}
NO_TEMPLATE = "Not chosen (nobody is invited)"
NO_MEMBER = "Not chosen (nothing can be written)"
ACCOUNTS_MEMBER = "The account's: {name}"
NO_FALLBACK = "Nobody"
NO_MOVE = "Stays where they are"
GONE = "{name} (gone)"
INACTIVE = "{name} (inactive)"
USUAL = "Usual steps"
AS_GRADED = "As the platform grades"
USUAL_ROLES = "As Workable does it by itself"
TRIGGER_HELP = "Which ways into the stage count. Imports often create candidates right in a stage."
MEMBER_HELP = "Workable shows this member as the author of notes, ratings and moves."
FALLBACK_HELP = "Takes over when the first one has left or may not write."
THRESHOLDS_HELP = (
    "Scores from 0 to 100 become grades. Give {count} numbers with commas between them: the lowest score of "
    "each grade from the second on. Empty: the usual steps."
)
SCORE_HELP = "Empty: what the platform grades as failed has failed, everything else has passed."
NOTES_HELP = "When an interview expires, bounces or is cancelled, a note says so on the timeline."
VISIBILITY_HELP = "Empty: everybody who sees comments in Workable by itself."
BAD_THRESHOLDS = (
    "“{text}” are no thresholds. Write whole numbers with commas between them, like 20, 40, 60, 80."
)
COUNTS_FROM_SAVING = (
    "What is changed under “How the interview goes” counts for those who reach the stage after it is saved."
)
STOPS = "{where}: nobody is invited any more."
FOLLOWS_AGAIN = "{where}: goes by the account default again."
ONLY_JOBS_WITH_STAGE = "A job is offered here once a stage of its own is chosen for it above."

PLATFORM_NOT_READ = (
    "The interviews of the platform are not known yet, so none can be chosen. They appear once the agent has "
    "read the platform; an operator sets IVW_PLATFORM_URL and IVW_PLATFORM_TOKEN for that."
)
TEMPLATE_MISSING = "Nobody is invited from {where}: no interview is chosen for it yet."
TEMPLATE_GONE = "Nobody can be invited from {where}: the platform no longer has the interview “{name}”."
MEMBER_MISSING = "Nothing can be written to Workable for {where}: choose in whose name."
MEMBER_INACTIVE = "{name} is no longer active in Workable, so nothing can be written for {where}."

HISTORY = "Earlier versions"
NO_HISTORY = "Nothing has been saved here yet."
FIRST_VERSION = "First version"
NOTHING_CHANGED = "Saved again"

TODAY = "Today: {invited} sent, {results} received. Days begin at midnight UTC."
INVITED_TODAY = "Invites that the interview platform took since midnight UTC"
RESULTS_TODAY = "Interviews completed since midnight UTC"
NO_INVITES = "Nobody has been invited yet. Invites appear here as soon as a candidate reaches a mapped stage."
NO_SUCH_INVITES = "No invite is like that."
PICK_INVITE = "Tick an invite to see what can be done about it."
INVITE_STATES: dict[State, tuple[str, str]] = {
    "planned": ("Planned", "blue"),
    "pending": ("Invited", "blue"),
    "started": ("Begun", "violet"),
    "completed": ("Completed", "green"),
    "rejected": ("Declined", "gray"),
    "expired": ("Expired", "orange"),
    "bounced": ("Bounced", "red"),
    "cancelled": ("Cancelled", "gray"),
    "dropped": ("Dropped", "gray"),
}
INVITE_FILTERS: dict[str, tuple[State, ...] | None] = {
    "All": None,
    "Open": ("planned", "pending", "started"),
    "Completed": ("completed",),
    "Ended without a result": ("rejected", "expired", "bounced", "cancelled", "dropped"),
}
CANCEL_DIALOG = (
    "The interview of candidate `{candidate}` for {job} ends. If the invite has been sent, the platform is "
    "asked to close the interview; the link then no longer works. What stands in Workable stays."
)
APPROVE_DIALOG = "Candidate `{candidate}` gets **an e-mail** with an invite to the interview for {job}."
REINVITE_DIALOG = (
    "Candidate `{candidate}` gets **a new invite by e-mail** from the interview platform, to the interview "
    "that is mapped now, and a note says so on the Workable timeline. An earlier one and its result stay."
)

NO_PUSHES = "Nothing has been written yet."
NO_SUCH_PUSHES = "Nothing is like that. Good."
PICK_PUSHES = "Tick one or more to see the attempts, try them again or drop them."
PUSH_KINDS = {
    EffectKind.INVITE: "Invite",
    EffectKind.CANCEL: "Cancel the interview",
    EffectKind.INVITE_NOTE: "Note: invited",
    EffectKind.RATING: "Rating",
    EffectKind.RESULT_COMMENT: "Result comment",
    EffectKind.MOVE: "Move to a stage",
    EffectKind.END_NOTE: "Note: ended",
    EffectKind.SAMPLE_CARD: "Sample card",
    EffectKind.CREATE_CANDIDATE: "New candidate",
    EffectKind.PUT_MEMBER: "Member added",
    EffectKind.DEACTIVATE_MEMBER: "Member deactivated",
}
PUSH_STATES = {
    EffectState.FAILED: ("Failed", "red"),
    EffectState.PARKED: ("Waits for you", "orange"),
    EffectState.UNKNOWN: ("Being checked", "violet"),
    EffectState.PLANNED: ("Due", "blue"),
    EffectState.SENDING: ("Sending", "blue"),
    EffectState.WAITING: ("Tries again", "yellow"),
    EffectState.CONFIRMED: ("Done", "green"),
    EffectState.CANCELLED: ("Dropped", "gray"),
}
PUSH_FILTERS: dict[str, tuple[EffectState, ...] | None] = {
    "All": None,
    "Need you": (EffectState.FAILED, EffectState.PARKED),
    "Under way": (EffectState.PLANNED, EffectState.SENDING, EffectState.WAITING, EffectState.UNKNOWN),
    "Over": (EffectState.CONFIRMED, EffectState.CANCELLED),
}
PUSH_HINTS = {
    EffectState.WAITING: "Tried again by itself.",
    EffectState.PLANNED: "Goes out within seconds.",
    EffectState.SENDING: "On its way.",
}
RETRY_DIALOG = "{count} sent again within seconds."
RETRY_INVITES = "The interview platform then sends **an e-mail to the candidate** for each invite."
DROP_DIALOG = "{count} given up for good. With an invite goes all that was to follow it: nobody is invited."
PUSH_NEXT = (EffectState.PLANNED, EffectState.WAITING, EffectState.UNKNOWN)
SEVERAL = "{count} of them: {first}"
STANDING = "{failed} failed · {parked} wait for you · {unknown} being checked · {waiting} on their way"
NO_ATTEMPTS = "It was never sent."
NO_ANSWER = ("No answer yet", "gray")

ASK = "Candidate id"
ASK_HINT = "The letters and digits that end the candidate's address in Workable"
ASK_INTRO = "Find out why a candidate was invited, or was not."
OUTCOMES = {
    "invited": "Decided to invite",
    "asked": "Decided to ask first",
    "not_invited": "Decided not to invite",
}
EVENTS = {
    "created": "Seen for the first time, in “{to}”",
    "appeared": "Seen for the first time here, in “{to}”",
    "moved": "Seen to move from “{from_}” to “{to}”",
    "deleted": "Deleted in Workable",
}
INVITE_STEPS = {
    "invited_at": "The platform took the invite",
    "delivered_at": "The e-mail was delivered",
    "opened_at": "The candidate opened it",
    "bounced_at": "The e-mail bounced",
}
RULE = "Candidates of {job} are invited to “{template}” when they reach “{stage}”. This counts since {since}."
NO_INTERVIEW = "no interview yet"
NO_RULE = "No stage of {job} starts an interview."

NO_MEMBERS = "The hiring team has not been read yet."
TEAM_INTRO = (
    "Members of the hiring team in Workable, and whether they can sign in to the interview platform. "
    "Only active members are added; nobody is ever removed as the last admin."
)
PROVISION_DIALOG = (
    "Active members of {name}'s hiring team get access to the interview platform, in the role that matches "
    "theirs in Workable; those who are no longer active there lose it. From then on this happens with "
    "each reading of the team. Nothing changes in Workable."
)
WITH_RECRUITERS = "External recruiters too"
RECRUITERS_GET_IT = "External recruiters get access too."
RECRUITERS_DO_NOT = "External recruiters get no access."
PREVIEWED = "What would happen, as looked at {ago}"
NOT_PREVIEWED = "Look first at what would happen: press “Preview”. Nothing is changed by it."
PREVIEW_EMPTY = "Everybody stands on the interview platform as they should; nothing would change."
CHANGES = {
    "add": "Gets access as {role}",
    "change": "Becomes {role}",
    "remove": "Loses access",
    "keep": "Kept as the last admin",
    "none": "Stays as it is",
}
PLATFORM_STATES = {
    "active": "Has access",
    "deactivated": "Deactivated",
    "kept_last_admin": "Kept: last admin",
}
NO_ACCESS = "No access"
CARD_DIALOG = (
    "Writes **one sample note** with the mark of this product to a candidate's timeline, so that the "
    "customer can see what notes look like. It invites nobody. The customer's team sees it."
)
CARD_CANDIDATE = "Candidate"
CARD_OTHER = "Another candidate's id"
CARD_PLACEHOLDER = "Choose a candidate of a sample job"
CARD_NO_SAMPLES = (
    "No candidate of a sample job is known; a test sync looks for them. "
    "Otherwise give the id of a candidate that the customer agrees to."
)
CARD_AGREED = "Only with the customer's consent if it is a real candidate"
VERIFY_DIALOG = (
    "Compares what was written for {name} with the timelines in Workable, and tells what is missing, doubled "
    "or was changed by others. It only reads."
)
ACTIONS = {
    "push.retried": "Tried again: {push}",
    "push.dropped": "Dropped: {push}",
    "invite.dropped": "Dropped the invite of candidate {candidate}",
    "invite.cancelled": "Asked the platform to cancel the interview of candidate {candidate}",
}

ACCOUNT_CHANGED = "account.changed"
ACCOUNT_FIELDS = {
    "member_id": "member",
    "fallback_member_id": "fallback member",
    "days_between_invites": "days between invites of an address",
    "invites_per_hour": "invites per hour",
    "follows_employees": "follows employees",
    "provisions_members": "keeps members on the platform",
}

NOT_SET = {"days_between_invites": "each job invites", "invites_per_hour": "as set for all"}


def where(job: str, title: str) -> str:
    return f"“{title}”" if job else "the account default"


def reach(found: Reach, stage: str, job: str, title: str) -> str:
    """Whom saving a stage concerns, for the moment before it is saved."""
    at = f"“{stage}” in “{title}”" if job else f"“{stage}” in {words.plural(found.jobs, 'job')}"
    are = "candidate is" if found.now == 1 else "candidates are"
    if not found.now:
        return f"{at}: nobody is there now. {found.told()}"
    return f"{at}: {found.now:,} {are} there now and will not be invited. {found.told()}"


def counted(label: str, count: int) -> str:
    """A button's label: it says of how many it is when there are several.

    >>> counted("Retry", 1), counted("Retry", 3)
    ('Retry', 'Retry 3')
    """
    return f"{label} {count:,}" if count > 1 else label


def pushes_are(count: int) -> str:
    return "This push is" if count == 1 else f"These {count:,} pushes are"


def push(kind: str) -> str:
    return PUSH_KINDS[EffectKind(kind)] if kind in set(EffectKind) else words.humanised(kind)


def activity(action: str, detail: Mapping[str, Any], members: Mapping[str, str]) -> str | None:
    """An entry of the audit trail about interviews as a sentence; None when it is about something else."""
    if action == ACCOUNT_CHANGED:
        return _account_changed(detail, members)
    if action not in ACTIONS:
        return None
    told = {"push": push(str(detail.get("push", ""))), "candidate": detail.get("candidate", "")}
    return ACTIONS[action].format(**told)


def _account_changed(detail: Mapping[str, Any], members: Mapping[str, str]) -> str:
    """What was changed, old and new; an old entry does not know what was before."""
    before = detail.get("before", {})
    told = []
    for name, label in ACCOUNT_FIELDS.items():
        if name in detail:
            old = f"{_value(name, before[name], members)} → " if name in before else ""
            told.append(f"{label}: {old}{_value(name, detail[name], members)}")
    return "Changed the account: " + "; ".join(told)


def _value(name: str, value: Any, members: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOT_SET.get(name, "none") if value is None else members.get(str(value), str(value))
