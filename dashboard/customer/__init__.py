"""The page of one customer."""

import streamlit as st

from dashboard import access, ui, words
from dashboard.customer import activity, head, invites, jobs, mapping, pushes, runs, team, why

TABS = ("Stage mapping", "Invites", "Pushes", ui.WHY_TAB, "Jobs", "Hiring team", "Runs", "Activity")


def render(account_id: str) -> None:
    found = access.details(account_id)
    if found is None:
        st.button(words.BACK, icon=":material/arrow_back:", type="tertiary", on_click=ui.open_overview)
        st.title(words.UNKNOWN_TITLE, anchor=False)
        st.error(words.UNKNOWN_CUSTOMER, icon=":material/search_off:")
        return
    head.show(account_id)
    runs.cards(account_id)
    _tabs(account_id)


def _tabs(account_id: str) -> None:
    """Only the open tab runs. Labels never change: a changed one would throw visitors to the first."""
    shown = (
        mapping.show,
        invites.show,
        pushes.show,
        why.show,
        jobs.show,
        team.show,
        runs.show,
        activity.show,
    )
    for tab, draw in zip(st.tabs(TABS, key=ui.TAB, bind="query-params"), shown, strict=True):
        if tab.open:
            with tab:
                draw(account_id)
