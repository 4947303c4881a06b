"""The append-only record of every request, change and delivery, without secrets."""

from typing import Any

import msgspec

from sandbox.stamps import iso_ms
from sandbox.store import Store

ENTRY = msgspec.json.Encoder()


class Journal:
    """Entries are numbered from 1 and kept as JSON lines; `clear` does not restart the numbers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lines: list[bytes] = [bytes(line) for line in store.load("journal", bytes)]
        self._first = 1 + max(store.load("journal-cleared", int), default=0)

    def write(self, now_ms: int, kind: str, **what: Any) -> None:
        number = self._first + len(self._lines)
        line = ENTRY.encode({"n": number, "at": iso_ms(now_ms), "kind": kind, **what})
        self._lines.append(line)
        self._store.put("journal", f"{number:012d}", line)

    def lines(self, after: int = 0) -> list[bytes]:
        return self._lines[max(0, after + 1 - self._first) :]

    def entries(self, after: int = 0, kind: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [msgspec.json.decode(line) for line in self.lines(after)]
        return [entry for entry in found if kind in (None, entry["kind"])]

    def clear(self) -> None:
        self._first += len(self._lines)
        self._lines.clear()
        self._store.clear("journal")
        self._store.put("journal-cleared", "number", self._first - 1)
