"""Publishes the mirror: a finished copy under a new number, and a link that always opens a whole one."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from storage.mirror import Config, Mirror, attached, quoted, wal_of
from storage.mirror_errors import StorageProblem, explained
from storage.mirror_staging import AT_REST
from storage.publish_marts import PUBLICATION, Described, create_marts

LINK = "analytics.duckdb"
_VERSION = re.compile(r"workable-(\d+)\.duckdb(\.wal)?")
_DRAFTS = ".draft-*"


class Published(msgspec.Struct, frozen=True):
    path: Path
    number: int
    bytes: int
    seconds: float


def publish(
    mirror: Mirror,
    published_dir: Path,
    *,
    reports: Mapping[str, pa.Table],
    comments: Mapping[str, str],
    now: datetime,
    keep: int = 3,
    on_step: Callable[[str], None] = lambda _step: None,
) -> Published:
    """Copy the mirror, add `reports` as tables of schema `sync`, and let `analytics.duckdb` point to it.

    `comments` has a sentence for each table (`runs`) and column (`runs.state`). The newest `keep` versions
    stay; whoever has an older one open keeps reading it. `on_step` hears of each step once done: copied,
    written, sealed, renamed, linked, pruned. Death between any two leaves the link on a whole version.
    Raises StorageProblem.
    """
    began = time.monotonic()
    with _explaining(published_dir):
        _prepare(published_dir)
        number = _next_number(published_dir)
        draft = published_dir / f".draft-{number}.duckdb"
        try:
            draft.touch(mode=0o600)
            with mirror.closed_for_copy() as source:
                shutil.copyfile(source, draft)
            on_step("copied")
            _write(draft, mirror.config, {**reports, "publication": _publication(number, now)}, comments)
            on_step("written")
            _seal(draft)
            on_step("sealed")
            final = draft.rename(published_dir / f"workable-{number}.duckdb")
            _sync_folder(published_dir)
            on_step("renamed")
        finally:
            _drop_drafts(published_dir)
        _point_to(final)
        on_step("linked")
        _prune(published_dir, keep)
        on_step("pruned")
        return Published(final, number, final.stat().st_size, time.monotonic() - began)


@contextmanager
def _explaining(published_dir: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.IOException, OSError) as error:
        raise explained(error, published_dir / LINK, opening=False) or error from error


def _prepare(published_dir: Path) -> None:
    published_dir.mkdir(parents=True, exist_ok=True)
    if published_dir.stat().st_mode & 0o777 != 0o755:
        published_dir.chmod(0o755)
    _drop_drafts(published_dir)


def _drop_drafts(published_dir: Path) -> None:
    for leftover in published_dir.glob(_DRAFTS):
        leftover.unlink()


def _next_number(published_dir: Path) -> int:
    link = published_dir / LINK
    names = [path.name for path in published_dir.iterdir()]
    if link.is_symlink():  # its version may have been removed by hand; its number is still spent
        names.append(link.readlink().name)
    return max((int(m[1]) for m in map(_VERSION.fullmatch, names) if m), default=0) + 1


def _publication(number: int, now: datetime) -> pa.Table:
    return pa.table({"number": [number], "published_at": pa.array([now], pa.timestamp("us", tz="UTC"))})


def _write(draft: Path, config: Config, reports: Mapping[str, pa.Table], comments: Mapping[str, str]) -> None:
    connection = attached(draft, config)
    try:
        connection.execute("BEGIN")
        connection.execute("DROP SCHEMA internal CASCADE")
        connection.execute("CREATE SCHEMA sync")
        for name, table in reports.items():
            _add_report(connection, name, table)
        _comment(connection, {**comments, **PUBLICATION})
        create_marts(connection, Described(reports))
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    if wal_of(draft).exists():
        raise StorageProblem(f"{wal_of(draft)} is left after a checkpoint; publish again.")


def _add_report(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("report", _at_rest(table))
    connection.execute(f'CREATE TABLE sync."{name}" AS SELECT * FROM report')
    connection.unregister("report")


def _at_rest(table: pa.Table) -> pa.Table:
    """Times with a zone as naive UTC: reading the others in Python takes a package that analysts may lack."""
    fields = [
        field.with_type(AT_REST) if pa.types.is_timestamp(field.type) else field for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _comment(connection: duckdb.DuckDBPyConnection, comments: Mapping[str, str]) -> None:
    for name, sentence in comments.items():
        kind = "COLUMN" if "." in name else "TABLE"
        connection.execute(f"COMMENT ON {kind} sync.{name} IS {quoted(sentence)}")


def _seal(draft: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.chmod(0o444)


def _point_to(final: Path) -> None:
    fresh = final.with_name(f".draft-{LINK}")
    fresh.symlink_to(final.name)
    fresh.replace(final.with_name(LINK))
    _sync_folder(final.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(published_dir: Path, keep: int) -> None:
    found = [(int(m[1]), path) for path in published_dir.iterdir() if (m := _VERSION.fullmatch(path.name))]
    kept = sorted({number for number, _ in found}, reverse=True)[:keep]
    for number, path in found:
        if number not in kept:
            path.unlink()
