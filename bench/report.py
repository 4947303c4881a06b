"""Tells the figures: as a table to read, and as a section of a document that is replaced as a whole."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
Row = tuple[str, str, str, str]


def markdown(report: dict[str, Any]) -> str:
    """Conditions, then a table with the goal and whether it was met beside each figure that has one."""
    data = report["data"]
    lines = [
        f"- Measured {report['at']} with `{report['command']}`",
        f"- Machine: {report['machine']}",
        f"- Load average: {report['load_before']} before, {report['load_after']} after",
        f"- Data: {data['candidates']:,} candidates, {data['jobs']} jobs",
        f"- Runs: {data['runs']}, loop and sync in turn; figures are medians (least to greatest)",
        "",
        "| What | Figure | Goal | Met |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in _rows(report)),
    ]
    return "\n".join(lines) + "\n"


def replaced(document: str, section: str) -> str:
    """The document with what stands between the two markers replaced. Raises ValueError without them."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document needs the lines {BEGIN} and {END}")
    return f"{before}{begin}\n{section}{end}{after}"


def write(path: Path, section: str) -> None:
    path.write_text(replaced(path.read_text(encoding="utf-8"), section), encoding="utf-8")


def _rows(report: dict[str, Any]) -> list[Row]:
    return [*_first_sync(report), *_incremental(report["incremental"]), *_others(report)]


def _first_sync(report: dict[str, Any]) -> list[Row]:
    first, small = report["compared"], report["smaller"]
    peak, growth = first["first_sync"]["peak_mb"], _growth(report)
    return [
        ("Plain loop, wall", _range(first["loop"]["wall_seconds"], "s"), "", ""),
        ("Plain loop, processor", _range(first["loop"]["cpu_seconds"], "s"), "", ""),
        ("Plain loop, peak memory", _range(first["loop"]["peak_mb"], "MB"), "", ""),
        ("First sync, wall", _range(first["first_sync"]["wall_seconds"], "s"), "", ""),
        ("First sync, processor", _range(first["first_sync"]["cpu_seconds"], "s"), "", ""),
        (
            "First sync, wall against loop",
            _range(first["ratio"], "times"),
            *_most(first["ratio"]["median"], 2.5),
        ),
        ("First sync, requests", str(first["requests"]), "", ""),
        ("First sync, peak memory", _range(peak, "MB"), *_most(peak["greatest"], 350, "MB")),
        (f"The same with {small['candidates']:,} candidates", _range(small["peak_mb"], "MB"), "", ""),
        (
            "More memory for five times the candidates",
            f"{growth:g} MB",
            "only the engine's cache",
            "see below",
        ),
    ]


def _growth(report: dict[str, Any]) -> float:
    large: float = report["compared"]["first_sync"]["peak_mb"]["median"]
    small: float = report["smaller"]["peak_mb"]["median"]
    return round(large - small, 1)


def _incremental(found: dict[str, Any]) -> list[Row]:
    nothing, part = found["nothing_changed"], found["one_percent"]
    written = f"{part['rows_written']:,} of {part['touched']:,} edited"
    exact = (f"exactly {part['touched']:,}", _yes(part["rows_written"] == part["touched"]))
    return [
        ("Nothing changed, wall", f"{nothing['wall_seconds']} s", "", ""),
        ("Nothing changed, requests", str(nothing["requests"]), *_most(nothing["requests"], 8)),
        (
            "Nothing changed, rows written",
            str(nothing["rows_written"]),
            "0",
            _yes(nothing["rows_written"] == 0),
        ),
        ("1 % changed, wall", f"{part['wall_seconds']} s", "", ""),
        ("1 % changed, requests", str(part["requests"]), *_most(part["requests"], 15)),
        ("1 % changed, rows written", written, *exact),
    ]


def _others(report: dict[str, Any]) -> list[Row]:
    limited, publish, overview = report["limited"], report["publish"], report["overview"]
    share, refused = limited["percent_of_allowance"], limited["refused_429"]
    windows = ", ".join(map(str, limited["windows"]))
    return [
        (
            f"Limited to 10 in 10 s: requests in whole windows ({limited['allowance']} allowed)",
            windows,
            "",
            "",
        ),
        ("Limited: share of the allowed requests made", f"{share} %", "at least 95 %", _yes(share >= 95)),
        ("Limited: refusals (429)", str(refused), "0", _yes(refused == 0)),
        ("Publish, of which the agent tells", _range(publish["seconds"], "s"), "", ""),
        ("Published copy", f"{publish['megabytes']} MB", "", ""),
        (
            f"Overview of {overview['customers']} customers, rerun",
            f"median {overview['median_ms']} ms, p95 {overview['p95_ms']} ms",
            "median under 120 ms",
            _yes(overview["median_ms"] < 120),
        ),
    ]


def _range(found: dict[str, float], unit: str) -> str:
    return f"{found['median']:g} {unit} ({found['least']:g} to {found['greatest']:g})"


def _most(found: float, goal: float, unit: str = "") -> tuple[str, str]:
    return f"at most {goal:g} {unit}".rstrip(), _yes(found <= goal)


def _yes(is_met: bool) -> str:  # noqa: FBT001 -- it is the question itself
    return "yes" if is_met else "**no**"
