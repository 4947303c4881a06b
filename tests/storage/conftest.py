"""A real ledger for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.ledger.database import Ledger, open_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "private" / "ledger.sqlite3")
    yield opened
    opened.close()
