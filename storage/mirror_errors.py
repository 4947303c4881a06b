"""What can be wrong with the mirror's file or its folder, named by what the caller does next."""

from pathlib import Path

import duckdb

BUSY = ("Could not set lock on file", "Conflicting lock is held", "Unique file handle conflict")
FULL = ("No space left", "File too large", "Disk quota exceeded")
FORBIDDEN = ("Permission denied", "Read-only file system", "Operation not permitted")
MEMORY = ("Out of Memory",)
DAMAGED = (
    "Corrupt database file",
    "not a valid DuckDB database",
    "does not match stored checksum",
    "Failure while replaying WAL",
    "Could not read enough bytes",
    "Failed to deserialize",
    "Serialization Error",
)
NEWER = ("but we can only read version", "was written with a newer", "newer version of DuckDB")


class StorageProblem(Exception):
    """The data folder cannot be used as it is; the message says why and what a person can do."""


class MirrorBusy(StorageProblem):
    """Another process has the mirror open."""


class MirrorTooNew(StorageProblem):
    """A later release wrote this mirror; this one leaves it as it is."""


class MirrorDamaged(StorageProblem):
    """The file is not a mirror, or no longer one. `Mirror.rebuild` puts it aside; then sync again."""


def explained(error: duckdb.Error | OSError, path: Path, *, opening: bool) -> StorageProblem | None:
    """The engine's error as one of ours, or None where it speaks of a statement and not of the file.

    With `opening`, whatever the engine has against the file that is not known trouble is damage.
    """
    text = str(error)
    known = _known(text, path)
    if known is not None:
        return known
    if opening and isinstance(error, duckdb.Error):
        return _damaged(path, text)
    if isinstance(error, duckdb.FatalException | duckdb.InternalException | duckdb.IOException | OSError):
        return StorageProblem(f"Work on {path} failed ({_first_line(text)}). It is opened anew at next use.")
    return None


def _known(text: str, path: Path) -> StorageProblem | None:
    why = _first_line(text)
    if _says(text, BUSY):
        return MirrorBusy(
            f"Another process has {path} open ({why}). Only one agent may run; stop the other first."
        )
    if _says(text, FULL):
        return StorageProblem(
            f"The disk under {path.parent} is full ({why}). Free some space; nothing was lost."
        )
    if _says(text, FORBIDDEN):
        return StorageProblem(
            f"The folder {path.parent} cannot be written ({why}). "
            "Set IVW_DATA_DIR to a folder that this user may write to, or mend its permissions."
        )
    if _says(text, MEMORY):
        return StorageProblem(f"The mirror's memory limit is too small ({why}). Raise IVW_MEMORY_MB.")
    if _says(text, NEWER):
        return MirrorTooNew(f"{path} was written by a newer engine ({why}). Start the release that wrote it.")
    return _damaged(path, text) if _says(text, DAMAGED) else None


def _damaged(path: Path, text: str) -> MirrorDamaged:
    return MirrorDamaged(
        f"{path} is damaged or no mirror ({_first_line(text)}). It can be rebuilt from Workable."
    )


def _says(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text for sign in signs)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0][:300]
