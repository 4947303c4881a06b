"""The upper part of the overview: six numbers, the customers in trouble, or the first steps."""

from datetime import datetime

import streamlit as st

from dashboard import advice, ui, words
from storage.board_reads import Board
from storage.health import Level
from storage.reads import Customer

SHOWN = 6


def numbers(board: Board) -> None:
    everyone = board.customers
    healthy = sum(c.health.level is Level.HEALTHY for c in everyone)
    need_you = sum(c.health.needs_person for c in everyone)
    by_itself = sum(c.health.level is Level.DEGRADED for c in everyone)
    live = sum(c.live_jobs for c in everyone)
    with st.grid(6, min_column_width=195):
        ui.kpi("Customers", f"{len(everyone):,}", _starting(everyone))
        ui.kpi("Healthy", f"{healthy:,}", f"{healthy / len(everyone):.0%} of all")
        ui.kpi(
            "Need you", f"{need_you:,}", *(("see below", "red") if need_you else ("nothing to do", "green"))
        )
        ui.kpi(
            "Resolve by themselves",
            f"{by_itself:,}",
            *(("tried again soon", "orange") if by_itself else ("none now", "off")),
        )
        ui.kpi(
            "Candidates mirrored",
            f"{sum(c.candidates for c in everyone):,}",
            f"in {words.plural(live, 'live job')}",
        )
        ui.kpi("Last good sync", *_last_sync(everyone, board.taken_at))


def _starting(everyone: list[Customer]) -> str:
    starting = sum(c.health.level is Level.NEW for c in everyone)
    stopped = sum(c.health.level is Level.PAUSED for c in everyone)
    told = [f"{starting} starting"] * (starting > 0) + [f"{stopped} stopped"] * (stopped > 0)
    return ", ".join(told) or "all connected"


def _last_sync(everyone: list[Customer], now: datetime) -> tuple[str, str]:
    last = max((c.last_good_at for c in everyone if c.last_good_at), default=None)
    planned = min((c.next_run_at for c in everyone if c.next_run_at and c.state == "active"), default=None)
    return words.ago(last, now).capitalize(), words.next_note(planned, now)


def everywhere(board: Board) -> None:
    """What concerns every customer."""
    if not board.everywhere:
        return
    told = [
        f"{ui.plain(p.sentence)} {advice.what_to_do(p.code, '', needs_person=p.needs_person)}"
        f" :gray[First seen {words.ago(p.since, board.taken_at)}.]"
        for p in board.everywhere
    ]
    draw = st.error if any(p.needs_person for p in board.everywhere) else st.warning
    draw("\n\n".join(told), title=words.DEPLOYMENT_TROUBLE, icon=":material/cloud_off:")


def troubles(board: Board) -> None:
    """The customers in trouble, worst first; the table below holds those that do not fit."""
    worst = [c for c in board.customers if c.health.level in (Level.FAILING, Level.DEGRADED)]
    if not worst:
        return
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{words.ATTENTION}** :gray-badge[{len(worst)}]")
        for found in worst[:SHOWN]:
            _trouble(found, board)
        if len(worst) > SHOWN:
            st.caption(f"and {len(worst) - SHOWN:,} more in the table below")


def _trouble(found: Customer, board: Board) -> None:
    sentence, since = found.health.sentence.removesuffix("."), board.trouble_since.get(found.account_id)
    told = f":gray[ · since {words.ago(since, board.taken_at)}]" if since else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        with st.container(width=104):
            ui.health_badge(found.health.level)
        st.markdown(
            f"**{ui.plain(found.name)}** — {ui.plain(sentence)}{told}",
            width="stretch",
        )
        st.button(
            "Open",
            key=f"open_{found.account_id}",
            type="tertiary",
            icon=":material/chevron_right:",
            icon_position="right",
            on_click=ui.open_customer,
            args=(found.account_id,),
        )


def first_steps() -> None:
    """What to do when no customer is connected yet."""
    ask, connect, run, done = words.FIRST_STEPS
    with st.container(border=True):
        st.subheader(words.FIRST_CUSTOMER, anchor=False)
        st.markdown(f"1\\. {ask}")
        st.markdown(f"2\\. {connect}")
        st.code(words.CONNECT_COMMAND, language=None)
        st.markdown(f"3\\. {run}")
        st.code(words.RUN_COMMANDS, language=None)
        st.markdown(f"4\\. {done}")
