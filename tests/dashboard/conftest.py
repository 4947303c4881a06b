"""A ledger for each test and, for the tests in a browser, one running dashboard for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from storage.ledger.database import Ledger, open_ledger
from tests.dashboard.browser import chromium, dashboard, page  # noqa: F401 -- fixtures, asked for by name


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The ledger that the page shows in this test; what the page keeps of another test's is dropped."""
    monkeypatch.setenv("IVW_DATA_DIR", str(tmp_path))
    st.cache_resource.clear()
    opened = open_ledger(tmp_path / "private" / "ledger.sqlite3")
    yield opened
    opened.close()
    st.cache_resource.clear()
