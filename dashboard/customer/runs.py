"""How the syncs of a customer went: a bar for each run, how fresh each stream is, and the runs as a table."""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import access, words
from dashboard.ui import Columns
from storage import reads
from storage.health import span
from storage.ledger import accounts
from storage.ledger.accounts import AccountState
from storage.ledger.runs import RunState

REFRESH_SECONDS = 5
BARS = 60
FEWEST_SLOTS = 24
ROWS = 200
SHORTEST_BAR = 2.0
# Seconds: runs that are all short make low bars, so that a long one stands out when it comes.
HIGHEST_AT_LEAST = 10.0
# About as high as the table of streams beside it.
CHART_HEIGHT = 250
# Read when somebody asks and not on a schedule, so they cannot be late.
ONE_OFF = ("test_sync", "deletions")
# These bring what has changed, or one thing: how many rows there are, they cannot tell.
WITHOUT_TOTAL = ("account", "candidates", "pipelines")
COUNTS = {
    "requests": "Requests",
    "rows_read": "Read",
    "rows_inserted": "New",
    "rows_changed": "Changed",
    "rows_deleted": "Deleted",
}


@st.fragment(run_every=REFRESH_SECONDS)
def cards(account_id: str) -> None:
    """Folded, and then not even drawn, unless something is late."""
    with access.explained():
        now = access.now()
        with access.ledger().read() as tx:
            streams = [s for s in reads.streams(tx, account_id, now) if s.stream not in ONE_OFF]
            is_stopped = accounts.get(tx, account_id).state == AccountState.REVOKED
        is_late = not is_stopped and any(stream.is_late for stream in streams)
        fold = st.expander(
            words.FRESHNESS,
            expanded=is_late,
            icon=":material/monitoring:",
            on_change="rerun",
            key=f"freshness_{account_id}",
        )
        if fold.open:
            with fold:
                _cards(account_id, streams, now, is_stopped=is_stopped)


def _cards(account_id: str, streams: list[reads.Stream], now: datetime, *, is_stopped: bool) -> None:
    with access.ledger().read() as tx:
        found = reads.runs(tx, account_id, BARS)
    left, right = st.columns(2)
    with left.container(border=True, gap="xsmall", height="stretch"):
        _chart(found, now)
    with right.container(border=True, gap="xsmall", height="stretch"):
        _streams(streams, now, is_stopped=is_stopped)


def _seconds(run: dict[str, Any], now: datetime) -> float:
    length = (run["finished_at"] or now) - run["started_at"]
    return max(0.0, float(length.total_seconds()))


def _chart(found: list[dict[str, Any]], now: datetime) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**Last {words.plural(len(found), 'run')}**" if found else "**Runs**", width="content")
        _legend({run["state"] for run in found})
    if not found:
        st.caption(words.NO_RUNS)
        return
    st.vega_lite_chart(
        _bars(found, now),
        _spec(_slots(found), max(HIGHEST_AT_LEAST, *(_seconds(run, now) for run in found))),
        alt="Result and duration of each run, the newest last",
    )
    lengths = sorted(_seconds(run, now) for run in found)
    typical, longest = words.took(lengths[len(lengths) // 2]), words.took(lengths[-1])
    st.caption(f"A bar is as high as its run was long: {typical} typically, {longest} at most.")


def _slots(found: list[dict[str, Any]]) -> int:
    """Places for bars, so that a few runs stand at the right instead of filling the card with broad bars."""
    return max(FEWEST_SLOTS, len(found))


def _legend(states: set[str]) -> None:
    badges = [f":{color}-badge[{label}]" for s, (label, color, _) in words.RUN_STATES.items() if s in states]
    st.markdown(" ".join(badges), width="content")


def _bars(found: list[dict[str, Any]], now: datetime) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "n": position,
            "Result": words.RUN_STATES[RunState(run["state"])][0],
            "Kind": words.RUN_KINDS.get(run["kind"], words.humanised(run["kind"])),
            "Started": words.utc(run["started_at"]),
            "Took": words.took(_seconds(run, now)),
            "Changed": run["rows_inserted"] + run["rows_changed"] + run["rows_deleted"],
            "Why": run["error"] or words.NOTHING,
            "height": max(SHORTEST_BAR, _seconds(run, now)),
        }
        for position, run in enumerate(reversed(found), _slots(found) - len(found))
    )


