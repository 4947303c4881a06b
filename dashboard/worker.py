"""Starts a one-shot agent for a click when no agent runs, so that the buttons work under cron too."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OBEY = (sys.executable, "-m", "agent", "obey")
PAUSE_SECONDS = 5.0


class Worker:
    """`start()` begins the one-shot agent, unless one was begun within the last seconds and still runs."""

    def __init__(self, data_dir: Path, command: Sequence[str] = OBEY) -> None:
        self._data_dir = data_dir.resolve()
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> bool:
        """True when a process was begun. It outlives the page; its output goes to `private/obey.log`."""
        with self._lock:
            if self._is_fresh():
                return False
            self._process = self._spawn()
            self._started = time.monotonic()
            return True

    def _is_fresh(self) -> bool:
        """Also collects the exit status of one that has ended, so that it does not stay behind."""
        if self._process is None:
            return False
        return self._process.poll() is None and time.monotonic() - self._started < PAUSE_SECONDS

    def _spawn(self) -> subprocess.Popen[bytes]:
        private = self._data_dir / "private"
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(private / "obey.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # The agent starts elsewhere, so a relative data folder must not lead it to another ledger.
        environment = os.environ | {"IVW_DATA_DIR": str(self._data_dir)}
        with open(descriptor, "ab") as log:  # noqa: PTH123 -- a descriptor, opened with its mode above
            return subprocess.Popen(  # noqa: S603 -- our own program, without a shell
                self._command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
