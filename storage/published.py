"""Opens the newest published copy the way that always works: in memory, with the copy attached read-only."""

from pathlib import Path

import duckdb

from storage.mirror import quoted
from storage.mirror_errors import StorageProblem
from storage.publish import LINK


def open_published(published_dir: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which `workable.candidates` and the rest are there to read, all of one version.

    Raises StorageProblem as long as nothing has been published.
    """
    link = published_dir / LINK
    while link.exists():
        version = link.resolve()
        connection = duckdb.connect()
        try:
            connection.execute(f"ATTACH {quoted(str(version))} AS published (TYPE duckdb, READ_ONLY)")
        except duckdb.IOException:
            connection.close()
            if link.resolve() == version:
                raise
            continue  # newer ones were published meanwhile, and this one was removed
        connection.execute("USE published")
        return connection
    raise StorageProblem(f"Nothing is published in {published_dir} yet. Run `python -m agent publish`.")
