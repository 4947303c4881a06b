"""What is asked each second and with each activity finds its rows by an index, however many effects there are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage.ledger import due, holding, outbox
from storage.ledger.database import open_ledger

NOW = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUERIES: list[tuple[str, Callable[[Connection], Any]]] = [
    ("effects_by_remote", lambda tx: outbox.owners(tx, "acme", ["a1", "a2"])),
    ("effects_by_kind", lambda tx: outbox.has_created(tx, "acme", "c1", "ann@example.com")),
    ("effects_by_kind", lambda tx: holding.invite_slot(tx, "acme", 1, most=9, span=HOUR, now=NOW)),
    ("effects_by_state", lambda tx: holding.stuck(tx, "acme")),
    ("effects_due", lambda tx: due.accounts_due(tx, NOW)),
    ("effects_due", lambda tx: outbox.due(tx, "acme", NOW)),
    ("effects_due", lambda tx: outbox.next_due(tx, "acme")),
    ("effects_due", lambda tx: holding.hold_invites(tx, "acme", 1, NOW)),
]


@pytest.mark.parametrize(("index", "ask"), QUERIES)
def test_effects_are_found_by_their_index(
    tmp_path: Path, index: str, ask: Callable[[Connection], Any]
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_tx: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with open_ledger(tmp_path / "ledger.sqlite3").write() as tx:
        event.listen(tx, "before_cursor_execute", note)
        ask(tx)
        event.remove(tx, "before_cursor_execute", note)
        plans = [
            row[3] for told in asked for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {told[0]}", told[1])
        ]
    assert any(f"INDEX {index} " in f"{plan} " for plan in plans), plans
    assert not [plan for plan in plans if plan == "SCAN effects"]
