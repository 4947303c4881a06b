"""The mirror: what Workable has, in one DuckDB file that a single agent process owns.

Every use stands inside `with mirror.transaction() as tx:`; functions of the other `mirror_*` modules take it.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from storage.mirror_errors import MirrorDamaged, MirrorTooNew, StorageProblem, explained
from storage.schema_mirror import ForeignFile, NewerSchema, migrate

# v1.4.0 is what the DuckDB clients of the last year all read. Small row groups keep checkpoints short (0.3 s,
# not 1.6 s) and the file small: every checkpoint writes the last group again while it is not full.
FORMAT = "TYPE duckdb, STORAGE_VERSION 'v1.4.0', ROW_GROUP_SIZE 16384"
Config = dict[str, str | bool | int | float | list[str]]
KEPT_DAMAGED = 2


class Transaction:
    """One open transaction. Aware datetimes are bound as UTC; times come back naive and are UTC."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = connection

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        self._live().execute(sql, [_at_rest(v) for v in values])

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._live().execute(sql, [_at_rest(v) for v in values]).fetchall()

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None when there is no row."""
        found = self.rows(sql, values)
        return found[0][0] if found else None

    @contextmanager
    def staged(self, name: str, table: pa.Table) -> Iterator[None]:
        """Let statements read `table` under `name`; after an error the rollback takes the name away."""
        connection = self._live()
        connection.register(name, table)
        yield
        connection.unregister(name)

    def end(self) -> None:
        self._connection = None

    def _live(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise RuntimeError("this transaction has ended")
        return self._connection


class Mirror:
    """Opens its file at first use. Threads take turns; a transaction within a transaction is refused."""

    def __init__(self, path: Path, *, memory_limit: str = "192MB", threads: int = 1) -> None:
        self.path = path
        self.config = engine_config(path.parent / "tmp", memory_limit, threads)
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._inode = 0
        self._busy = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, roll back on any error.

        Raises StorageProblem or one of its kinds where the file is at fault; other errors stay the engine's.
        """
        with self._alone(), self._explaining():
            connection = self._opened()
            connection.execute("BEGIN")
            tx = Transaction(connection)
            try:
                yield tx
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise
            finally:
                tx.end()

    @contextmanager
    def closed_for_copy(self) -> Iterator[Path]:
        """Keep the file closed and whole, no `.wal` beside it, while its bytes are read; then open it again.

        The engine's lock belongs to the process: reading the file while it is open would silently drop it.
        """
        with self._alone():
            with self._explaining():
                self._opened().execute("CHECKPOINT")
                self.close()
                if wal_of(self.path).exists():
                    raise StorageProblem(
                        f"{wal_of(self.path)} is left after a checkpoint; start the agent again."
                    )
            try:
                yield self.path
            finally:
                self._opened()

    def rebuild(self, reason: str, *, now: datetime) -> Path | None:
        """Put the file aside and start an empty one; tells where the old one went. The caller syncs again."""
        with self._alone(), self._explaining():
            self.close()
            with self._explaining_open():
                aside = _put_aside(self.path, now)
            self._opened().execute(
                "INSERT INTO internal.rebuilds VALUES (?, ?, ?)",
                [_at_rest(now), reason, aside.name if aside else None],
            )
        return aside

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            if self._busy:
                raise RuntimeError("this thread is already inside a transaction or a copy of the mirror")
            self._busy = True
            try:
                yield
            finally:
                self._busy = False

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            problem = explained(error, self.path, opening=False)
            if problem is None:
                raise
            self.close()  # a connection that has met such an error refuses all further work
            raise problem from error

    @contextmanager
    def _explaining_open(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            raise explained(error, self.path, opening=True) or error from error

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is not None and not self._still_there():
            self.close()
            raise MirrorDamaged(f"{self.path} was removed or replaced while open. It can be rebuilt.")
        if self._connection is None:
            self._connection = self._open()
            self._inode = self.path.stat().st_ino
        return self._connection

    def _open(self) -> duckdb.DuckDBPyConnection:
        with self._explaining_open():
            make_private(self.path.parent)
            connection = attached(self.path, self.config)
            self.path.chmod(0o600)
        try:
            migrate(connection)
        except ForeignFile as error:
            connection.close()
            raise MirrorDamaged(
                f"{self.path} is no mirror: {error}. It can be put aside and rebuilt."
            ) from error
        except NewerSchema as error:
            connection.close()
            raise MirrorTooNew(f"{self.path} is of a newer release: {error}. Start that release.") from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _still_there(self) -> bool:
        # Asking for the inode does not open the file; opening it would drop the engine's lock.
        return self.path.exists() and self.path.stat().st_ino == self._inode

    def _roll_back(self, connection: duckdb.DuckDBPyConnection) -> None:
        try:
            connection.execute("ROLLBACK")
        except duckdb.Error:
            self.close()  # the engine has ended the transaction, or itself; a new connection is sound


def engine_config(temp: Path, memory_limit: str, threads: int) -> Config:
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(temp),
        "preserve_insertion_order": False,  # lets large writes spill instead of holding everything
        "python_enable_replacements": False,  # a table name never means a Python variable
        "autoinstall_known_extensions": False,  # nothing is fetched from the network
        "autoload_known_extensions": False,
    }


def attached(path: Path, config: Config) -> duckdb.DuckDBPyConnection:
    """Open a file of this product for writing, making it if need be; its catalog is named `store`."""
    connection = duckdb.connect(config=config)
    try:
        connection.execute(f"ATTACH {quoted(str(path))} AS store ({FORMAT})")
        connection.execute("USE store")
    except BaseException:
        connection.close()
        raise
    return connection


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o777 != 0o700:
        folder.chmod(0o700)


def _at_rest(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a time without a zone was handed to the mirror")
    return value.astimezone(UTC).replace(tzinfo=None)


def _put_aside(path: Path, now: datetime) -> Path | None:
    aside = path.with_name(f"{path.stem}-damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}{path.suffix}")
    moved = [old.rename(new) for old, new in ((wal_of(path), wal_of(aside)), (path, aside)) if old.exists()]
    kept = sorted(path.parent.glob(f"{path.stem}-damaged-*{path.suffix}"), reverse=True)
    for old in kept[KEPT_DAMAGED:]:
        wal_of(old).unlink(missing_ok=True)
        old.unlink()
    return aside if moved else None
