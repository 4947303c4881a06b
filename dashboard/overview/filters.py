"""The row of filters above the table; what is chosen stands in the page's address, for links."""

from collections import Counter

import pandas as pd
import streamlit as st

from dashboard import words
from storage.board_reads import Board
from storage.health import Level

LEVEL, REGION, SEARCH = "health", "region", "q"


def choose(rows: pd.DataFrame, board: Board) -> "pd.Series[bool]":
    """Draws the filters; True for each row of the table that they let through."""
    with st.container(horizontal=True, vertical_alignment="center"):
        level = _level(board)
        text = st.text_input(
            "Search",
            key=SEARCH,
            type="search",
            live="250ms",
            placeholder="Name or subdomain",
            label_visibility="collapsed",
            bind="query-params",
            width=230,
        )
        region = st.selectbox(
            "Region",
            [words.ALL_REGIONS, *sorted({c.region.upper() for c in board.customers})],
            key=REGION,
            bind="query-params",
            label_visibility="collapsed",
            width=140,
        )
        st.space("stretch")
        st.caption(f"Updated {board.taken_at:%H:%M:%S} UTC", width="content")
    return _mask(rows, level, text or "", region)


def _level(board: Board) -> str:
    """Kept in the address by value, not by label as a binding would: labels carry counts, links last."""
    counts = Counter(c.health.level.value for c in board.customers)
    if LEVEL not in st.session_state:
        asked = st.query_params.get(LEVEL, words.ALL_LEVELS)
        st.session_state[LEVEL] = asked if asked in set(Level) else words.ALL_LEVELS
    chosen = st.session_state[LEVEL]
    options = [
        words.ALL_LEVELS,
        *(level.value for level in Level if counts[level.value] or level.value == chosen),
    ]
    counts[words.ALL_LEVELS] = len(board.customers)
    st.segmented_control(
        "Health",
        options,
        key=LEVEL,
        format_func=lambda value: f"{_label(value)} {counts[value]:,}",
        on_change=_keep_in_address,
        label_visibility="collapsed",
        required=True,
    )
    return str(st.session_state[LEVEL])


def _label(value: str) -> str:
    return "All" if value == words.ALL_LEVELS else words.HEALTH[Level(value)][0]


def _keep_in_address() -> None:
    chosen = st.session_state[LEVEL]
    if chosen == words.ALL_LEVELS:
        st.query_params.pop(LEVEL, None)
    else:
        st.query_params[LEVEL] = chosen


def clear() -> None:
    st.session_state[LEVEL] = words.ALL_LEVELS
    st.session_state[SEARCH] = ""
    st.session_state[REGION] = words.ALL_REGIONS
    st.query_params.pop(LEVEL, None)


def _mask(rows: pd.DataFrame, level: str, text: str, region: str) -> "pd.Series[bool]":
    mask = pd.Series(data=True, index=rows.index)
    if level != words.ALL_LEVELS:
        mask &= rows["level"] == level
    if region != words.ALL_REGIONS:
        mask &= rows["region"] == region
    if text.strip():
        mask &= rows["search"].str.contains(text.strip().casefold(), regex=False)
    return mask
