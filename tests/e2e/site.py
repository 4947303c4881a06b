"""A whole installation for a test: a sandbox, a data folder, and the real programs as processes of their own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from cryptography.fernet import Fernet

from storage.ledger.database import Ledger, open_ledger

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.05


class Site:
    """One data folder and its sandbox. `environment` is what every program of it is started with."""

    def __init__(self, folder: Path, sandbox: dict[str, Any]) -> None:
        self.data_dir = folder / "data"
        self.published_dir = self.data_dir / "published"
        self.sandbox = sandbox
        self._daemon: subprocess.Popen[bytes] | None = None
        self.data_dir.mkdir()
        self.settings = {
            "IVW_DATA_DIR": str(self.data_dir),
            "IVW_SECRET_KEY": Fernet.generate_key().decode(),
            "IVW_ALLOW_HOSTS": f"{sandbox['host']}:{sandbox['port']}",
            "IVW_POLL_SECONDS": "1",
            "IVW_METADATA_SECONDS": "1",
            "IVW_PIPELINE_SECONDS": "2",
            "IVW_PUBLISH_SECONDS": "1",
            "IVW_RATE_SHARE": "1",
        }

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | self.settings

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Raises AssertionError when it does not become so in a time that no sound machine needs."""
        end = monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert self._daemon is None or self._daemon.poll() is None, self.said()
            assert monotonic() < end, f"In vain waited until {what}."
            sleep(LOOK_SECONDS)

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer of the sandbox's control API; with a body, what a verb has done."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.sandbox['control']}/{path}", data)  # noqa: S310 -- our own sandbox
        with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 -- our own sandbox
            text = answer.read().decode()
        if answer.headers["content-type"].startswith("application/x-ndjson"):
            return [json.loads(line) for line in text.splitlines()]
        told = json.loads(text)
        return told if body is None else told["done"]

    def forget_faults(self) -> None:
        asked = urllib.request.Request(f"{self.sandbox['control']}/faults", method="DELETE")  # noqa: S310 -- our own sandbox
        urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS).close()  # noqa: S310 -- our own sandbox

    def last_entry(self) -> int:
        """The number of the newest entry of the sandbox's journal."""
        return int(self.control("journal")[-1]["n"])

    def connect(self, account_id: str) -> None:
        account = self.sandbox["accounts"][account_id]
        options = ["--subdomain", account_id, "--base-url", account["base_url"], "--token-stdin"]
        self.agent("connect", *options, given=account["token"])

    def agent(self, *arguments: str, given: str = "") -> str:
        """What one command says. Raises AssertionError with its complaint when it does not end with 0."""
        done = subprocess.run(
            [sys.executable, "-m", "agent", *arguments],
            env=self.environment, cwd=self.data_dir, input=given, capture_output=True, text=True,
            timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """`agent run` until the block ends. Raises AssertionError unless it lived until then, and ended well."""
        with (self.data_dir / "agent.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "agent", "run"],
                env=self.environment, cwd=self.data_dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            self._daemon = process
            try:
                yield
                assert process.poll() is None, self.said()
            finally:
                self._daemon = None
                process.terminate()
                code = process.wait(PATIENCE_SECONDS)
        assert code == 0, self.said()
        assert "Traceback" not in self.said(), self.said()

    def said(self) -> str:
        """What the daemon has logged."""
        return (self.data_dir / "agent.log").read_text(encoding="utf-8")

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        opened = open_ledger(self.data_dir / "private" / "ledger.sqlite3")
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def installed(*sandbox_options: str) -> Iterator[Site]:
    """A sandbox and a data folder with nothing in it yet, in a place that other users may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        with _sandbox(folder, *sandbox_options) as told:
            yield Site(folder, told)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _sandbox(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()
