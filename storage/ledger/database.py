"""Opens the ledger: SQLite in WAL mode, short transactions, migrated by Alembic before first use."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

try:
    # Python's own SQLite may be older than 3.51.3, in which a reset of the WAL can lose a commit.
    from pysqlite3 import dbapi2 as driver
except ModuleNotFoundError:  # pragma: no cover -- no wheel for this system
    driver = sqlite3

BUSY_MS = 15_000
PRAGMAS = (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
FULL = {sqlite3.SQLITE_FULL}
FORBIDDEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR}
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class LedgerProblem(Exception):
    """The ledger cannot be used; the message says why and what to do."""


class Ledger:
    """`write()` is one short transaction that commits at its end; `read()` is one consistent view."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = _engine(path, "BEGIN IMMEDIATE")
        self._reader = _engine(path, "BEGIN")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _explained(self.path), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _explained(self.path), self._reader.connect() as connection:
            yield connection

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def open_ledger(path: Path) -> Ledger:
    """Open the ledger, making or upgrading it first. Raises LedgerProblem with what to do."""
    with _explained(path):
        _make_file(path)
        ledger = Ledger(path)
        try:
            _migrate(ledger)
        except BaseException:
            ledger.close()
            raise
    return ledger


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        path.touch(mode=0o600)
    except OSError as error:
        tell = _full if error.errno in (errno.ENOSPC, errno.EDQUOT) else _forbidden
        raise LedgerProblem(tell(path, error.strerror or str(error))) from error


def _engine(path: Path, begin: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", module=driver, hide_parameters=True, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where this module says so
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Trouble with the disk or the file becomes a sentence; a wrong statement of ours stays what it is."""
    try:
        yield
    except DatabaseError as error:
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # less its extended part
        if sentence := _sentence(path, code, str(error.orig)):
            raise LedgerProblem(sentence) from error
        raise


def _sentence(path: Path, code: int, reason: str) -> str | None:
    if code in FULL:
        return _full(path, reason)
    if code in FORBIDDEN:
        return _forbidden(path, reason)
    if code in LOCKED:
        seconds = BUSY_MS // 1000
        return f"The ledger {path} stayed locked for {seconds} s. Look for a stuck process and try again."
    if code in DAMAGED:
        return (
            f"The ledger {path} cannot be read ({reason}). It holds what was done for customers: "
            "restore it from a backup; do not delete it."
        )
    return None


def _full(path: Path, reason: str) -> str:
    return (
        f"The disk under {path.parent} is full ({reason}). Free some space and start again; nothing was lost."
    )


def _forbidden(path: Path, reason: str) -> str:
    return (
        f"The data folder {path.parent} cannot be written ({reason}). "
        "Set IVW_DATA_DIR to a folder that this user may write to, or mend its permissions."
    )


def _migrate(ledger: Ledger) -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(MIGRATIONS))
    head, current = scripts.get_current_head(), _revision(ledger)
    if current == head:
        return
    if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
        raise LedgerProblem(
            f"The ledger {ledger.path} was written by a newer release (revision {current}). "
            "Start that release or a later one; this one changes nothing."
        )
    _upgrade(ledger)
    os.chmod(ledger.path, 0o600)  # noqa: PTH101 -- the same call on every platform


def _revision(ledger: Ledger) -> str | None:
    with ledger.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(ledger: Ledger) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with ledger.write() as connection:  # one transaction: schema change and its record together
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
