"""`pushes`, `retry`, `drop`, `cancel-invite`, `reinvite`, `verify`: what is written, and stepping in."""

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from agent import wiring
from agent.commands.asking import actor, asked, document, exit_code, told
from agent.errors import UsageProblem
from agent.output import Output, table, when
from storage import interview_reads, reads
from storage.clock import utc_now
from storage.ledger import accounts, decisions, interventions, invites
from storage.ledger.accounts import AccountState
from storage.ledger.interventions import InterventionProblem
from storage.ledger.outbox import EffectState
from storage.ledger.requests import Kind
from storage.settings import Settings

HIGHEST_ID = 2**63 - 1  # what the ledger can look for


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    pushes = commands.add_parser(
        "pushes", parents=[common], help="what is written to Workable and the platform, trouble first"
    )
    pushes.add_argument("--account", required=True)
    pushes.add_argument("--state", choices=[state.value for state in EffectState], help="only these")
    pushes.set_defaults(command=_pushes)
    for name, act, text in (
        ("retry", interventions.retry, "let a push that waits for a person, or failed, go again"),
        ("drop", interventions.drop, "give a push up that was not sent"),
    ):
        sub = commands.add_parser(name, parents=[common], help=text)
        sub.add_argument("push", metavar="PUSH_ID", type=int)
        sub.set_defaults(command=_step_in, act=act)
    for name, command, text in (
        ("cancel-invite", _cancel, "take a candidate's open invite back"),
        ("reinvite", _reinvite, "invite a candidate once more to the interview of the job"),
    ):
        sub = commands.add_parser(name, parents=[common], help=text)
        sub.add_argument("--account", required=True)
        sub.add_argument("--candidate", metavar="ID", required=True)
        sub.set_defaults(command=command)
    verify = commands.add_parser(
        "verify", parents=[common], help="compare what was written with Workable's timelines"
    )
    verify.add_argument("--account", help="only this account")
    verify.set_defaults(command=_verify)


def _pushes(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    states = None if options.state is None else [options.state]
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        accounts.get(tx, options.account)
        found = interview_reads.pushes(tx, options.account, states=states)
    heads = ["PUSH", "WHAT", "CANDIDATE", "STATE", "TRIES", "SINCE", "REF", "WHAT HOLDS IT"]
    rows = [
        [
            str(one.effect_id),
            one.kind,
            one.candidate_id or "-",
            one.state,
            str(one.attempts),
            when(one.ended_at or one.sent_at or one.planned_at),
            one.mark,
            one.hold or one.sentence or "",
        ]
        for one in found
    ]
    nothing = f"Nothing is {options.state}." if options.state else "Nothing was to be written so far."
    output.answer(found, lambda: table(heads, rows) if rows else nothing)
    return 0


def _step_in(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    if not 0 < options.push <= HIGHEST_ID:
        raise UsageProblem(f"There is no push {options.push}.")

    def act(tx: Connection, now: datetime) -> str:
        sentence: str = options.act(tx, options.push, actor=actor(), now=now)
        return sentence

    return _done(settings, output, act)


def _cancel(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    def act(tx: Connection, now: datetime) -> str:
        accounts.get(tx, options.account)
        ids = decisions.known_as(tx, options.account, options.candidate)
        found = invites.of_candidate(tx, options.account, ids)
        if not found:
            raise UsageProblem(f"No invite is known of candidate {options.candidate!r} in {options.account}.")
        still_open = [one for one in found if one.state in invites.OPEN] or found[-1:]
        told = [interventions.cancel_invite(tx, one.invite_id, actor=actor(), now=now) for one in still_open]
        return " ".join(dict.fromkeys(told))

    return _done(settings, output, act)


def _done(settings: Settings, output: Output, act: Callable[[Connection, datetime], str]) -> int:
    """One ledger transaction; what it leads to is sent by the agent at work, or by the next one."""
    with wiring.opened_ledger(settings) as ledger:
        try:
            with ledger.write() as tx:
                sentence = act(tx, utc_now())
        except InterventionProblem as problem:
            raise UsageProblem(str(problem)) from None
        with ledger.read() as tx:
            is_alive = reads.agent_is_alive(tx, utc_now())
    if not is_alive:
        output.say("No agent is at work; what is to be sent goes out with the next 'python -m agent sync'.")
    output.answer({"says": sentence}, lambda: sentence)
    return 0


def _reinvite(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    args = {"candidate_id": options.candidate}
    return told(
        asked(settings, options.account, Kind.REINVITE, args, output, subject=options.candidate), output
    )


def _verify(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    """Each account in turn; the exit code is the worst."""
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        if options.account:
            chosen = [accounts.get(tx, options.account).account_id]
        else:
            chosen = [a.account_id for a in accounts.listing(tx) if a.state == AccountState.ACTIVE]
    done = {account_id: asked(settings, account_id, Kind.VERIFY, {}, output) for account_id in chosen}
    lines = []
    for account_id, request in done.items():
        lines.append(f"{account_id}: {request.note or request.state}")
        lines += [f"  {sentence}" for sentence in (request.result or {}).get("problems", [])]
    output.answer(
        {"accounts": {account_id: document(request) for account_id, request in done.items()}},
        lambda: "\n".join(lines) or "No account is connected.",
    )
    return max((exit_code(request) for request in done.values()), default=0)
