"""The page's door to the ledger: opened once for all sessions, with one shared view of the overview."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import streamlit as st

from dashboard import words
from dashboard.worker import Worker
from storage import board_reads, settings
from storage.ledger.database import Ledger, LedgerProblem, open_ledger

BOARD_SECONDS = 3
UNUSABLE_ICON = ":material/database_off:"


@st.cache_resource(show_spinner=False)
def configured() -> settings.Settings:
    return settings.load()


@st.cache_resource(show_spinner=False, on_release=Ledger.close)
def _opened() -> Ledger:
    return open_ledger(configured().ledger_path)


def ledger() -> Ledger:
    """Raises LedgerProblem or SettingsProblem; each message is fit for the page."""
    found = _opened()
    if not found.path.is_file():
        raise LedgerProblem(words.LEDGER_GONE.format(path=found.path))
    return found


@st.cache_resource(show_spinner=False)
def worker() -> Worker:
    return Worker(configured().data_dir)


@st.cache_resource(ttl=BOARD_SECONDS, show_spinner=False)
def _board() -> board_reads.Board:
    with ledger().read() as tx:
        return board_reads.board(tx, now())


def board() -> board_reads.Board:
    """The overview as it was at most a few seconds ago; one and the same object for all sessions."""
    ledger()
    return _board()


def details(account_id: str) -> board_reads.Details | None:
    with ledger().read() as tx:
        return board_reads.details(tx, account_id, now())


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def explained() -> Iterator[None]:
    """Show a ledger or settings problem as a sentence instead of an error page."""
    try:
        yield
    except (LedgerProblem, settings.SettingsProblem) as problem:
        st.error(f"{problem}\n\n{words.UNUSABLE_MORE}", title=words.UNUSABLE, icon=UNUSABLE_ICON)
