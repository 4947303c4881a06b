"""The hiring team and its access to the interview platform: looked at first, then given."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import access, actions, ui, words
from dashboard import interview_words as told
from dashboard.customer import interview_dialogs
from storage import interview_reads, reads
from storage.interview_reads import Member
from storage.ledger.requests import OPEN, Kind, Request, State

REFRESH_SECONDS = 5
ROWS_WITHOUT_SCROLLING = 12


@st.fragment(run_every=REFRESH_SECONDS)
def show(account_id: str) -> None:
    with access.explained():
        now = access.now()
        with access.ledger().read() as tx:
            members = interview_reads.members(tx, account_id)
            there = interview_reads.provisioned(tx, account_id)
            asked = [r for r in reads.requests_of(tx, account_id, 50) if r.kind == Kind.PROVISION]
        st.caption(told.TEAM_INTRO)
        if not members:
            st.caption(told.NO_MEMBERS)
            return
        _buttons(account_id, is_busy=any(r.state in OPEN for r in asked))
        looked = [r for r in asked if r.subject == words.PREVIEW and r.state == State.DONE]
        _preview(looked[0] if looked else None, members, now)
        _table(members, there)


def _buttons(account_id: str, *, is_busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        recruiters = st.toggle(told.WITH_RECRUITERS, key="preview_recruiters")
        st.button(
            "Preview",
            icon=":material/visibility:",
            key="preview_members",
            disabled=is_busy,
            on_click=_ask_preview,
            args=(account_id,),
        )
        if st.button("Give access", icon=":material/group_add:", key="provision", disabled=is_busy):
            found = access.details(account_id)
            if found is not None:
                interview_dialogs.provision(found.customer, recruiters=recruiters)


def _ask_preview(account_id: str) -> None:
    actions.preview_provision(account_id, recruiters=bool(st.session_state["preview_recruiters"]))


def _preview(request: Request | None, members: list[Member], now: datetime) -> None:
    if request is None:
        st.caption(told.NOT_PREVIEWED)
        return
    names = {member.member_id: member.name for member in members}
    changes = [c for c in (request.result or {}).get("changes", []) if c["change"] != "none"]
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{told.PREVIEWED.format(ago=words.ago(request.finished_at, now))}**")
        if not changes:
            st.caption(told.PREVIEW_EMPTY)
        for change in changes[:20]:
            st.markdown(f"- {_told(change, names)}")
        if len(changes) > 20:
            st.caption(words.MORE_NOTICES.format(count=len(changes) - 20))


def _told(change: Mapping[str, Any], names: dict[str, str]) -> str:
    who = names.get(change["member_id"], change["member_id"])
    happens = told.CHANGES.get(change["change"], change["change"]).format(role=change["role_here"])
    return f"{ui.plain(who)}: {ui.plain(happens)}"


def _table(members: list[Member], there: dict[str, str]) -> None:
    c = st.column_config
    labels = [*told.PLATFORM_STATES.values(), told.NO_ACCESS]
    rows = [
        {
            "name": member.name,
            "role": member.role,
            "active": ["Active" if member.is_active else "Inactive"],
            "platform": [told.PLATFORM_STATES.get(there.get(member.member_id, ""), told.NO_ACCESS)],
        }
        for member in sorted(members, key=lambda m: (not m.is_active, m.name.casefold()))
    ]
    st.dataframe(
        pd.DataFrame(rows),
        key="team",
        hide_index=True,
        row_height=34,
        height="content" if len(rows) <= ROWS_WITHOUT_SCROLLING else 430,
        placeholder=words.NOTHING,
        alt="Members of the hiring team",
        column_config={
            "name": c.TextColumn("Member", width=260),
            "role": c.TextColumn("Role in Workable", width=180),
            "active": c.MultiselectColumn(
                "In Workable", options=["Active", "Inactive"], color=["green", "gray"], width=110
            ),
            "platform": c.MultiselectColumn(
                "Interview platform", options=labels, color=["green", "gray", "orange", "gray"], width=150
            ),
        },
    )
