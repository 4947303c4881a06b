"""The lock that lets one agent process own the mirror: an OS lock on a file of its own."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class AgentBusy(Exception):
    """Another agent is at work; the message names its process id."""


class AgentLock:
    """Held until `release` or the end of the process, however that comes. The file itself means nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; never waits."""
        if self._file is not None:
            return True
        file = self._opened()
        if not _taken(file):
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def holder(self) -> int | None:
        """Process id of the agent that holds the lock now (0 if it has not written it yet), or None."""
        if self._file is not None:
            return os.getpid()
        if not self.path.exists():
            return None
        file = self._opened()
        try:
            return None if _locked(file, fcntl.LOCK_SH) else int(os.pread(file, 20, 0) or b"0")
        finally:
            os.close(file)

    def __enter__(self) -> Self:
        if not self.acquire():
            raise AgentBusy(f"Another agent (process {self.holder()}) is at work on {self.path.parent}.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _opened(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _taken(file: int) -> bool:
    # `holder` takes a shared lock for an instant; whoever merely looks must not make an agent give up.
    while not _locked(file, fcntl.LOCK_EX):
        if not _locked(file, fcntl.LOCK_SH):
            return False
    return True


def _locked(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
