"""`test-sync`, `backfill`, `revoke` and `confirm-deletions`: requests, like the dashboard's buttons.

A running agent does them while this command watches; when none runs, this process is the agent.
"""

import argparse
import getpass
import sys
import time
from typing import Any

from agent import wiring
from agent.commands.syncing import ending_on_signals, timetable, wind_up, work_until
from agent.errors import UsageProblem
from agent.flows.obey import moment
from agent.output import Output
from storage.agent_lock import AgentBusy
from storage.clock import utc_now
from storage.health import span
from storage.ledger import accounts, requests
from storage.ledger.database import Ledger
from storage.ledger.requests import Kind, Request, State
from storage.settings import Settings

LOOK_SECONDS = 0.5
FAILED, CANCELLED = 1, 3


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    helps = {
        "test-sync": "read the first 50 candidates, jobs and members, and tell",
        "backfill": "read every candidate again; invites nobody",
        "revoke": "destroy the token and stop syncing the account",
        "confirm-deletions": "say that the candidates Workable no longer lists are really gone",
    }
    for name, text in helps.items():
        sub = commands.add_parser(name, parents=[common], help=text)
        sub.add_argument("--account", required=True)
        sub.set_defaults(command=_ask, request=name.replace("-", "_"))
        if name == "backfill":
            sub.add_argument("--since", metavar="DATE", help="only candidates created since, like 2026-01-31")
        if name == "revoke":
            sub.add_argument("--yes", action="store_true", help="do not ask")


def _ask(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    kind, actor = Kind(options.request), f"{getpass.getuser()} (command line)"
    since = getattr(options, "since", None)
    moment(since)  # a date that is none is told now
    args = {"since": since} if since else {}
    with wiring.opened_ledger(settings) as ledger:
        wiring.opened_vault(settings, ledger)
        with ledger.read() as tx:
            accounts.get(tx, options.account)
        if kind is Kind.REVOKE and not options.yes:
            _confirm(options.account)
        with ledger.write() as tx:
            request, is_new = requests.file(tx, options.account, kind, args, actor=actor, now=utc_now())
        if not is_new:
            output.say("It is under way already; watching that one.")
        done = _carried_out(settings, ledger, request, output)
    return _told(done, output)


def _confirm(account_id: str) -> None:
    if not sys.stdin.isatty():
        raise UsageProblem("Revoking ends the sync of this account for good. If that is meant, add --yes.")
    typed = input(f"This destroys the token of {account_id} and ends its sync. Type {account_id} to go on: ")
    if typed.strip() != account_id:
        raise UsageProblem("That is not the account's name. Nothing was done.")


def _carried_out(settings: Settings, ledger: Ledger, request: Request, output: Output) -> Request:
    watched = Watched(ledger, request.request_id, output)
    while not watched.is_over():
        try:
            with wiring.agent_process(settings, "obey") as engine, ending_on_signals(engine):
                work_until(engine, timetable(engine), is_done=watched.is_over)
                wind_up(engine)
                if engine.stop.is_set():
                    break
        except AgentBusy:
            # A running agent takes it within a second; if it dies, this process takes its place.
            time.sleep(LOOK_SECONDS)
    return watched.request()


class Watched:
    """A request whose progress is said as it changes."""

    def __init__(self, ledger: Ledger, request_id: int, output: Output) -> None:
        self._ledger = ledger
        self._request_id = request_id
        self._output = output
        self._said = ""

    def request(self) -> Request:
        with self._ledger.read() as tx:
            return requests.get(tx, self._request_id)

    def is_over(self) -> bool:
        request = self.request()
        if request.state == State.RUNNING and (line := _line(request)) != self._said:
            self._output.say(line)
            self._said = line
        return request.state not in requests.OPEN


def _line(request: Request) -> str:
    if not request.done or not request.total or request.started_at is None:
        return request.note or "Under way."
    elapsed = (utc_now() - request.started_at).total_seconds()
    left = span(elapsed / request.done * (request.total - request.done))
    return f"{request.done:,} of about {request.total:,}, about {left} left."


def _told(done: Request, output: Output) -> int:
    document = {"request_id": done.request_id, "state": done.state, "note": done.note, "result": done.result}
    if done.state in requests.OPEN:
        output.say("Stopped before it was done; the next agent goes on with it.")
        return CANCELLED
    output.answer(document, lambda: done.note or done.state)
    if done.state == State.FAILED:
        return int((done.result or {}).get("exit_code", FAILED))
    return CANCELLED if done.state == State.CANCELLED else 0
