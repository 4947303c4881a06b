"""Fills a ledger with invented customers through the ledger's own functions, for benchmarks and tests."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from sqlalchemy import Connection

from storage.ledger import accounts, board, mappings, problems, runs
from storage.ledger.accounts import AccountState, NewToken
from storage.ledger.board import BoardJob, BoardStage
from storage.ledger.database import Ledger
from storage.ledger.runs import RunState, Tally
from storage.vault import Vault

NAMES = (
    "Aurora Health", "Blue Ridge Retail", "Cobalt Robotics", "Delta Freight", "Evergreen Energy",
    "Fjord Hotels", "Granite Bank", "Harbor Foods", "Ironclad Security", "Juniper Telecom", "Kestrel Aero",
    "Lumen Learning", "Meridian Labs", "Nimbus Cloud", "Northwind Logistics", "Oakfield Insurance",
    "Pinnacle Motors", "Quarry & Co", "Riverbend Media", "Summit Outdoors",
)  # fmt: skip
TITLES = (
    "Account Executive", "Backend Engineer", "Customer Success Manager", "Data Analyst", "Finance Controller",
    "HR Partner", "Product Designer", "QA Engineer", "Warehouse Lead",
)  # fmt: skip
CITIES = ("Athens", "Berlin", "Boston", "London", "Remote")
DEPARTMENTS = ("Engineering", "Finance", "Marketing", "Operations", "Sales", None)
STAGES = (
    ("sourced", "Sourced", "sourced"),
    ("applied", "Applied", "applied"),
    ("phone-screen", "Phone screen", "phone-screen"),
    ("ai-interview", "AI interview", "assessment"),
    ("interview", "Interview", "interview"),
    ("offer", "Offer", "offer"),
    ("hired", "Hired", "hired"),
)
KINDS = (
    "healthy",
    "healthy",
    "healthy",
    "degraded",
    "healthy",
    "failing",
    "healthy",
    "new",
    "healthy",
    "revoked",
)
MINUTE = timedelta(minutes=1)


def vault() -> Vault:
    return Vault(Fernet.generate_key().decode())


def slug(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def names(count: int) -> list[str]:
    return [
        NAMES[i % len(NAMES)] + (f" {i // len(NAMES) + 1}" if i >= len(NAMES) else "") for i in range(count)
    ]


def seed(
    ledger: Ledger, count: int, now: datetime, *, kinds: Sequence[str] = KINDS, jobs: int = 12
) -> list[str]:
    """Add `count` customers, whose health goes round `kinds`; their account ids, in that order."""
    sealing, chance = vault(), random.Random(7)  # noqa: S311 -- invented data, the same each time
    added = []
    with ledger.write() as tx:
        for number, name in enumerate(names(count)):
            account_id = slug(name)
            kind = kinds[number % len(kinds)]
            customer(tx, sealing, account_id, name, kind=kind, now=now, chance=chance, jobs=jobs)
            added.append(account_id)
    return added


def customer(
    tx: Connection,
    sealing: Vault,
    account_id: str,
    name: str,
    *,
    kind: str,
    now: datetime,
    chance: random.Random | None = None,
    jobs: int = 12,
    token: str = "invented-token-0000",  # noqa: S107 -- nobody's
) -> None:
    """Add one customer; `kind` is healthy, degraded, failing, late, new, connected or revoked."""
    chance = chance or random.Random(7)  # noqa: S311 -- invented data, the same each time
    made = now - timedelta(days=chance.randint(3, 300))
    scopes = {"r_jobs": True, "r_candidates": kind != "failing", "w_candidates": None}
    accounts.connect(
        tx, sealing, account_id=account_id, name=name, base_url=f"https://{account_id}.workable.com/spi/v3",
        region=chance.choice(("eu", "us")), member_id=None, actor="local operator", now=made,
        token=NewToken(f"{token}{chance.randrange(16**4):04x}", "account", scopes),
    )  # fmt: skip
    if kind == "connected":
        return
    counts = _board(tx, account_id, now, chance, jobs)
    _status(tx, account_id, counts, kind=kind, now=now, chance=chance)
    _runs(tx, account_id, kind, now, chance)
    _state(tx, account_id, kind, now)


def _board(
    tx: Connection, account_id: str, now: datetime, chance: random.Random, jobs: int
) -> list[BoardJob]:
    made = []
    stages = [BoardStage("", f"{i}", s, n, k, i) for i, (s, n, k) in enumerate(STAGES)]
    for number in range(jobs):
        shortcode = f"{account_id[:3].upper()}{number:03d}"
        counts = {name: chance.randint(0, 40) for _, name, _ in STAGES}
        title = f"{TITLES[number % len(TITLES)]}, {chance.choice(CITIES)}"
        state = chance.choice(("published", "published", "published", "closed", "draft", "archived"))
        total = sum(counts.values())
        made.append(BoardJob(shortcode, title, state, chance.choice(DEPARTMENTS), number == 0, total, counts))
        stages += [BoardStage(shortcode, f"{i}", s, n, k, i) for i, (s, n, k) in enumerate(STAGES)]
    board.replace(tx, account_id, made, stages)
    if made:
        mappings.save(tx, account_id, "", "3", actor="local operator", now=now - timedelta(days=2))
    return made


def _status(
    tx: Connection, account_id: str, jobs: list[BoardJob], *, kind: str, now: datetime, chance: random.Random
) -> None:
    quiet = timedelta(hours=3) if kind == "late" else timedelta(seconds=chance.randint(5, 55))
    good = now - (timedelta(hours=4) if kind == "failing" else quiet)
    runs.set_status(
        tx, account_id,
        last_run_at=now - quiet, last_good_at=good, next_run_at=now - quiet + MINUTE,
        first_sync_done_at=None if kind == "new" else now - timedelta(days=2),
        last_change_at=now - timedelta(seconds=chance.randint(30, 9000)),
        candidates=sum(j.candidates for j in jobs), jobs=len(jobs),
        live_jobs=sum(j.state in ("published", "closed") for j in jobs), members=chance.randint(3, 40),
        rate_limit=10, rate_allowed=8, rate_used=chance.randint(0, 8), rate_others=chance.randint(0, 2),
        rate_seen_at=now - quiet,
    )  # fmt: skip
    for stream, every in (("candidates", 60), ("jobs", 900), ("members", 900), ("listing", 86_400)):
        at = good - timedelta(seconds=chance.randrange(every))
        total = sum(j.candidates for j in jobs) if stream == "candidates" else len(jobs)
        changed = chance.randint(0, 9)
        runs.stream_completed(
            tx, account_id, stream, now=at, every_seconds=every, total=total, changed=changed
        )


def _runs(tx: Connection, account_id: str, kind: str, now: datetime, chance: random.Random) -> None:
    for back in range(12, 0, -1):
        began = now - back * MINUTE
        run = runs.start(tx, account_id, "sync", "agent-seed", began)
        read, changed = chance.randint(0, 90), chance.randint(0, 9)
        tally = Tally(planned=4, done=4, requests=chance.randint(1, 9), rows_read=read, rows_changed=changed)
        state, error = RunState.OK, None
        if kind == "failing" and back < 6:
            state, error = RunState.FAILED, "Workable answered 401: the token is refused."
        elif kind == "degraded" and back < 4:
            state, error = RunState.DEGRADED, "Workable did not answer in time; the next run tries again."
        ended = began + timedelta(seconds=chance.randint(2, 40))
        runs.finish(tx, run, state, tally, now=ended, error=error)


def _state(tx: Connection, account_id: str, kind: str, now: datetime) -> None:
    if kind == "failing":
        accounts.set_state(tx, account_id, AccountState.RECONNECT, "token_refused", now - timedelta(hours=4))
        sentence = "Workable refuses the token."
        problems.report(
            tx, account_id, "token_refused", sentence, now=now - timedelta(hours=4), needs_person=True
        )
    elif kind == "degraded":
        sentence = "Workable answers slowly: the last three syncs were cut short."
        problems.report(tx, account_id, "try_later", sentence, now=now - timedelta(minutes=20))
    elif kind == "revoked":
        accounts.set_state(tx, account_id, AccountState.REVOKED, "asked by staff", now - timedelta(days=2))
        accounts.destroy_tokens(tx, account_id, now - timedelta(days=2))
