"""What staff asked for: live progress of what is open, and the result of what finished last."""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import actions, ui, words
from storage.board_reads import Details
from storage.ledger.requests import OPEN, Kind, Request, State

SHOWN_FOR = timedelta(hours=12)


def show(found: Details, now: datetime) -> None:
    for request in reversed(found.requests):
        if request.state in OPEN:
            _progress(request, now, agent_is_alive=found.agent.is_alive)
    busy = {r.kind for r in found.requests if r.state in OPEN}
    last = next((r for r in found.requests if r.state not in OPEN), None)
    # Beside one that runs, the end of the one before would be taken for its end.
    if last is not None and last.kind not in busy:
        _result(last, now)


def _progress(request: Request, now: datetime, *, agent_is_alive: bool) -> None:
    # The key keeps a row apart from the one that takes its place when it finishes.
    with st.container(border=True, key=f"request_{request.request_id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _bar(request, now)
            if request.kind == Kind.BACKFILL:
                _cancel(request)
        if request.note:
            st.caption(ui.plain(request.note))
        if actions.is_stuck(request, now, agent_is_alive=agent_is_alive):
            _stuck(request)


def _bar(request: Request, now: datetime) -> None:
    share = min(1.0, request.done / request.total) if request.total else 0.0
    asked = f":gray[asked by {ui.plain(request.actor)} {words.ago(request.created_at, now)}]"
    st.progress(share, text=f"**{words.asked_for(request)}** · {words.progress(request, now)} · {asked}")


def _cancel(request: Request) -> None:
    asked = request.cancel_requested_at is not None
    st.button(
        words.CANCELLING if asked else "Cancel",
        key=f"cancel_{request.request_id}",
        on_click=actions.cancel,
        args=(request.request_id,),
        disabled=asked,
    )


def _stuck(request: Request) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        sentence = words.STUCK if request.state == State.QUEUED else words.STUCK_RUNNING
        st.markdown(f":orange[:material/hourglass_disabled: {sentence}]")
        st.button(words.TRY_AGAIN, key=f"again_{request.request_id}", on_click=actions.try_again)


def _result(request: Request, now: datetime) -> None:
    dismissed: set[int] = st.session_state.setdefault("dismissed", set())
    if (
        request.request_id in dismissed
        or request.finished_at is None
        or now - request.finished_at > SHOWN_FOR
    ):
        return
    tones = {
        State.DONE: (st.success, ":material/check_circle:"),
        State.FAILED: (st.error, ":material/error:"),
        State.CANCELLED: (st.info, ":material/cancel:"),
    }
    draw, icon = tones[State(request.state)]
    if request.subject == words.PREVIEW and request.state == State.DONE:
        draw, icon = st.info, ":material/visibility:"  # nothing was done, so nothing is announced as done
    with st.container(
        horizontal=True, vertical_alignment="top", wrap=False, key=f"result_{request.request_id}"
    ):
        draw(ui.plain(request.note or ""), title=words.outcome(request, now), icon=icon)
        st.button(
            "Dismiss",
            key=f"dismiss_{request.request_id}",
            type="tertiary",
            on_click=dismissed.add,
            args=(request.request_id,),
        )
