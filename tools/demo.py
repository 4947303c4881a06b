"""`make demo`: a pretend Workable, the agent and the dashboard, with invented people, until Ctrl-C."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS = "acme:account,globex:oauth"
READY_WITHIN_SECONDS = 60.0
END_WITHIN_SECONDS = 10.0


class DemoProblem(Exception):
    """The demo cannot go on; the message says why."""


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C or until a part ends by itself; 0 or 1."""
    parser = argparse.ArgumentParser(prog="tools/demo.py", description="The demo.")
    parser.add_argument("--home", type=Path, default=ROOT / ".demo", help="where its data and logs are kept")
    parser.add_argument("--candidates", type=int, default=1200, help="of each customer")
    parser.add_argument("--interview-seconds", type=float, default=25, help="from an invite to its result")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job begins with SIGINT ignored
        signal.signal(number, _as_interrupt)
    try:
        with _parts(options.home.resolve()) as parts:
            _set_up(parts, options.candidates, options.interview_seconds)
            parts.watch()
    except DemoProblem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        pass
    sys.stdout.write(
        "\nThe demo has ended. 'make demo' goes on with its data, 'make demo-reset' forgets it.\n"
    )
    return 0


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


class Parts:
    """The programs of the demo, each with a log of its own; all of them end when the demo does."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, module: str, *arguments: str, env: dict[str, str]) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C reaches the demo alone, which then ends its parts in order.
            self._running[name] = subprocess.Popen(  # noqa: S603 -- our own programs, without a shell
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def check(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise DemoProblem(f"The {name} has ended by itself; {self.home / name}.log tells why.")

    def watch(self) -> None:
        while True:
            self.check()
            time.sleep(1)

    def end(self) -> None:
        """The newest first, so that nobody calls what is gone."""
        for process in reversed(self._running.values()):
            _signal(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_WITHIN_SECONDS)
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the part and to whatever it has started, such as a one-shot agent."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


@contextmanager
def _parts(home: Path) -> Iterator[Parts]:
    home.mkdir(parents=True, exist_ok=True)
    parts = Parts(home)
    try:
        yield parts
    finally:
        parts.end()


def _set_up(parts: Parts, candidates: int, interview_seconds: float) -> None:
    sandbox = _start_sandbox(parts, candidates, interview_seconds)
    env = _environment(parts.home, sandbox)
    for name, account in sandbox["accounts"].items():
        _connect(parts.home, name, account, env)
    parts.start("agent", "agent", "run", env=env)
    for name, account in sandbox["accounts"].items():
        _map(parts, name, account["members"][0], env)
    parts.start("dashboard", "dashboard", env=env)
    address = f"http://127.0.0.1:{env['IVW_DASHBOARD_PORT']}"
    _wait_for(parts, lambda: _answers(f"{address}/_stcore/health"), "the dashboard")
    _tell(parts.home, address, sandbox["control"])


def _start_sandbox(parts: Parts, candidates: int, interview_seconds: float) -> dict[str, Any]:
    home = parts.home
    ready = home / "sandbox.json"
    ready.unlink(missing_ok=True)
    parts.start(
        "sandbox", "sandbox", "--port", str(_port(home, "sandbox", 8700)),
        "--data", str(home / "sandbox.sqlite3"), "--ready-file", str(ready),
        "--accounts", ACCOUNTS, "--candidates", str(candidates), "--jobs", "12", "--life", "3",
        "--interview-seconds", str(interview_seconds),
        env=dict(os.environ),
    )  # fmt: skip
    _wait_for(parts, ready.exists, "the sandbox")
    told: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
    return told


def _port(home: Path, name: str, preferred: int) -> int:
    """The port of the last run if it is free, else the preferred one, else any."""
    kept = home / f"{name}.port"
    wishes = [int(kept.read_text())] if kept.exists() else []
    for wish in [*wishes, preferred, 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wish))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
        kept.write_text(str(port))
        return port
    raise DemoProblem("No free port was found on this machine.")


def _environment(home: Path, sandbox: dict[str, Any]) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("IVW_")}
    hooks = f"127.0.0.1:{_port(home, 'webhooks', 8600)}"
    return outside | {
        "IVW_DATA_DIR": str(home / "data"),
        "IVW_SECRET_KEY_FILE": str(_key(home)),
        "IVW_ALLOW_HOSTS": f"{sandbox['host']}:{sandbox['port']}",
        "IVW_PLATFORM_URL": sandbox["platform"]["base_url"],
        "IVW_PLATFORM_TOKEN": sandbox["platform"]["token"],
        "IVW_PLATFORM_CALLBACK_SECRET": sandbox["platform"]["callback_secret"],
        "IVW_WORKABLE_CLIENT_SECRET": sandbox["oauth_secret"],
        "IVW_LISTEN": hooks,
        "IVW_PUBLIC_URL": f"http://{hooks}",
        "IVW_POLL_SECONDS": "15",
        "IVW_PLATFORM_SECONDS": "5",
        "IVW_METADATA_SECONDS": "120",
        "IVW_SWEEP_SECONDS": "1800",
        "IVW_PUBLISH_SECONDS": "20",
        "IVW_DASHBOARD_PORT": str(_port(home, "dashboard", 8501)),
    }


def _key(home: Path) -> Path:
    path = home / "secret.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(Fernet.generate_key())
    return path


def _connect(home: Path, name: str, account: dict[str, Any], env: dict[str, str]) -> None:
    """Once; again only when the sandbox had to take another port."""
    mark = home / f"{name}.connected"
    if mark.exists() and mark.read_text() == account["base_url"]:
        return
    command = [sys.executable, "-m", "agent", "connect", "--subdomain", name, "--token-stdin"]
    done = subprocess.run(  # noqa: S603 -- our own program, without a shell
        [*command, "--base-url", account["base_url"]],
        cwd=ROOT, env=env, input=account["token"], text=True, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise DemoProblem(f"{name} could not be connected: {done.stderr.strip()}")
    sys.stdout.write(done.stdout.splitlines()[0] + "\n")
    mark.write_text(account["base_url"])


def _map(parts: Parts, name: str, member: str, env: dict[str, str]) -> None:
    """Once, as soon as the agent has read the stages: 'Phone Screen' starts an interview, a pass moves on."""
    mark = parts.home / f"{name}.mapped"
    if mark.exists():
        return
    command = [
        sys.executable, "-m", "agent", "map", "--account", name, "--stage", "Phone Screen",
        "--template", "tpl-general", "--member", member, "--pass-score", "60", "--pass-stage", "interview",
        "--yes",
    ]  # fmt: skip
    told: list[str] = []

    def is_mapped() -> bool:
        done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False)  # noqa: S603 -- our own program, without a shell
        told[:] = [done.stdout or done.stderr]
        return done.returncode == 0

    _wait_for(parts, is_mapped, f"the stages of {name}")
    sys.stdout.write(told[0].splitlines()[0] + "\n")
    mark.touch()


def _wait_for(parts: Parts, is_there: Any, what: str) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while not is_there():
        parts.check()
        if time.monotonic() > end:
            raise DemoProblem(
                f"Waited {READY_WITHIN_SECONDS:.0f} s for {what}; the logs in {parts.home} tell more."
            )
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 -- our own address on loopback
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, OSError):
        return False


def _tell(home: Path, address: str, control: str) -> None:
    shown = home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home
    sys.stdout.write(f"""
The dashboard:  {address}

What to look at
- Two customers, Acme and Globex, are being read for the first time; both are healthy after about a minute.
  After that people apply, move and are hired by themselves every few seconds, and the numbers follow.
- Whoever reaches 'Phone Screen' is invited to an interview within seconds. It is over half a minute later:
  rating and comment with the transcript stand on the timeline, and from 60 points on the candidate moves to
  'Interview'. The customer's page counts along; a timeline as Workable shows it:
  curl {control}/acme/candidates/ID/activities
- Try 'Run test sync', 'Backfill' and the stage mapping, and ask 'Why?' about a candidate.
- Analysts open the published copy at any time, for example:
  duckdb -readonly {shown}/data/published/analytics.duckdb "FROM marts.funnel LIMIT 10"
- The command line sees the same, in another terminal:
  IVW_DATA_DIR={shown}/data .venv/bin/python -m agent status
- What the programs say is in {shown}/*.log

Ctrl-C ends everything.
""")
    sys.stdout.flush()
    if os.environ.get("DISPLAY") or sys.platform == "darwin":
        webbrowser.open(address)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
