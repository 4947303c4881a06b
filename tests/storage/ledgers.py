"""What the ledger's tests share: invented accounts and people, and the ledger's functions at chosen moments."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Connection, Table, func, select

from storage.ledger import accounts, requests, schema
from storage.ledger.accounts import NewToken
from storage.ledger.requests import Request
from storage.records import Candidate
from storage.vault import Vault

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEY = Fernet.generate_key().decode()
TOKEN = "invented-token-4321"
OPENED = "import sys; from pathlib import Path; from storage.ledger.database import open_ledger; ledger = open_ledger(Path(sys.argv[1]))\n"


def after(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def connect(
    tx: Connection, account_id: str = "acme", *, token: str = TOKEN, at: datetime = NOON, **other: Any
) -> bool:
    given: dict[str, Any] = {
        "name": account_id.title(),
        "base_url": f"https://{account_id}.example.com/spi/v3",
        "region": "us",
        "member_id": "m1",
        "actor": "ann@example.com",
    }
    new = NewToken(token, "account", {"r_jobs": True, "w_candidates": None})
    return accounts.connect(tx, Vault(KEY), account_id=account_id, token=new, now=at, **given | other)


def candidate(candidate_id: str = "c1", **fields: Any) -> Candidate:
    """An application of the job J1 in the stage Applied, made and last touched at noon."""
    values: dict[str, Any] = dict.fromkeys(Candidate.__struct_fields__)
    values |= dict.fromkeys(("is_disqualified", "is_anonymized", "is_sourced", "has_resume"), False)
    values |= {"candidate_id": candidate_id, "job_shortcode": "J1", "stage_name": "Applied", "raw": "{}"}
    return Candidate(**values | {"created_at": NOON, "updated_at": NOON} | fields)


def rows(tx: Connection, table: Table) -> list[dict[str, Any]]:
    """All rows in the order of the key."""
    found = tx.execute(select(table).order_by(*table.primary_key.columns))
    return [dict(row) for row in found.mappings()]


def size(tx: Connection, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def audit_actions(tx: Connection) -> list[tuple[str, str]]:
    """Who did what, in order."""
    return [(row["actor"], row["action"]) for row in rows(tx, schema.audit)]


def start(code: str, ledger: Path, *args: str) -> "subprocess.Popen[str]":
    """A process of its own that has opened the ledger as `ledger` before it runs the code."""
    command = [sys.executable, "-W", "error", "-c", OPENED + code, str(ledger), *args]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def take_oldest(tx: Connection, agent_id: str, now: datetime) -> Request | None:
    """Claim the oldest request that waits, as an agent does; None when none waits."""
    waiting = requests.queued(tx)
    if not waiting or not requests.claim(tx, waiting[0].request_id, agent_id, now):
        return None
    return requests.get(tx, waiting[0].request_id)
