"""Runs a program as a process of its own and tells what it took: time, processor, memory."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import IO, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "IVW_"


class Spent(NamedTuple):
    """What one process took from start to end; `said` is its standard output.

    The kernel counts the memory of the caller into a child's peak, so the caller must stay the smaller one.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    said: str


def measured(
    module: str,
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Spent:
    """Run `python -m module` in `folder`. Raises RuntimeError with its last words if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        began = perf_counter()
        process = subprocess.Popen(  # noqa: S603 -- our own programs
            [sys.executable, "-m", module, *arguments],
            env=clean(environment or {}),
            cwd=folder,
            stdin=given,
            stdout=out,
            stderr=err,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complained = _text(out), _text(err)
    if process.returncode != 0:
        call = " ".join((module, *arguments))
        raise RuntimeError(f"{call} ended with {process.returncode}: {complained[-2000:]}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of the product that somebody may have made, and with ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, "PYTHONPATH": str(ROOT), **environment}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
