"""Keeps the world in a SQLite file as it changes, so that even a killed run can be continued."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

import msgspec

T = TypeVar("T")
PACK = msgspec.msgpack.Encoder()


class Store(Protocol):
    """Things by kind and key; nothing is durable before `commit`."""

    def put(self, kind: str, key: str, value: object) -> None: ...
    def drop(self, kind: str, key: str) -> None: ...
    def clear(self, kind: str) -> None: ...
    def load(self, kind: str, of: type[T]) -> Iterator[T]: ...
    def commit(self) -> None: ...
    def close(self) -> None: ...


class MemoryStore:
    """Remembers nothing beyond the process."""

    def put(self, kind: str, key: str, value: object) -> None: ...
    def drop(self, kind: str, key: str) -> None: ...
    def clear(self, kind: str) -> None: ...

    def load(self, kind: str, of: type[T]) -> Iterator[T]:  # noqa: ARG002 - the protocol's signature
        return iter(())

    def commit(self) -> None: ...
    def close(self) -> None: ...


class FileStore:
    """One table in one file; synchronous=OFF outlives a killed process, though not a power cut."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS things"
            " (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._open = False

    def put(self, kind: str, key: str, value: object) -> None:
        self._begin()
        self._base.execute("INSERT OR REPLACE INTO things VALUES (?, ?, ?)", (kind, key, PACK.encode(value)))

    def drop(self, kind: str, key: str) -> None:
        self._begin()
        self._base.execute("DELETE FROM things WHERE kind = ? AND key = ?", (kind, key))

    def clear(self, kind: str) -> None:
        self._begin()
        self._base.execute("DELETE FROM things WHERE kind = ?", (kind,))

    def load(self, kind: str, of: type[T]) -> Iterator[T]:
        """Every thing of a kind, in key order."""
        unpack = msgspec.msgpack.Decoder(of)
        rows = self._base.execute("SELECT body FROM things WHERE kind = ? ORDER BY key", (kind,))
        return (unpack.decode(body) for (body,) in rows)

    def commit(self) -> None:
        if self._open:
            self._base.execute("COMMIT")
            self._open = False

    def close(self) -> None:
        self.commit()
        self._base.close()

    def _begin(self) -> None:
        if not self._open:
            self._base.execute("BEGIN")
            self._open = True


class Guard:
    """The world's one lock; leaving it for the last time commits what was changed inside."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._depth = 0

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._store.commit()
        self._lock.release()
