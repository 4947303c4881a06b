"""The command line: makes or continues a world, serves it, and ends quietly on a signal."""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

import msgspec

from sandbox.errors import Refused
from sandbox.server import Running, serve
from sandbox.webhooks import OAUTH_SECRET
from sandbox.world import World


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m sandbox", description="A pretend Workable and interview platform."
    )
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8700, help="0 lets the system choose")
    made.add_argument("--data", type=Path, help="SQLite file that keeps the world between runs")
    made.add_argument(
        "--accounts", default="acme:account,globex:oauth", help="subdomain:account|oauth|partner,..."
    )
    made.add_argument("--candidates", type=int, default=200, help="per account")
    made.add_argument("--jobs", type=int, default=8, help="per account")
    made.add_argument("--rate", choices=("account", "partner", "off"), default="account")
    made.add_argument(
        "--life", type=float, metavar="SECONDS", help="mean gap between things that happen by themselves"
    )
    made.add_argument("--seed", type=int, default=1)
    made.add_argument(
        "--interview-seconds", type=float, default=30.0, help="from the invitation to the result"
    )
    made.add_argument("--ready-file", type=Path, help="gets the line that is printed when listening")
    return made


def ready_line(running: Running) -> str:
    """Where everything is, as one line of JSON."""
    world = running.world
    accounts = {
        name: {
            "base_url": running.base_url(name),
            "token": world.token(name).value,
            "kind": world.token(name).kind,
            "members": [f"{member.id:x}" for member in account.members.values() if member.active],
        }
        for name, account in world.accounts.items()
    }
    return json.dumps(
        {
            "host": running.host,
            "port": running.port,
            "accounts": accounts,
            "platform": {"base_url": running.platform_url, **running.world.platform.secrets()},
            "control": running.control_url,
            "oauth_secret": OAUTH_SECRET,
        }
    )


def main(argv: list[str] | None = None) -> int:
    given = parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        _run(given, stop)
    except (OSError, Refused, msgspec.ValidationError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


def _run(given: argparse.Namespace, stop: threading.Event) -> None:
    world = World(
        given.accounts,
        candidates=given.candidates,
        jobs=given.jobs,
        seed=given.seed,
        interview_seconds=given.interview_seconds,
        data=given.data,
        switches={"rate": given.rate},
    )
    with serve(world, given.host, given.port, life=given.life) as running:
        line = ready_line(running)
        if given.ready_file:
            _write_whole(given.ready_file, line)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        stop.wait()


def _write_whole(path: Path, line: str) -> None:
    """A reader sees the whole line or no file."""
    part = path.with_name(path.name + ".part")
    part.write_text(line + "\n")
    part.replace(path)
