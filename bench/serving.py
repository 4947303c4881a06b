"""Runs a real dashboard process for as long as it is needed, for benchmarks and tests."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60.0


class Dashboard:
    """A running dashboard: where it is, its data folder, and what it has logged."""

    def __init__(self, url: str, data_dir: Path, log: Path) -> None:
        self.url, self.data_dir, self._log = url, data_dir, log

    @property
    def ledger_path(self) -> Path:
        return self.data_dir / "private" / "ledger.sqlite3"

    def logged(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def address(self, path: str = "") -> str:
        return f"{self.url}/{path}"


@contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[Dashboard]:
    """Start `python -m dashboard` on a free port. Raises AssertionError if it logged an error."""
    log = data_dir / "dashboard.log"
    with log.open("wb") as stderr, _process(data_dir, stderr.fileno(), environment) as process:
        try:
            found = Dashboard(_url(process, log), data_dir, log)
            _wait_until_it_answers(found)
            yield found
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
    if "Traceback" in found.logged():
        raise AssertionError(found.logged())


def _process(data_dir: Path, stderr: int, environment: dict[str, str]) -> "subprocess.Popen[str]":
    own = {"IVW_DATA_DIR": str(data_dir), "IVW_DASHBOARD_PORT": "0", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard"],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | own | environment,
        cwd=data_dir,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def _url(process: "subprocess.Popen[str]", log: Path) -> str:
    """The address that the server prints once its port is known."""
    for line in process.stdout or ():
        if "http://" in line:
            return line[line.index("http://") :].strip()
    raise AssertionError(f"The dashboard did not start: {log.read_text(encoding='utf-8')}")


def _wait_until_it_answers(found: Dashboard) -> None:
    """The port is bound a moment before it is listened to."""
    end = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(found.address("_stcore/health"), timeout=5):  # noqa: S310 -- ours
                return
        except urllib.error.URLError:
            if monotonic() > end:
                raise
            sleep(0.1)
