"""The upper part of a customer's page: who it is, what is wrong, what can be done, and how far that is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import streamlit as st

from dashboard import access, advice, ui, words
from dashboard.customer import dialogs, interview_dialogs, requests
from storage.board_reads import Details
from storage.health import Level
from storage.ledger.requests import OPEN, Kind
from storage.reads import Customer

REFRESH_SECONDS = 2
EXPIRY_WARNING = timedelta(days=14)
MORE: dict[str, Callable[[Customer], None]] = {
    ":material/fact_check: Check what was written": interview_dialogs.verify,
    ":material/sticky_note_2: Write a sample note": interview_dialogs.sample_card,
    ":red[:material/key_off: Revoke token]": dialogs.revoke,
}


@st.fragment(run_every=REFRESH_SECONDS)
def show(account_id: str) -> None:
    """Redraws itself, and never reruns the page: that would close a dialog that somebody is typing in."""
    with access.explained():
        found, now = access.details(account_id), access.now()
        if found is None:
            st.error(words.UNKNOWN_CUSTOMER, icon=":material/search_off:")
            return
        st.button(
            words.BACK, icon=":material/arrow_back:", type="tertiary", on_click=ui.open_overview, key="back"
        )
        _title_row(found, now)
        ui.agent_banner(found.agent, now, is_small=True)
        _problem(found, now)
        requests.show(found, now)
        _numbers(found.customer, now)


def _title_row(found: Details, now: datetime) -> None:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with row.container(gap="xxsmall", width="content"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.title(ui.plain(found.customer.name), anchor=False, width="content")
            ui.health_badge(found.customer.health.level)
        st.caption(_caption(found.customer, now))
    with row.container(horizontal=True, width="content", horizontal_alignment="right"):
        _actions(found)


def _caption(customer: Customer, now: datetime) -> str:
    token = words.token(
        customer.token_kind, customer.token_last_four, is_destroyed=customer.health.level is Level.PAUSED
    )
    parts = [urlsplit(customer.base_url).netloc, customer.region.upper(), token]
    told = " · ".join(ui.plain(part) for part in parts)
    return told + _expiry(customer, now)


def _expiry(customer: Customer, now: datetime) -> str:
    if customer.token_expires_at is None or customer.health.level is Level.PAUSED:
        return ""
    day = f"{customer.token_expires_at:%d %b %Y}"
    left = customer.token_expires_at - now
    if left <= timedelta(0):
        return f" · :red-badge[expired {day}]"
    return f" · :orange-badge[expires {day}]" if left < EXPIRY_WARNING else f" · expires {day}"


def _actions(found: Details) -> None:
    """The dialogs open here and not in callbacks, because a callback of a fragment may not draw."""
    stopped = found.customer.health.level is Level.PAUSED
    busy = {r.kind for r in found.requests if r.state in OPEN}
    why = words.CANNOT_ACT if stopped else None

    def action(label: str, icon: str, kind: Kind) -> bool:
        return st.button(label, icon=icon, key=f"act_{kind}", disabled=stopped or kind in busy, help=why)

    if action("Run test sync", ":material/science:", Kind.TEST_SYNC):
        dialogs.test_sync(found.customer)
    if action("Backfill", ":material/history:", Kind.BACKFILL):
        dialogs.backfill(found.customer)
    more = st.menu_button("More", list(MORE), key="more", disabled=stopped)
    if more is not None:
        MORE[more](found.customer)


def _problem(found: Details, now: datetime) -> None:
    level, customer = found.customer.health.level, found.customer
    if level is Level.PAUSED:
        body = words.REVOKED_TO_DO.format(account=customer.account_id)
        st.info(f"{body}\n\n{words.REVOKE_LAST_STEP}", title=_title(found), icon=words.HEALTH[level][2])
    if level not in (Level.FAILING, Level.DEGRADED):
        return
    draw = st.error if level is Level.FAILING else st.warning
    draw("\n\n".join(_explanation(found, now)), title=_title(found), icon=words.HEALTH[level][2])
    if any(problem.code == "deletions_frozen" for problem in found.problems) and _may_confirm(found):
        dialogs.confirm_deletions(customer)


def _may_confirm(found: Details) -> bool:
    busy = any(r.kind == Kind.CONFIRM_DELETIONS and r.state in OPEN for r in found.requests)
    return st.button(
        "Confirm deletions", icon=":material/delete_sweep:", key="confirm_deletions", disabled=busy
    )


def _title(found: Details) -> str:
    return ui.plain(found.customer.health.sentence)


def _explanation(found: Details, now: datetime) -> list[str]:
    """Since when, and what to do; problems that the title does not name follow."""
    customer, others = found.customer, list(found.problems)
    told = [words.CHECK_AGENT]
    if customer.state == "reconnect":
        others = [p for p in others if p.code != "token_refused"]
        told = [_since(found.state_since, customer, now), _advice("token_refused", customer)]
    elif others and others[0].sentence == customer.health.sentence:
        named = others.pop(0)
        told = [_since(named.since, customer, now), _advice(named.code, customer)]
    if missing := [scope for scope, has in customer.token_scopes.items() if has is False]:
        told.append(words.SCOPES_MISSING.format(scopes=", ".join(f"`{scope}`" for scope in missing)))
    return told + [f"- {ui.plain(p.sentence)}" for p in others]


def _since(at: datetime, customer: Customer, now: datetime) -> str:
    return f"First seen {words.ago(at, now)}. Last good sync {words.ago(customer.last_good_at, now)}."


def _advice(code: str, customer: Customer) -> str:
    return advice.what_to_do(code, customer.account_id, needs_person=customer.health.needs_person)


def _numbers(customer: Customer, now: datetime) -> None:
    with st.grid(6, min_column_width=195):
        ui.kpi(
            "Last good sync",
            words.ago(customer.last_good_at, now).capitalize(),
            words.next_note(words.planned(customer), now),
            hint=words.utc(customer.last_good_at),
        )
        ui.kpi(
            "Last change in Workable",
            words.ago(customer.last_change_at, now).capitalize(),
            f"connected {words.ago(customer.connected_at, now)}",
            hint=words.utc(customer.last_change_at),
        )
        ui.kpi("Candidates", f"{customer.candidates:,}", _first_sync(customer))
        ui.kpi("Live jobs", f"{customer.live_jobs:,}", f"of {words.plural(customer.jobs, 'job')}")
        ui.kpi("Hiring team", f"{customer.members:,}", "members")
        _rate(customer, now)


def _first_sync(customer: Customer) -> str:
    return "first sync under way" if customer.first_sync_done_at is None else "all read"


def _rate(customer: Customer, now: datetime) -> None:
    allowed, used = customer.rate_allowed, customer.rate_used or 0
    if not allowed or customer.health.level is Level.PAUSED:
        ui.kpi("Rate budget used", words.NOTHING, "not in use")
        return
    hint = words.RATE_HINT.format(
        limit=customer.rate_limit, others=customer.rate_others or 0, ago=words.ago(customer.rate_seen_at, now)
    )
    color = "orange" if used >= allowed else "off"
    ui.kpi("Rate budget used", f"{used / allowed:.0%}", f"{used:,} of {allowed:,} per 10 s", color, hint)
