"""Starts a sandbox as a process of its own and asks it what was requested of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bench.processes import clean

SUBDOMAIN = "acme"
PATIENCE_SECONDS = 30.0


class Requested(msgspec.Struct, frozen=True):
    """One request as the sandbox's journal has it; `at` in UTC with milliseconds."""

    at: str
    kind: str
    status: int = 0


class Pretend:
    """A running sandbox with one account."""

    def __init__(self, ready: dict[str, Any]) -> None:
        account = ready["accounts"][SUBDOMAIN]
        self.base_url: str = account["base_url"]
        self.token: str = account["token"]
        self.host = f"{ready['host']}:{ready['port']}"
        self._control: str = ready["control"]

    def touch(self, count: int) -> None:
        """Edit so many candidates."""
        self._post(f"{SUBDOMAIN}/touch", {"count": count})

    def forget(self) -> None:
        """Begin the journal anew."""
        self._post("journal/clear", {})

    def requests(self) -> list[Requested]:
        """What was requested since the journal began."""
        answer = httpx.get(f"{self._control}/{SUBDOMAIN}/journal", timeout=PATIENCE_SECONDS, trust_env=False)
        answer.raise_for_status()
        entries = [msgspec.json.decode(line, type=Requested) for line in answer.content.splitlines()]
        return [entry for entry in entries if entry.kind == "request"]

    def _post(self, verb: str, body: dict[str, Any]) -> None:
        answer = httpx.post(f"{self._control}/{verb}", json=body, timeout=PATIENCE_SECONDS, trust_env=False)
        answer.raise_for_status()


@contextmanager
def pretending(folder: Path, *, candidates: int, jobs: int, rate: str) -> Iterator[Pretend]:
    """Serve an account until the block is left; `rate` is off or account."""
    size = ["--candidates", str(candidates), "--jobs", str(jobs), "--rate", rate]
    process = subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-m", "sandbox", "--port", "0", "--accounts", f"{SUBDOMAIN}:account", *size],
        env=clean({"PYTHONUNBUFFERED": "1"}),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the sandbox did not start; its words are above")
            yield Pretend(msgspec.json.decode(line))
        finally:
            process.terminate()
