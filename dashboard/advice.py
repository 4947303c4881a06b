"""What to do about each kind of problem, as the page says it after the problem's own sentence."""

RECONNECT = (
    "Ask the customer for a new token (Workable: Settings → Integrations → Apps). "
    "Then an operator runs `python -m agent reconnect --account {account} --token-stdin`."
)
ASK_OPERATOR = "Ask an operator to look at it with `python -m agent status`."
BY_ITSELF = "You need not do anything: the next syncs try it again."
PLATFORM = (
    "Invites and results wait meanwhile, and nothing is lost. If this stays, ask an operator to check the "
    "platform's address and token with `python -m agent doctor`."
)
PUSHES = "Open the tab “Pushes”, tick what stands there, and try it again or drop it."
# Of problems that need a person.
NEEDED = {
    "token_refused": RECONNECT,
    "token_expired": RECONNECT,
    "forbidden": (
        "The token may not read all that is needed. Ask the customer for one made by an admin, with the "
        "rights to read jobs and candidates; then an operator runs "
        "`python -m agent reconnect --account {account} --token-stdin`."
    ),
    "wrong_account": (
        "The token belongs to another Workable account. Ask the customer for one of their own; then an "
        "operator runs `python -m agent reconnect --account {account} --token-stdin`."
    ),
    "redirected": "Workable has moved this account. Ask an operator to connect it under its new name.",
    "deletions_frozen": (
        "Nothing was deleted here. Ask the customer whether they removed that many candidates. "
        "If they did, press “Confirm deletions”."
    ),
    "host_not_allowed": "Ask an operator to check the account's address with `python -m agent doctor`.",
}
# Of problems with interviews, whether they need a person or pass by themselves.
INTERVIEWS = {
    "invite_cap": (
        "Cancel those that are not meant in the tab “Invites”. The cap is raised by an operator: "
        "`python -m agent account --account {account} --invites-per-hour N`."
    ),
    "invites_wait": "Open the tab “Invites”, tick each one that waits, and send it or cancel it.",
    "interviews_failing": (
        "It is tried again all the time; nobody is forgotten. If this stays, ask an operator for what the "
        "agent's log says about it."
    ),
    "timelines_unread": "They are read again by themselves. The tab “Why?” tells how far one candidate is.",
    "triggers_paused": (
        "Whoever reaches a stage meanwhile is decided about as soon as timelines can be read again. If this "
        "stays, ask the customer whether the token may still read candidates."
    ),
    "stage_drift": "Choose the stage again in the tab “Stage mapping”.",
    "template_gone": "Choose another interview in the tab “Stage mapping”.",
    "webhooks_refused": (
        "Changes are still seen by the regular sync, only later. Ask an operator to check the setting or the "
        "token that is named here with `python -m agent doctor`."
    ),
    "platform": PLATFORM,
    "platform_refused": PLATFORM,
    "push_failed": PUSHES,
    "push_parked": PUSHES,
    "push_error": "It is tried again by itself. Ask an operator for what the agent's log says about it.",
}


def what_to_do(code: str, account: str, *, needs_person: bool) -> str:
    if code in INTERVIEWS:
        return INTERVIEWS[code].format(account=account)
    if not needs_person:
        return BY_ITSELF
    return NEEDED.get(code, ASK_OPERATOR).format(account=account)