def _spec(slots: int, highest: float) -> dict[str, Any]:
    """A plain Vega-Lite dict, with `highest` seconds at the top.

    The same picture costs ten times as much through a chart library.
    """
    labels, _, colors = zip(*words.RUN_STATES.values(), strict=True)
    hover = ("Result", "Kind", "Started", "Took", "Changed", "Why")
    return {
        "height": CHART_HEIGHT,
        "mark": {"type": "bar", "cornerRadius": 2},
        "encoding": {
            "x": {
                "field": "n",
                "type": "ordinal",
                "axis": None,
                "scale": {"paddingInner": 0.3, "paddingOuter": 0, "domain": list(range(slots))},
            },
            "y": {
                "field": "height",
                "type": "quantitative",
                "axis": None,
                "scale": {"type": "sqrt", "domain": [0, highest]},
            },
            "color": {
                "field": "Result",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": list(labels), "range": list(colors)},
            },
            "tooltip": [{"field": name} for name in hover],
        },
    }


def _streams(streams: list[reads.Stream], now: datetime, *, is_stopped: bool) -> None:
    st.markdown("**How fresh the data is**")
    if not streams:
        st.caption(words.NO_RUNS)
        return
    c = st.column_config
    st.dataframe(
        pd.DataFrame([_stream(stream, now, is_stopped=is_stopped) for stream in streams]),
        hide_index=True,
        row_height=34,
        height="content",
        placeholder=words.NOTHING,
        alt="When each kind of data was last read in full",
        column_config={
            "what": c.TextColumn("What", width=136),
            "state": c.MultiselectColumn(
                "State",
                options=["On time", "Late", "Never", "Stopped"],
                color=["green", "red", "gray", "gray"],
                width=76,
            ),
            "read": c.TextColumn("Read", width=84),
            "every": c.TextColumn("Every", width=60),
            "total": c.NumberColumn("Rows", format="localized", width=72),
            "why": c.TextColumn("Trouble"),
        },
        column_order=["what", "state", "read", "every", "total"]
        + ["why"] * any(s.last_error for s in streams),
    )


def _stream(stream: reads.Stream, now: datetime, *, is_stopped: bool) -> dict[str, object]:
    return {
        "what": words.STREAMS.get(stream.stream, words.humanised(stream.stream)),
        "state": ["Stopped" if is_stopped else _punctuality(stream)],
        "read": words.ago(stream.last_completed_at, now),
        "every": span(stream.every_seconds),
        "total": None if stream.stream in WITHOUT_TOTAL else stream.rows_total,
        "why": stream.last_error,
    }


def _punctuality(stream: reads.Stream) -> str:
    if stream.is_late:
        return "Late"
    return "Never" if stream.last_completed_at is None else "On time"


@st.fragment(run_every=REFRESH_SECONDS)
def show(account_id: str) -> None:
    """The runs as a table."""
    with access.explained():
        now = access.now()
        with access.ledger().read() as tx:
            found = reads.runs(tx, account_id, ROWS)
        if not found:
            st.caption(words.NO_RUNS)
            return
        st.dataframe(
            pd.DataFrame([_run(run, now) for run in found]),
            key="runs",
            hide_index=True,
            row_height=34,
            height="content" if len(found) <= 14 else 520,
            placeholder=words.NOTHING,
            alt="The newest runs",
            column_config=_run_columns(),
        )


def _run(run: dict[str, Any], now: datetime) -> dict[str, object]:
    told = {
        "started": run["started_at"],
        "ago": words.ago(run["started_at"], now),
        "kind": words.RUN_KINDS.get(run["kind"], words.humanised(run["kind"])),
        "state": [words.RUN_STATES[RunState(run["state"])][0]],
        "took": words.took(_seconds(run, now)),
    }
    # A run counts up when it ends.
    counts = {name: run[name] if run["finished_at"] else None for name in COUNTS}
    return told | counts | {"error": run["error"]}


def _run_columns() -> Columns:
    c = st.column_config
    labels, colors, _ = zip(*words.RUN_STATES.values(), strict=True)
    numbers = {
        name: c.NumberColumn(label, format="localized", width=76, help=words.RUN_COUNTS[name])
        for name, label in COUNTS.items()
    }
    return {
        **numbers,
        "started": c.DatetimeColumn("Started (UTC)", format="DD MMM HH:mm:ss", timezone="UTC", width=130),
        "ago": c.TextColumn("Ago", width=96),
        "kind": c.TextColumn("Kind", width=96),
        "state": c.MultiselectColumn("Result", options=labels, color=colors, width=96),
        "took": c.TextColumn("Took", width=64),
        "error": c.TextColumn("What went wrong", width=380),
    }
