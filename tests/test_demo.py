"""The demo as a newcomer meets it: one command, two healthy customers, and nothing left after Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[1]
WITHIN_SECONDS = 150.0


class Demo:
    """A running demo; `printed` is what it has said so far."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.printed = ""
        size = ["--candidates", "120", "--interview-seconds", "3"]
        command = [sys.executable, "tools/demo.py", "--home", str(home), *size]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self.printed += line

    def wait_for(self, what: str) -> None:
        end = time.monotonic() + WITHIN_SECONDS
        while what not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < end, self.printed
            time.sleep(0.1)

    def status(self) -> dict[str, str]:
        """Health by account, as the command line tells it."""
        env = os.environ | {"IVW_DATA_DIR": str(self.home / "data")}
        command = [sys.executable, "-m", "agent", "status", "--json"]
        told = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        return {a["account_id"]: a["health"]["level"] for a in json.loads(told.stdout)["accounts"]}

    def control(self, method: str, path: str, **body: object) -> list[str]:
        """The lines of an answer of the sandbox's control API."""
        root = json.loads((self.home / "sandbox.json").read_text())["control"]
        sent = httpx.request(method, root + path, json=body or None, timeout=20, trust_env=False)
        return sent.raise_for_status().text.splitlines()

    def move_some(self) -> None:
        """A dozen candidates reach 'Phone Screen'; a few of them in jobs where nobody is invited."""
        found = [json.loads(line) for line in self.control("GET", "/acme/candidates")]
        for candidate in [one for one in found if one["stage"] == "Applied" and one.get("job")][:12]:
            self.control("POST", "/acme/move", candidate_id=candidate["id"], to="phone-screen")

    def changes(self) -> set[str]:
        """What the agent has changed at the pretend Workable: verbs of its journal."""
        entries = self.control("GET", "/journal")
        told = [json.loads(entry) for entry in entries if '"change"' in entry]
        return {one["verb"] for one in told if one["kind"] == "change" and one["cause"] == "api"}

    def parts(self) -> list[str]:
        """Command lines of living processes that work on this demo's folder or were started by it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it has just ended
                continue
            if str(self.home).encode() in environment + line.encode() and "tools/demo.py" not in line:
                found.append(line)
        return found

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(40)
        self._reader.join()
        return code


@contextmanager
def demo(home: Path) -> Iterator[Demo]:
    running = Demo(home)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_the_demo_shows_healthy_customers_with_interviews_ends_all_it_started_and_goes_on(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with demo(home) as first:
        first.wait_for("The dashboard:")
        end = time.monotonic() + WITHIN_SECONDS
        while first.status() != {"acme": "healthy", "globex": "healthy"}:
            assert time.monotonic() < end, first.status()
            time.sleep(1)
        assert len(first.parts()) == 3
        first.move_some()
        while not {"comment", "rate", "move"} <= first.changes():
            assert time.monotonic() < end, f"no interview has come to its end: {first.changes()}"
            time.sleep(1)

        assert first.end() == 0
        assert first.parts() == []
    with demo(home) as second:
        second.wait_for("The dashboard:")

        assert "Connected" not in second.printed
        assert second.status().keys() == {"acme", "globex"}
