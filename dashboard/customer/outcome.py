"""Tells in the page what came of a click on invites or pushes, for as long as one reads it."""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import access, ui
from dashboard import interview_words as told

SHOWN_FOR = timedelta(seconds=60)


def keep(place: str, done: list[str], problems: list[str]) -> None:
    st.session_state[f"outcome_{place}"] = (access.now(), done, problems)


def show(place: str) -> None:
    found: tuple[datetime, list[str], list[str]] | None = st.session_state.get(f"outcome_{place}")
    if found is None or access.now() - found[0] > SHOWN_FOR:
        return
    _, done, problems = found
    if done:
        st.success(ui.plain(_listed(done)), icon=":material/check_circle:")
    if problems:
        st.warning(ui.plain(_listed(problems)), icon=":material/error:")


def _listed(sentences: list[str]) -> str:
    """One alone as it is; of several the number and the first."""
    if len(sentences) == 1:
        return sentences[0]
    return told.SEVERAL.format(count=len(sentences), first=sentences[0])
