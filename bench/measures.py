"""The measurements themselves, each a plain dictionary of figures."""

import shutil
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import windows
from bench.pretend import Pretend, pretending
from bench.processes import Spent, measured
from bench.syncing import Customer

JOBS, LIMITED_JOBS = 100, 8
LIMIT, SHARE = 10, 0.8
Figures = dict[str, Any]


def compared(folder: Path, pretend: Pretend, candidates: int, runs: int) -> tuple[Figures, Customer]:
    """The plain loop and a first sync in turn, whichever is first changing; and the last one's customer."""
    _loop(
        folder, pretend, candidates
    )  # the sandbox builds each row once and remembers it: neither pays for that
    loops: list[Spent] = []
    syncs: list[tuple[Spent, list[int]]] = []
    customers: list[Customer] = []
    for number in range(runs):
        if number % 2 == 0:
            loops.append(_loop(folder, pretend, candidates))
        customers.append(Customer(folder / f"first-{number}", pretend))
        syncs.append(customers[-1].sync())
        _expect(customers[-1].stored(), candidates)
        if number % 2 == 1:
            loops.append(_loop(folder, pretend, candidates))
        if number + 1 < runs:
            shutil.rmtree(folder / f"first-{number}")
    ratios = [sync.wall_seconds / loop.wall_seconds for (sync, _), loop in zip(syncs, loops, strict=True)]
    return {
        "loop": _figures(loops),
        "first_sync": _figures([sync for sync, _ in syncs]),
        "ratio": spread(ratios),
        "requests": max(len(statuses) for _, statuses in syncs),
    }, customers[-1]


def smaller(folder: Path, candidates: int, runs: int) -> Figures:
    """First syncs of an account with fewer candidates, for the memory that they take."""
    with pretending(folder, candidates=candidates, jobs=JOBS, rate="off") as pretend:
        syncs = [Customer(folder / f"small-{number}", pretend).sync()[0] for number in range(runs)]
    return {"candidates": candidates, **_figures(syncs)}


def incremental(customer: Customer, pretend: Pretend, candidates: int) -> Figures:
    """A sync with nothing new, then one after every hundredth candidate was edited."""
    touched = candidates // 100
    nothing = _again(customer)
    pretend.touch(touched)
    return {"nothing_changed": nothing, "one_percent": {"touched": touched, **_again(customer)}}


def limited(folder: Path, candidates: int) -> Figures:
    """A first sync under the limit of an account token: what it made of the share that it may use."""
    with pretending(folder, candidates=candidates, jobs=LIMITED_JOBS, rate="account") as pretend:
        customer = Customer(folder / "limited", pretend)
        spent, statuses = customer.sync()
        times = [datetime.fromisoformat(entry.at) for entry in pretend.requests()]
    _expect(customer.stored(), candidates)
    counted, allowance = windows.whole(times), int(LIMIT * SHARE)
    return {
        "candidates": candidates,
        "wall_seconds": round(spent.wall_seconds, 1),
        "requests": len(statuses),
        "windows": counted,
        "allowance": allowance,
        "percent_of_allowance": round(100 * sum(counted) / (allowance * len(counted)), 1),
        "refused_429": statuses.count(429),
    }


def published(customer: Customer, runs: int) -> Figures:
    done = [customer.publish() for _ in range(runs)]
    return {
        "seconds": spread([one["seconds"] for one in done]),
        "megabytes": round(done[-1]["bytes"] / 1e6, 1),
    }


def overview(folder: Path, runs: int) -> Figures:
    found: Figures = msgspec.json.decode(measured("bench.overview", "--runs", str(runs), folder=folder).said)
    return found


def spread(values: Iterable[float]) -> dict[str, float]:
    """The median, the least and the greatest."""
    found: Sequence[float] = list(values)
    return {
        "median": round(statistics.median(found), 2),
        "least": round(min(found), 2),
        "greatest": round(max(found), 2),
    }


def _loop(folder: Path, pretend: Pretend, candidates: int) -> Spent:
    file = folder / "loop.duckdb"
    spent = measured("bench.reference", pretend.base_url, str(file), folder=folder, stdin=pretend.token)
    file.unlink()
    _expect(int(spent.said), candidates)
    return spent


def _again(customer: Customer) -> Figures:
    began = datetime.now(UTC)
    spent, statuses = customer.sync()
    return {
        "wall_seconds": round(spent.wall_seconds, 2),
        "requests": len(statuses),
        "rows_written": customer.stored(since=began),
    }


def _figures(all_spent: Sequence[Spent]) -> Figures:
    return {
        "wall_seconds": spread(spent.wall_seconds for spent in all_spent),
        "cpu_seconds": spread(spent.cpu_seconds for spent in all_spent),
        "peak_mb": spread(spent.peak_mb for spent in all_spent),
    }


def _expect(found: int, wanted: int) -> None:
    """A figure counts only for work that was done."""
    if found != wanted:
        raise RuntimeError(f"{found} candidates arrived, and {wanted} exist")
