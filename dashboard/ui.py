"""Small pieces that both pages are made of: escaped names, badges, cards, the way from page to page."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

from dashboard import access, words
from storage.board_reads import AgentReport
from storage.health import Level, span
from storage.ledger.database import LedgerProblem
from storage.settings import SettingsProblem

STATIC = Path(__file__).parent / "static"
OVERVIEW, CUSTOMER = "views/overview.py", "views/customer.py"
TAB, WHY = "tab", "candidate"
WHY_TAB = "Why?"
QUIET_SECONDS = 900
RETRY_SECONDS = 5

Columns = Mapping[str, ColumnConfig | ButtonColumnResult | str | None]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&=^\"':/@])")
_JOINER = "\N{WORD JOINER}"
# Icons, emoji, links and arrows are looked for when the escapes are gone; an invisible joiner hides them.
_FOUND_LATER = re.compile(
    r"(?<=:)(?=[\w/+-])|(?<=@)(?=\w)|(?<=www)(?=\.)|(?<=[-<>=~])(?=[-<>=~])", re.IGNORECASE
)


def plain(text: object) -> str:
    """Text that Markdown shows exactly as it is: no markup, colours, icons, links or HTML."""
    one_line = " ".join(str(text).split())
    return _MARKDOWN.sub(r"\\\1", _FOUND_LATER.sub(_JOINER, one_line))


def cell(text: str) -> str:
    """The text of a button cell, which would take an icon's name or a list in brackets for more than text."""
    return f"{_JOINER}{text}".replace(":material", f":{_JOINER}material")


def health_badge(level: Level) -> None:
    label, color, icon = words.HEALTH[level]
    st.badge(label, icon=icon, color=color)  # type: ignore[arg-type] # the table holds colours of the palette


def kpi(label: str, value: str, note: str, color: str = "off", hint: str | None = None) -> None:
    """A card of the same parts as all others, so that a row of them is even."""
    st.metric(
        label,
        value,
        delta=note,
        delta_color=color,  # type: ignore[arg-type] # callers hold colours of the palette
        delta_arrow="off",
        border=True,
        height="stretch",
        help=hint,
    )


def agent_banner(agent: AgentReport, now: datetime, *, is_small: bool = False) -> None:
    """Tells when no agent is at work; calm when one may just be between two runs, and then small if asked."""
    if agent.is_alive:
        return
    if agent.last_seen_at is None:
        st.warning(words.NO_AGENT_YET_BODY, title=words.NO_AGENT_YET, icon=":material/cloud_off:")
        return
    seconds = (now - agent.last_seen_at).total_seconds()
    if seconds < QUIET_SECONDS:
        body = words.AGENT_QUIET_BODY.format(ago=words.ago(agent.last_seen_at, now))
        if is_small:
            st.caption(f":material/schedule: {words.AGENT_QUIET}. {body}")
        else:
            st.info(body, title=words.AGENT_QUIET, icon=":material/schedule:")
    else:
        title = words.AGENT_GONE.format(span=span(seconds))
        st.warning(words.AGENT_GONE_BODY, title=title, icon=":material/cloud_off:")


def choice(label: str, options: list[str], key: str) -> str:
    """A row of choices of which one is always chosen."""
    chosen: str = st.segmented_control(
        label, options, default=options[0], key=key, label_visibility="collapsed", required=True
    )
    return chosen


def why_button(candidate_id: str, key: str) -> None:
    """Leads to the answer about that candidate. Tabs stand outside of the fragments that draw this."""
    if st.button(WHY_TAB, icon=":material/help:", key=key, on_click=_ask_why, args=(candidate_id,)):
        st.rerun()


def _ask_why(candidate_id: str) -> None:
    st.session_state[TAB], st.session_state[WHY] = WHY_TAB, candidate_id


def open_customer(account_id: str) -> None:
    st.session_state["filters"] = {k: v for k, v in st.query_params.items() if k != "id"}
    st.switch_page(CUSTOMER, query_params={"id": account_id})


def open_overview() -> None:
    """Goes back to the list as it was left, filters included."""
    filters: dict[str, Any] = st.session_state.get("filters", {})
    st.switch_page(OVERVIEW, query_params=filters or None)


def unusable(problem: Exception) -> None:
    st.error(f"{problem}\n\n{words.UNUSABLE_MORE}", title=words.UNUSABLE, icon=access.UNUSABLE_ICON)
    _wait_for_ledger()


@st.fragment(run_every=RETRY_SECONDS)
def _wait_for_ledger() -> None:
    """The page has failed as a whole, so no dialog can be open, and a rerun disturbs nobody."""
    try:
        access.board()
    except (LedgerProblem, SettingsProblem):
        return
    st.rerun()
