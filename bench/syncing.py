"""Connects a data folder to a sandbox and runs the agent's own commands on it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from cryptography.fernet import Fernet

from bench.pretend import SUBDOMAIN, Pretend
from bench.processes import Spent, measured
from storage.publish import LINK


class Customer:
    """A fresh data folder, connected to the sandbox; each command is a process of its own."""

    def __init__(self, folder: Path, pretend: Pretend) -> None:
        self._folder, self._pretend = folder, pretend
        folder.mkdir()
        self._environment = {
            "IVW_DATA_DIR": str(folder / "data"),
            "IVW_ALLOW_HOSTS": pretend.host,
            "IVW_SECRET_KEY": Fernet.generate_key().decode(),
            "IVW_LOG_LEVEL": "warning",
        }
        whose = ("--subdomain", SUBDOMAIN, "--base-url", pretend.base_url)
        self._agent("connect", *whose, "--token-stdin", stdin=pretend.token)

    def sync(self) -> tuple[Spent, list[int]]:
        """Sync once; the statuses of all its requests, which the sandbox's journal tells."""
        self._pretend.forget()
        spent = self._agent("sync", "--json")
        return spent, [entry.status for entry in self._pretend.requests()]

    def publish(self) -> dict[str, Any]:
        answer: dict[str, Any] = msgspec.json.decode(self._agent("publish", "--json").said)
        return answer

    def stored(self, *, since: datetime | None = None) -> int:
        """Candidates in the published copy; only those written at or after `since`, if it is given."""
        path = str(self._folder / "data" / "published" / LINK)
        asked = "SELECT count(*) FROM workable.candidates WHERE ?::TIMESTAMP IS NULL OR synced_at >= ?"
        naive = since.replace(tzinfo=None) if since else None
        with duckdb.connect(path, read_only=True) as connection:
            found = connection.execute(asked, [naive, naive]).fetchall()
        return int(found[0][0])

    def _agent(self, *arguments: str, stdin: str = "") -> Spent:
        return measured("agent", *arguments, folder=self._folder, environment=self._environment, stdin=stdin)
