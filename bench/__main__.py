"""`python -m bench`: every figure of docs/performance.md, from one command."""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import measures, report
from bench.pretend import pretending

CANDIDATES, RUNS = 100_000, 3
QUICK_CANDIDATES, QUICK_RUNS = 20_000, 1
LIMITED, QUICK_LIMITED = 4_800, 2_400
RERUNS, QUICK_RERUNS = 200, 40


def main() -> None:
    chosen = _parser().parse_args()
    found = _measured(chosen)
    section = report.markdown(found)
    sys.stdout.write(json.dumps(found, indent=2) + "\n\n" + section)
    if chosen.write:
        report.write(chosen.write, section)


def _parser() -> argparse.ArgumentParser:
    given = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    given.add_argument("--candidates", type=int, help=f"of the large account ({CANDIDATES})")
    given.add_argument("--runs", type=int, help=f"of loop and first sync ({RUNS})")
    given.add_argument("--quick", action="store_true", help="small and once, to see whether it works")
    given.add_argument("--write", type=Path, metavar="FILE", help="replace the figures in this document")
    return given


def _measured(chosen: argparse.Namespace) -> dict[str, object]:
    candidates = chosen.candidates or (QUICK_CANDIDATES if chosen.quick else CANDIDATES)
    runs = chosen.runs or (QUICK_RUNS if chosen.quick else RUNS)
    about: dict[str, object] = {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "command": " ".join(("python -m bench", *sys.argv[1:])),
        "machine": _machine(),
        "data": {"candidates": candidates, "jobs": measures.JOBS, "runs": runs},
        "load_before": _load(),
    }
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        figures = _large(folder, candidates, runs)
        _tell("a smaller account")
        figures["smaller"] = measures.smaller(folder, candidates // 5, runs)
        _tell("a sync under the rate limit, more than half a minute")
        figures["limited"] = measures.limited(folder, QUICK_LIMITED if chosen.quick else LIMITED)
        _tell("the overview")
        figures["overview"] = measures.overview(folder, QUICK_RERUNS if chosen.quick else RERUNS)
    return {**about, "load_after": _load(), **figures}


def _large(folder: Path, candidates: int, runs: int) -> dict[str, object]:
    with pretending(folder, candidates=candidates, jobs=measures.JOBS, rate="off") as pretend:
        _tell(f"plain loop and first sync of {candidates:,} candidates, {runs} times")
        compared, customer = measures.compared(folder, pretend, candidates, runs)
        _tell("syncs with little or nothing new, and publishing")
        return {
            "compared": compared,
            "incremental": measures.incremental(customer, pretend, candidates),
            "publish": measures.published(customer, runs),
        }


def _machine() -> str:
    names = [line for line in _cpuinfo() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _load() -> float:
    return round(os.getloadavg()[0], 1)


def _tell(what: str) -> None:
    sys.stderr.write(f"measuring {what}\n")


if __name__ == "__main__":
    main()
