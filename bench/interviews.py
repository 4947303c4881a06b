"""How long from a stage entry to the invite, and from a result to the timeline, while complete listings run.

`python -m bench.interviews` measures by polling alone, with `--webhooks` as well by webhook; figures as JSON.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from bench.processes import clean

STAGE = "phone-screen"
EVENTS = ("candidate_created", "candidate_moved", "candidate_deleted")
PATIENCE_SECONDS = 120.0


class World:
    """A running sandbox with several accounts; times are those of its journal."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.accounts: dict[str, dict[str, Any]] = ready["accounts"]
        self._http = httpx.Client(base_url=ready["control"], timeout=30.0, trust_env=False)

    def candidates(self, account: str, count: int) -> list[str]:
        """Ids of so many in a published job's first stages, chosen by a seed."""
        rows = [json.loads(line) for line in self._http.get(f"/{account}/candidates").text.splitlines()]
        live = {job["shortcode"] for job in self._jobs(account)}
        fitting = [
            row["id"]
            for row in rows
            if row.get("job", {}).get("shortcode") in live
            and row["stage_kind"] in ("sourced", "applied", "shortlisted")
            and not row["disqualified"]
            and row["email"]
        ]
        return random.Random(7).sample(fitting, count)  # noqa: S311 -- the same people each time

    def _jobs(self, account: str) -> list[dict[str, Any]]:
        whole = self.accounts[account]
        answer = httpx.get(
            f"{whole['base_url']}/jobs?limit=100&state=published",
            headers={"Authorization": f"Bearer {whole['token']}"},
            trust_env=False,
        )
        return [job for job in answer.json()["jobs"] if not job.get("sample")]

    def enter(self, account: str, candidate_id: str) -> None:
        body = {"candidate_id": candidate_id, "to": STAGE}
        self._http.post(f"/{account}/move", json=body).raise_for_status()

    def is_subscribed(self, account: str) -> bool:
        return len(self._http.get(f"/{account}/subscriptions").json()["subscriptions"]) >= len(EVENTS)

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._http.get("/journal").text.splitlines()]

    def interviews(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/platform/interviews").json()
        return found

    def email(self, account: str, candidate_ids: Sequence[str]) -> dict[str, str]:
        rows = [json.loads(line) for line in self._http.get(f"/{account}/candidates").text.splitlines()]
        return {row["email"]: row["id"] for row in rows if row["id"] in set(candidate_ids)}


@contextmanager
def _sandbox(folder: Path, accounts: Sequence[str], candidates: int) -> Iterator[World]:
    names = ",".join(f"{name}:account" for name in accounts)
    size = ["--candidates", str(candidates), "--jobs", "12", "--rate", "account", "--interview-seconds", "20"]
    process = subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-m", "sandbox", "--port", "0", "--accounts", names, *size],
        env=clean({"PYTHONUNBUFFERED": "1"}), cwd=folder, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            yield World(json.loads(process.stdout.readline() if process.stdout else ""))
        finally:
            process.terminate()


class Agent:
    """A data folder with its daemon."""

    def __init__(self, folder: Path, world: World, *, poll_seconds: int, webhooks: bool) -> None:
        self._folder, platform = folder, world.ready["platform"]
        self._environment = clean(
            {
                "IVW_DATA_DIR": str(folder / "data"),
                "IVW_ALLOW_HOSTS": f"{world.ready['host']}:{world.ready['port']}",
                "IVW_SECRET_KEY": Fernet.generate_key().decode(),
                "IVW_PLATFORM_URL": platform["base_url"],
                "IVW_PLATFORM_TOKEN": platform["token"],
                "IVW_POLL_SECONDS": str(poll_seconds),
                "IVW_INVITES_PER_HOUR": "1000",
                "IVW_LOG_LEVEL": "warning",
            }
        )
        if webhooks:
            address = f"127.0.0.1:{_free_port()}"
            self._environment |= {"IVW_LISTEN": address, "IVW_PUBLIC_URL": f"http://{address}"}

    def command(self, *arguments: str, stdin: str = "") -> int:
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-m", "agent", *arguments],
            env=self._environment, cwd=self._folder, input=stdin, text=True, capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode

    @contextmanager
    def daemon(self) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run"], env=self._environment, cwd=self._folder
        )
        with process:
            try:
                yield
            finally:
                process.terminate()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measured(
    entries: int, accounts: int, candidates: int, gap: float, poll_seconds: int, *, webhooks: bool
) -> dict[str, Any]:
    """One run: each account enters a candidate every `gap` seconds while all its candidates are listed."""
    names = [f"customer{number}" for number in range(1, accounts + 1)]
    with tempfile.TemporaryDirectory() as made, _sandbox(Path(made), names, candidates) as world:
        agent = Agent(Path(made), world, poll_seconds=poll_seconds, webhooks=webhooks)
        for name in names:
            whole = world.accounts[name]
            agent.command(
                "connect", "--subdomain", name, "--base-url", whole["base_url"], "--token-stdin",
                stdin=whole["token"],
            )  # fmt: skip
        chosen = {name: world.candidates(name, entries // accounts) for name in names}
        with agent.daemon():
            for name in names:
                _map(agent, name, world.accounts[name]["members"][0])
            if webhooks:
                _wait(
                    lambda: all(world.is_subscribed(name) for name in names), "webhooks were not registered"
                )
            _enter_all(world, chosen, gap)
            _wait_for_the_last(world, sum(map(len, chosen.values())))
        return _figures(world, chosen)


def _map(agent: Agent, name: str, member: str) -> None:
    arguments = ["map", "--account", name, "--stage", STAGE, "--template", "tpl-general", "--member", member]
    arguments += ["--pass-stage", "interview", "--pass-score", "50", "--yes"]
    _wait(lambda: agent.command(*arguments) == 0, f"the stages of {name} did not come to be known")


def _wait_for_the_last(world: World, entries: int) -> None:
    """Until every result has long been written; the figures tell what is still missing after that."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and _count(world, "comment") < 2 * entries:
        time.sleep(1)


def _count(world: World, verb: str) -> int:
    """How often we have done that in Workable: two comments belong to each interview."""
    return sum(one.get("cause") == "api" and one.get("verb") == verb for one in world.journal())


def _wait(is_so: Callable[[], bool], else_said: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(else_said)
        time.sleep(1)


def _enter_all(world: World, chosen: dict[str, list[str]], gap: float) -> None:
    """Accounts are shifted against each other and against the windows of the rate limit."""
    chance, each = random.Random(11), max(map(len, chosen.values()))  # noqa: S311 -- not cryptography
    for place in range(each):
        for name, ids in chosen.items():
            world.enter(name, ids[place])
            time.sleep(gap / len(chosen) * chance.uniform(0.6, 1.4))


def _figures(world: World, chosen: dict[str, list[str]]) -> dict[str, Any]:
    journal = world.journal()
    who: dict[str, str] = {}
    for name, ids in chosen.items():
        who |= {email: f"{name} {number}" for email, number in world.email(name, ids).items()}
    whose = {one["interview_id"]: who.get(one["candidate"]["email"], "") for one in world.interviews()}
    entered: dict[str, float] = {}
    invited: dict[str, float] = {}
    ended: dict[str, float] = {}
    written: dict[str, float] = {}
    for entry in journal:
        at = datetime.fromisoformat(entry["at"]).timestamp()
        key = f"{entry.get('account', '')} {entry.get('candidate', '')}"
        if entry["kind"] == "change" and entry["cause"] == "control" and entry["verb"] == "move":
            entered.setdefault(key, at)
        elif entry["kind"] == "platform" and entry["verb"] == "invite":
            invited.setdefault(whose[entry["interview"]], at)
        elif entry["kind"] == "platform" and entry["verb"] == "completed":
            ended[whose[entry["interview"]]] = at
        elif entry["kind"] == "change" and entry["cause"] == "api" and key in ended:
            written[key] = at  # the last of rating, comment and move counts
    requests = [e for e in journal if e["kind"] == "request" and e["path"].split("/")[1] in chosen]
    return {
        "entries": len(entered),
        "invited": len([key for key in invited if key in entered]),
        "doubled": len(world.interviews()) - len(invited),
        "entry_to_invite_seconds": _spread(
            [invited[key] - entered[key] for key in invited if key in entered]
        ),
        "results": len(ended),
        "results_written": len(written),
        "result_to_timeline_seconds": _spread([written[key] - ended[key] for key in written]),
        "pages_of_listings": sum(e["path"].endswith("/candidates") for e in requests),
        "timelines_read": sum(e["path"].endswith("/activities") for e in requests),
        "refusals_429": sum(e["status"] == 429 for e in requests),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {}
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    found = {"median": statistics.median(ordered), "p95": p95, "greatest": ordered[-1]}
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    given = argparse.ArgumentParser(prog="python -m bench.interviews", description=__doc__)
    given.add_argument("--entries", type=int, default=200)
    given.add_argument("--accounts", type=int, default=4, help="side by side, each with its own rate limit")
    given.add_argument("--candidates", type=int, default=36_000, help="of each account, listed meanwhile")
    given.add_argument("--gap", type=float, default=12.0, help="mean seconds between entries of an account")
    given.add_argument("--poll-seconds", type=int, default=60)
    given.add_argument("--webhooks", action="store_true", help="with webhooks; else by polling alone")
    chosen = given.parse_args()
    found = measured(
        chosen.entries, chosen.accounts, chosen.candidates, chosen.gap, chosen.poll_seconds,
        webhooks=chosen.webhooks,
    )  # fmt: skip
    sys.stdout.write(json.dumps(vars(chosen) | found, indent=2) + "\n")


if __name__ == "__main__":
    main()
