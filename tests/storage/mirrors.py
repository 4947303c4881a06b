"""Invented candidates and pipelines, and programs of their own that use a mirror."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from storage.mirror import Mirror, Transaction
from storage.mirror_candidates import upsert_candidates
from storage.mirror_staging import Changes
from storage.records import Candidate, Stage

NOW = datetime(2026, 7, 23, 12, tzinfo=UTC)
ACCOUNT = "acme"
PIPELINE = (
    Stage("11", "applied", "Applied", "applied", 1),
    Stage("12", "phone-screen", "Phone Screen", "phone-screen", 2),
    Stage("13", "interview", "Interview", "interview", 3),
)


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


def candidate(number: int = 1, **changed: Any) -> Candidate:
    """An invented application; `raw` follows from the other fields, as it does at Workable."""
    fields: dict[str, Any] = {
        "candidate_id": f"{0x27270000 + number:x}",
        "job_shortcode": "GROOV001",
        "name": f"Robin Example {number}",
        "firstname": "Robin",
        "lastname": f"Example {number}",
        "headline": "Engineer",
        "email": f"robin{number}@example.com",
        "phone": "+30 210 000 0000",
        "address": "1 Example Street",
        "stage_name": "Applied",
        "stage_kind": "applied",
        "is_disqualified": False,
        "disqualification_reason": None,
        "is_anonymized": False,
        "is_sourced": False,
        "domain": "example.com",
        "outlet": "Careers page",
        "common_source": "Careers page",
        "common_source_category": "Careers",
        "profile_url": f"https://acme.example.com/candidates/{number}",
        "has_resume": True,
        "hired_at": None,
        "moved_to_offer_at": None,
        "created_at": NOW - timedelta(days=1),
        "updated_at": NOW,
        **changed,
    }
    return Candidate(**fields, raw=json.dumps(fields, default=str))


def take(mirror: Mirror, *rows: Candidate, at: datetime = NOW, walk: str | None = None) -> Changes:
    with mirror.transaction() as tx:
        return upsert_candidates(tx, ACCOUNT, rows, now=at, walk_id=walk)


def rows(mirror: Mirror, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with mirror.transaction() as tx:
        return tx.rows(sql, values)


def everything(mirror: Mirror) -> dict[str, list[tuple[Any, ...]]]:
    with mirror.transaction() as tx:
        return left_in(tx)


def left_in(tx: Transaction) -> dict[str, list[tuple[Any, ...]]]:
    """All that pages leave behind, without the times at which we saw it."""
    return {name: _sorted(tx, name) for name in ("candidates", "candidate_history", "stage_entries")}


def _sorted(tx: Transaction, name: str) -> list[tuple[Any, ...]]:
    seen = "synced_at" if name == "candidates" else "seen_at"
    return tx.rows(f"SELECT * EXCLUDE ({seen}) FROM workable.{name} ORDER BY ALL")


def started(program: str, *arguments: object) -> "subprocess.Popen[str]":
    """Another Python that runs `program` with the arguments as `sys.argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> str:
    """What it printed until its end, which must be a good one."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def changed(stage: Stage, **fields: Any) -> Stage:
    return msgspec.structs.replace(stage, **fields)
