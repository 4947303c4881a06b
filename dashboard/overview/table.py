"""The table of all customers: one data frame, however many there are."""

import pandas as pd
import streamlit as st

from dashboard import interview_words as told
from dashboard import ui, words
from dashboard.overview import filters
from dashboard.ui import Columns
from storage.board_reads import Board
from storage.health import Level
from storage.reads import Customer

ROW_HEIGHT = 38
ROWS_WITHOUT_SCROLLING = 25
HIDDEN = ["account_id", "level", "region", "search"]


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Board: lambda board: board.taken_at})
def rows(board: Board) -> pd.DataFrame:
    """One row for each customer; shared by all sessions, so nobody may change it."""
    return pd.DataFrame([_row(c, board) for c in board.customers])


def _row(customer: Customer, board: Board) -> dict[str, object]:
    stopped = customer.health.level is Level.PAUSED
    today = board.today.get(customer.account_id)
    used = customer.rate_used if customer.rate_used is not None else 0
    return {
        "account_id": customer.account_id,
        "level": customer.health.level.value,
        "region": customer.region.upper(),
        "search": f"{customer.name} {customer.account_id}".casefold(),
        "name": ui.cell(customer.name),
        "health": [words.HEALTH[customer.health.level][0]],
        "sentence": customer.health.sentence,
        "last_good": words.ago(customer.last_good_at, board.taken_at),
        "next": words.due(words.planned(customer), board.taken_at),
        "fresh": words.ago(board.fresh_at.get(customer.account_id), board.taken_at),
        "candidates": customer.candidates,
        "jobs": f"{customer.live_jobs:,} / {customer.jobs:,}",
        "invited": today.invited if today else 0,
        "results": today.results if today else 0,
        "rate": 100 * used / customer.rate_allowed if customer.rate_allowed and not stopped else None,
        "token": words.short_token(customer.token_kind, customer.token_last_four, is_destroyed=stopped),
    }


def show(found: pd.DataFrame) -> None:
    if found.empty:
        st.info(words.NO_MATCH, icon=":material/filter_alt_off:")
        st.button(words.CLEAR_FILTERS, on_click=filters.clear, type="tertiary", icon=":material/close:")
        return
    st.session_state["shown"] = list(zip(found["name"], found["account_id"], strict=True))
    st.dataframe(
        found.drop(columns=HIDDEN),
        key="customers",
        hide_index=True,
        row_height=ROW_HEIGHT,
        height="content" if len(found) <= ROWS_WITHOUT_SCROLLING else ROW_HEIGHT * 20,
        placeholder=words.NOTHING,
        alt="Customers and how their sync is",
        column_config=_columns(),
    )


def _columns() -> Columns:
    c = st.column_config
    labels, colors, _ = zip(*words.HEALTH.values(), strict=True)
    return {
        "name": c.ButtonColumn(
            "Customer",
            key="row_open",
            on_click=_open_row,
            type="tertiary",
            alignment="left",
            pinned=True,
            width=158,
        ),
        "health": c.MultiselectColumn("Health", options=labels, color=colors, width=92),
        "sentence": c.TextColumn("How it is", width=258),
        "last_good": c.TextColumn("Last good sync", width=104),
        "next": c.TextColumn("Next sync", width=92),
        "fresh": c.TextColumn(
            "Candidates as of", width=114, help="When all changed candidates had last been read"
        ),
        "candidates": c.NumberColumn("Candidates", format="localized", width=84),
        "jobs": c.TextColumn("Jobs", width=64, alignment="right", help="Live jobs of all jobs"),
        "invited": c.NumberColumn("Invited", format="localized", width=64, help=told.INVITED_TODAY),
        "results": c.NumberColumn("Results", format="localized", width=64, help=told.RESULTS_TODAY),
        "rate": c.ProgressColumn(
            "Rate budget",
            format="%d%%",
            min_value=0,
            max_value=100,
            width=88,
            help="Requests used of those allowed, in the latest 10 seconds in which the sync asked anything",
        ),
        "token": c.TextColumn("Token", width=128),
    }


def _open_row() -> None:
    click = st.session_state.get("row_open")
    if click is None:
        return
    shown: list[tuple[str, str]] = st.session_state["shown"]
    # The list may have been redrawn in another order since the click: the name decides, not the row.
    if click["row"] < len(shown) and shown[click["row"]][0] == click["label"]:
        ui.open_customer(shown[click["row"]][1])
    for name, account_id in shown:
        if name == click["label"]:
            ui.open_customer(account_id)
