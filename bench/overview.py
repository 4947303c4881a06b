"""Measures the server's time for a rerun of the overview with many customers: `python -m bench.overview`."""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench import seed_ledger
from bench.serving import Dashboard, running
from storage.ledger.database import open_ledger

CUSTOMERS, RUNS = 500, 200
BIGGEST_MESSAGE = 64 * 1024 * 1024


class Run(NamedTuple):
    """One run of the page's script, until its last message has come; `size` in bytes."""

    milliseconds: float
    size: int


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--customers", type=int, default=CUSTOMERS)
    given.add_argument("--runs", type=int, default=RUNS)
    chosen = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _seed(Path(folder), chosen.customers)
        with running(Path(folder)) as dashboard:
            first, reruns = _measure(dashboard, chosen.runs)
    report = _report(chosen.customers, first, reruns)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def _seed(folder: Path, customers: int) -> None:
    ledger = open_ledger(folder / "private" / "ledger.sqlite3")
    seed_ledger.seed(ledger, customers, datetime.now(UTC), jobs=4)
    ledger.close()


def _measure(dashboard: Dashboard, runs: int) -> tuple[Run, list[Run]]:
    """A new visitor's first run, and each rerun after it."""
    address = dashboard.address("_stcore/stream").replace("http", "ws", 1)
    protocol = Subprotocol("streamlit")
    with connect(address, subprotocols=[protocol], max_size=BIGGEST_MESSAGE, proxy=None) as socket:
        first = _rerun(socket)
        return first, [_rerun(socket) for _ in range(runs)]


def _rerun(socket: ClientConnection) -> Run:
    began, received = perf_counter(), 0
    socket.send(BackMsg(rerun_script=ClientState()).SerializeToString())
    while True:
        frame = socket.recv(decode=False)
        received += len(frame)
        if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            return Run((perf_counter() - began) * 1000, received)


def _report(customers: int, first: Run, reruns: list[Run]) -> dict[str, object]:
    times = [run.milliseconds for run in reruns]
    return {
        "what": "overview rerun over the websocket, without a browser",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "customers": customers,
        "runs": len(reruns),
        "kilobytes": round(statistics.median(run.size for run in reruns) / 1000),
        "first_ms": round(first.milliseconds, 1),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
    }


if __name__ == "__main__":
    main()
