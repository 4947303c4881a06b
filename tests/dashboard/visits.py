"""What the page tests share: a visit without a browser, what it showed, and customers in a chosen state."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.protobuf.text_format import MessageToString  # type: ignore[import-untyped] # ships no types
from sqlalchemy import Table, select
from streamlit.testing.v1 import AppTest

from bench import seed_ledger
from storage.ledger import agents
from storage.ledger.database import Ledger

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
CUSTOMER = "views/customer.py"
TOKEN = "invented-token-that-nobody-may-see-"


def add(
    ledger: Ledger, account_id: str, kind: str = "healthy", *, name: str | None = None, jobs: int = 3
) -> None:
    """Connect an invented customer; `kind` as in `seed_ledger.customer`."""
    with ledger.write() as tx:
        seed_ledger.customer(
            tx,
            seed_ledger.vault(),
            account_id,
            name or account_id.title(),
            kind=kind,
            now=datetime.now(UTC),
            jobs=jobs,
            token=TOKEN,
        )


def agent_reported(ledger: Ledger, ago: timedelta = timedelta(0)) -> str:
    with ledger.write() as tx:
        return agents.register(tx, "run", datetime.now(UTC) - ago)


def rows(ledger: Ledger, table: Table) -> list[dict[str, Any]]:
    with ledger.read() as tx:
        return [dict(row) for row in tx.execute(select(table)).mappings()]


def visit(view: str | None = None, **query: str) -> AppTest:
    """Run the page once, as a new visitor would."""
    page = AppTest.from_file(str(APP), default_timeout=30)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    if view:
        page.switch_page(view).run()
    assert not page.exception, page.exception
    return page


def customer(account_id: str, **query: str) -> AppTest:
    return visit(CUSTOMER, id=account_id, **query)


def shown(page: AppTest) -> str:
    """All that was sent to the browser as text, titles and tables included."""
    protos = [getattr(element, "proto", None) for element in page]
    sent = [MessageToString(proto, as_utf8=True) for proto in protos if proto is not None]
    tables = [frame.value.to_string() for frame in page.dataframe]
    return "\n".join([*sent, *tables])
