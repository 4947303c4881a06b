"""What is written to Workable and the platform, each thing with its attempts, to be retried or dropped."""

import zlib
from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import access, ui, words
from dashboard import interview_words as told
from dashboard.customer import interview_dialogs, outcome
from dashboard.ui import Columns
from storage import interview_reads
from storage.interview_reads import Counts, Push
from storage.ledger.outbox import EffectState

REFRESH_SECONDS = 5
ROW_HEIGHT = 34
ROWS = 300
PLACE = "pushes"
MAY_RETRY = (EffectState.FAILED, EffectState.PARKED)
MAY_DROP = (*MAY_RETRY, EffectState.PLANNED, EffectState.WAITING)


@st.fragment(run_every=REFRESH_SECONDS)
def show(account_id: str) -> None:
    with access.explained():
        now = access.now()
        wanted = ui.choice("Pushes", list(told.PUSH_FILTERS), key=f"push_filter_{account_id}")
        with access.ledger().read() as tx:
            states = told.PUSH_FILTERS[wanted]
            found = interview_reads.pushes(tx, account_id, states=states, limit=ROWS)
            counts = interview_reads.counts(tx, account_id, now)
        st.caption(_summary(counts))
        outcome.show(f"{PLACE}_{account_id}")
        if not found:
            st.caption(told.NO_PUSHES if states is None else told.NO_SUCH_PUSHES)
            return
        chosen = _table(found, now)
        if not chosen:
            st.caption(told.PICK_PUSHES)
            return
        _actions(account_id, chosen)
        if len(chosen) == 1:
            _attempts(chosen[0], now)


def _summary(counts: Counts) -> str:
    return told.STANDING.format(
        failed=counts.failed, parked=counts.parked, unknown=counts.unknown, waiting=counts.waiting
    )


def _table(found: list[Push], now: datetime) -> list[Push]:
    """The ticked ones. Ticks are kept by position, so another list begins without any."""
    shown = zlib.crc32("|".join(f"{push.effect_id}{push.state}" for push in found).encode())
    picked = st.dataframe(
        pd.DataFrame([_row(push, now) for push in found]),
        key=f"pushes_{shown:x}",
        hide_index=True,
        row_height=ROW_HEIGHT,
        height="content" if len(found) <= 14 else 520,
        placeholder=words.NOTHING,
        alt="Pushes, those with a problem first",
        on_select="rerun",
        selection_mode="multi-row",
        column_config=_columns(),
    )
    return [found[row] for row in picked["selection"]["rows"] if row < len(found)]


def _row(push: Push, now: datetime) -> dict[str, object]:
    state = EffectState(push.state)
    return {
        "state": [told.PUSH_STATES[state][0]],
        "why": push.hold or push.sentence or told.PUSH_HINTS.get(state),
        "what": told.push(push.kind),
        "candidate": push.candidate_id,
        "attempts": push.attempts,
        "when": words.ago(push.ended_at or push.sent_at or push.planned_at, now),
        "next": words.due(push.due_at, now) if state in told.PUSH_NEXT and not push.is_held_up else None,
        "mark": push.mark,
        "by": push.actor,
    }


def _columns() -> Columns:
    c = st.column_config
    labels, colors = zip(*told.PUSH_STATES.values(), strict=True)
    return {
        "state": c.MultiselectColumn("State", options=labels, color=colors, width=118),
        "what": c.TextColumn("What", width=150),
        "candidate": c.TextColumn("Candidate", width=90),
        "why": c.TextColumn("What holds it", width=400),
        "attempts": c.NumberColumn("Tries", width=56),
        "when": c.TextColumn("Last news", width=100),
        "next": c.TextColumn("Next try", width=106),
        "mark": c.TextColumn("Reference", width=120, help="Stands under what was written in Workable"),
        "by": c.TextColumn("Caused by", width=120),
    }


def _actions(account_id: str, chosen: Sequence[Push]) -> None:
    retry = [push for push in chosen if push.state in MAY_RETRY]
    drop = [push for push in chosen if push.state in MAY_DROP]
    place = f"{PLACE}_{account_id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            told.counted("Retry", len(retry)), icon=":material/refresh:", key="push_retry", disabled=not retry
        ):
            interview_dialogs.retry(place, retry)
        if st.button(
            told.counted("Drop", len(drop)), icon=":material/delete:", key="push_drop", disabled=not drop
        ):
            interview_dialogs.drop(place, drop)
        candidate = chosen[0].candidate_id
        if len(chosen) == 1 and candidate:
            ui.why_button(candidate, key="push_why")


def _attempts(push: Push, now: datetime) -> None:
    with access.ledger().read() as tx:
        found = interview_reads.attempts(tx, [push.effect_id])
    if not found:
        st.caption(told.NO_ATTEMPTS)
        return
    for attempt in found:
        label, color = told.PUSH_STATES[EffectState(attempt.outcome)] if attempt.outcome else told.NO_ANSWER
        status = f" · HTTP {attempt.status}" if attempt.status else ""
        sentence = f" — {ui.plain(attempt.sentence)}" if attempt.sentence else ""
        at = f"{words.utc(attempt.sent_at)} ({words.ago(attempt.sent_at, now)})"
        st.markdown(f"**Try {attempt.number}** · {at} · :{color}-badge[{label}]{status}{sentence}")
