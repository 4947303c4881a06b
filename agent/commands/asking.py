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
from agent.output import Output, table
from storage.agent_lock import AgentBusy
from storage.clock import utc_now
from storage.health import span
from storage.ledger import accounts, requests
from storage.ledger.database import Ledger
from storage.ledger.requests import Kind, Request, State
from storage.settings import Settings

LOOK_SECONDS = 0.5
UNCHANGED = "Nothing was changed."
FAILED, CANCELLED = 1, 3


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    helps = {
        "test-sync": "read the first 50 candidates, jobs and members, and tell; can post a sample card",
        "backfill": "read every candidate again; invites nobody",
        "revoke": "destroy the token and stop syncing the account",
        "confirm-deletions": "say that the candidates Workable no longer lists are really gone",
    }
    for name, text in helps.items():
        sub = commands.add_parser(name, parents=[common], help=text)
        sub.add_argument("--account", required=True)
        sub.set_defaults(command=_ask, request=name.replace("-", "_"))
        if name == "test-sync":
            card = sub.add_mutually_exclusive_group()
            card.add_argument("--card", metavar="CANDIDATE", help="post a sample card on this candidate")
            card.add_argument("--no-card", action="store_true", help="do not speak of the sample card")
            sub.set_defaults(command=_test_sync)
        if name == "backfill":
            sub.add_argument("--since", metavar="DATE", help="only candidates created since, like 2026-01-31")
        if name == "revoke":
            sub.add_argument("--yes", action="store_true", help="do not ask")


def actor() -> str:
    """Who types, as the audit trail calls them."""
    return f"{getpass.getuser()} (command line)"


def asked(
    settings: Settings,
    account_id: str,
    kind: Kind,
    args: dict[str, Any],
    output: Output,
    *,
    subject: str = "",
) -> Request:
    """File the request, or join the open one of that kind and subject, and watch it until it is over."""
    with wiring.opened_ledger(settings) as ledger:
        wiring.opened_vault(settings, ledger)
        with ledger.write() as tx:
            accounts.get(tx, account_id)
            request, is_new = requests.file(
                tx, account_id, kind, args, actor=actor(), now=utc_now(), subject=subject
            )
        if not is_new:
            output.say("It is under way already; watching that one.")
        return _carried_out(settings, ledger, request, output)


def _ask(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    kind, since = Kind(options.request), getattr(options, "since", None)
    moment(since)  # a date that is none is told now
    if kind is Kind.REVOKE and not options.yes:
        with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
            accounts.get(tx, options.account)
        _confirm(options.account, output)
    args = {"since": since} if since else {}
    return told(asked(settings, options.account, kind, args, output), output)


def _test_sync(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    done = asked(settings, options.account, Kind.TEST_SYNC, {}, output)
    if done.state != State.DONE:
        return told(done, output)
    if options.card is None:
        hint = "" if options.no_card else _card_hint(options.account, done)
        output.answer(document(done), lambda: f"{done.note}\n{hint}")
        return 0
    output.say(done.note or "")
    args = {"candidate_id": options.card}
    card = asked(settings, options.account, Kind.SAMPLE_CARD, args, output, subject=options.card)
    return told(card, output, {"test_sync": document(done)})


def _card_hint(account_id: str, done: Request) -> str:
    """Who could take a sample card; the person chooses."""
    found = (done.result or {}).get("sample_candidates", [])
    if not found:
        return "No candidate of a sample job was found on whom a sample card could be tried."
    rows = [[one["candidate_id"], one["job_title"]] for one in found]
    return (
        "A sample card shows how results will look: one comment, marked as a test, on a candidate you name.\n"
        f"Use 'python -m agent test-sync --account {account_id} --card CANDIDATE'.\n"
        f"{table(['CANDIDATE', 'SAMPLE JOB'], rows)}"
    )


def question(text: str, output: Output, *, unattended: str) -> str:
    """What is typed at the terminal, blanks taken off; '' at the end of input.

    Raises UsageProblem, which begins with `unattended`, when nobody is there to answer.
    """
    if not sys.stdin.isatty():
        raise UsageProblem(f"{unattended} If that is meant, add --yes.")
    output.ask(text)
    try:
        return input().strip()
    except EOFError:
        output.say("")  # the cursor stands behind the question
        return ""


def agreed(text: str, output: Output) -> None:
    """Raises UsageProblem for anything but a yes."""
    answer = question(text, output, unattended="This changes who is invited, and nobody is here to ask.")
    if answer.casefold() not in ("y", "yes"):
        raise UsageProblem(UNCHANGED)


def _confirm(account_id: str, output: Output) -> None:
    typed = question(
        f"This destroys the token of {account_id} and ends its sync. Type {account_id} to go on: ",
        output,
        unattended="Revoking ends the sync of this account for good.",
    )
    if not typed:
        raise UsageProblem(UNCHANGED)
    if typed != account_id:
        raise UsageProblem("That is not the account's name. Nothing was changed.")


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


def document(done: Request) -> dict[str, Any]:
    return {"request_id": done.request_id, "state": done.state, "note": done.note, "result": done.result}


def told(done: Request, output: Output, more: dict[str, Any] | None = None) -> int:
    """Say how the request ended; the exit code. `more` is added to the document."""
    if done.state in requests.OPEN:
        output.say("Stopped before it was done; the next agent goes on with it.")
        return CANCELLED
    output.answer(document(done) | (more or {}), lambda: done.note or done.state)
    return exit_code(done)


def exit_code(done: Request) -> int:
    if done.state == State.FAILED:
        return int((done.result or {}).get("exit_code", FAILED))
    return CANCELLED if done.state == State.CANCELLED else 0
