"""Who did what for a customer, from the audit trail."""

import pandas as pd
import streamlit as st

from dashboard import access, words
from dashboard import interview_words as told
from storage import interview_reads, reads

REFRESH_SECONDS = 5
ROWS = 200


@st.fragment(run_every=REFRESH_SECONDS)
def show(account_id: str) -> None:
    with access.explained():
        now = access.now()
        with access.ledger().read() as tx:
            found = reads.audit_trail(tx, account_id, ROWS)
            members = {one.member_id: one.name for one in interview_reads.members(tx, account_id)}
            titles = {job["shortcode"]: job["title"] for job in reads.jobs(tx, account_id)}
        if not found:
            st.caption(words.NO_ACTIVITY)
            return
        rows = [
            {
                "at": entry["at"],
                "ago": words.ago(entry["at"], now),
                "actor": entry["actor"],
                "what": told.activity(entry["action"], entry["detail"], members)
                or words.activity(entry["action"], _named(entry["detail"], titles)),
            }
            for entry in found
        ]
        c = st.column_config
        st.dataframe(
            pd.DataFrame(rows),
            key="activity",
            hide_index=True,
            row_height=34,
            height="content" if len(rows) <= 14 else 520,
            alt="What was done, the newest first",
            column_config={
                "at": c.DatetimeColumn("When (UTC)", format="DD MMM HH:mm:ss", timezone="UTC", width=130),
                "ago": c.TextColumn("Ago", width=100),
                "actor": c.TextColumn("Who", width=150),
                "what": c.TextColumn("What", width=760),
            },
        )


def _named(detail: dict[str, object], titles: dict[str, str]) -> dict[str, object]:
    """The detail with the job's title in place of its code."""
    job = str(detail.get("job") or "")
    return detail | {"job": titles.get(job, job)} if job else detail
