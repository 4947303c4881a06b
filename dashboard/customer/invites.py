"""The invites of a customer: whom, for which job, how far they are, and what can be done about one."""

import zlib
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import access, ui, words
from dashboard import interview_words as told
from dashboard.customer import interview_dialogs, outcome
from dashboard.ui import Columns
from storage import interview_reads, reads
from storage.interview_reads import Counts, InviteRow
from storage.ledger.invites import OPEN

REFRESH_SECONDS = 5
ROW_HEIGHT = 34
ROWS = 300
PLACE = "invites"


@st.fragment(run_every=REFRESH_SECONDS)
def show(account_id: str) -> None:
    with access.explained():
        now = access.now()
        wanted = ui.choice("Invites", list(told.INVITE_FILTERS), key=f"invite_filter_{account_id}")
        with access.ledger().read() as tx:
            states = told.INVITE_FILTERS[wanted]
            found = interview_reads.invites(tx, account_id, states=states, limit=ROWS)
            counts = interview_reads.counts(tx, account_id, now)
            titles = {job["shortcode"]: words.job_title(job) for job in reads.jobs(tx, account_id)}
            names = {t.template_id: t.name for t in interview_reads.templates(tx)}
        st.caption(_summary(counts))
        outcome.show(f"{PLACE}_{account_id}")
        if not found:
            st.caption(told.NO_INVITES if states is None else told.NO_SUCH_INVITES)
            return
        invite = _table(found, titles, names, now)
        if invite is None:
            st.caption(told.PICK_INVITE)
        else:
            _actions(account_id, invite, titles.get(invite.job_shortcode, invite.job_shortcode))


def _summary(counts: Counts) -> str:
    return told.TODAY.format(
        invited=words.plural(counts.invited_today, "invite"),
        results=words.plural(counts.results_today, "result"),
    )


def _table(
    found: list[InviteRow], titles: dict[str, str], names: dict[str, str], now: datetime
) -> InviteRow | None:
    """The ticked invite. A tick is kept by position, so another list begins without one."""
    shown = zlib.crc32("|".join(str(row.invite_id) for row in found).encode())
    frame = pd.DataFrame([_row(row, titles, names, now) for row in found])
    picked = st.dataframe(
        frame,
        key=f"invites_{shown:x}",
        hide_index=True,
        row_height=ROW_HEIGHT,
        height="content" if len(found) <= 14 else 520,
        placeholder=words.NOTHING,
        alt="Invites, the newest first",
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(),
        # Room is kept for what holds an invite only while something holds one.
        column_order=[str(name) for name in frame if name != "problem" or frame[name].notna().any()],
    )
    chosen = picked["selection"]["rows"]
    return found[chosen[0]] if chosen and chosen[0] < len(found) else None


def _row(row: InviteRow, titles: dict[str, str], names: dict[str, str], now: datetime) -> dict[str, object]:
    label = (
        told.INVITE_STATES[row.state][0] if row.state in told.INVITE_STATES else words.humanised(row.state)
    )
    return {
        "state": [label],
        "problem": row.problem,
        "candidate": row.candidate_id,
        "job": titles.get(row.job_shortcode, row.job_shortcode),
        "stage": row.stage_name,
        "template": names.get(row.template_id, row.template_id),
        "score": row.score,
        "grade": words.humanised(row.grade) if row.grade else None,
        "invited": row.invited_at,
        "last": words.ago(_last(row), now),
    }


def _last(row: InviteRow) -> datetime:
    """When something last happened to it."""
    steps = (row.planned_at, row.invited_at, row.delivered_at, row.opened_at, row.bounced_at, row.ended_at)
    return max(at for at in steps if at is not None)


def _columns() -> Columns:
    c = st.column_config
    labels, colors = zip(*told.INVITE_STATES.values(), strict=True)
    return {
        "state": c.MultiselectColumn("State", options=labels, color=colors, width=104),
        "problem": c.TextColumn("What holds it", width=320),
        "candidate": c.TextColumn("Candidate", width=84),
        "job": c.TextColumn("Job", width=180),
        "stage": c.TextColumn("Reached", width=104),
        "template": c.TextColumn("Interview", width=124),
        "score": c.NumberColumn("Score", width=58),
        "grade": c.TextColumn("Grade", width=74),
        "invited": c.DatetimeColumn("Invited (UTC)", format="DD MMM HH:mm", timezone="UTC", width=110),
        "last": c.TextColumn("Last news", width=96),
    }


def _actions(account_id: str, invite: InviteRow, job: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"`{ui.plain(invite.candidate_id)}` · {ui.plain(job)}", width="content")
        ui.why_button(invite.candidate_id, key="invite_why")
        if invite.asks is not None:
            _approve(account_id, invite, job)
        if st.button("Invite again", icon=":material/forward_to_inbox:", key="invite_again"):
            interview_dialogs.reinvite(account_id, invite.candidate_id)
        if st.button(
            "Cancel invite",
            icon=":material/event_busy:",
            key="invite_cancel",
            disabled=invite.state not in OPEN,
        ):
            interview_dialogs.cancel(f"{PLACE}_{account_id}", invite, job)
    if invite.problem:
        st.caption(ui.plain(invite.problem))


def _approve(account_id: str, invite: InviteRow, job: str) -> None:
    if st.button("Send it", type="primary", icon=":material/send:", key="invite_send"):
        interview_dialogs.approve(f"{PLACE}_{account_id}", invite, job)
