"""The overview page, which refreshes itself without disturbing what the visitor does."""

import streamlit as st

from dashboard import access, ui, words
from dashboard.overview import attention, filters, table

REFRESH_SECONDS = 5


def render() -> None:
    with st.container(gap="xxsmall"):
        st.title(words.OVERVIEW, anchor=False)
        st.caption(words.OVERVIEW_CAPTION)
    _body()


@st.fragment(run_every=REFRESH_SECONDS)
def _body() -> None:
    with access.explained():
        board, now = access.board(), access.now()
        ui.agent_banner(board.agent, now)
        if not board.customers:
            attention.first_steps()
            return
        attention.everywhere(board)
        attention.numbers(board)
        attention.troubles(board)
        rows = table.rows(board)
        table.show(rows[filters.choose(rows, board)])
