"""`status` and `accounts`: how it stands, from the ledger alone."""

import argparse
from typing import Any

import msgspec

from agent import wiring
from agent.output import Output, table, when
from storage import reads
from storage.board_reads import EVERYONE
from storage.clock import utc_now
from storage.ledger.accounts import get
from storage.reads import Customer, Problem, Stream
from storage.settings import Settings

PERSON, PARTLY = 4, 3


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    status = commands.add_parser("status", parents=[common], help="how every account's sync is")
    status.add_argument("--account", help="only this account, with its streams and problems")
    status.set_defaults(command=_status)
    listing = commands.add_parser("accounts", parents=[common], help="the connected accounts")
    listing.set_defaults(command=_accounts)


def _status(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    now = utc_now()
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        agent_is_alive = reads.agent_is_alive(tx, now)
        if options.account:
            get(tx, options.account)
        found = [c for c in reads.customers(tx, now) if options.account in (None, c.account_id)]
        streams = {c.account_id: reads.streams(tx, c.account_id, now) for c in found}
        problems = reads.open_problems(tx, options.account)
        everywhere = reads.open_problems(tx, EVERYONE)
    document = {
        "agent_is_alive": agent_is_alive,
        "accounts": [msgspec.to_builtins(c) | {"streams": streams[c.account_id]} for c in found],
        "problems": problems,
        "problems_of_all_accounts": everywhere,
    }
    details = _details(streams[options.account], problems) if options.account else ""
    told = [f"For all accounts: {p.sentence} (since {when(p.since)})" for p in everywhere]
    output.answer(document, lambda: "\n".join([*told, _text(found, agent_is_alive=agent_is_alive)]) + details)
    return _exit_code(found, everywhere)


def _details(streams: list[Stream], problems: list[Problem]) -> str:
    """How fresh each stream of the account is, and what is wrong with it now."""
    rows = [[s.stream, when(s.last_completed_at), _remark(s)] for s in streams]
    told = [f"- {p.sentence} (since {when(p.since)})" for p in problems]
    listed = "\n".join(["Open problems:", *told]) if told else "No problem is open."
    return f"\n\n{table(['STREAM', 'LAST READ', 'REMARK'], rows)}\n\n{listed}"


def _remark(stream: Stream) -> str:
    late = "late" if stream.is_late else ""
    return ": ".join(part for part in (late, stream.last_error) if part)


def _text(found: list[Customer], *, agent_is_alive: bool) -> str:
    running = (
        "An agent is at work." if agent_is_alive else "No agent is at work (cron starts one at its time)."
    )
    if not found:
        connect = "Connect one with 'python -m agent connect --subdomain NAME'."
        return f"{running}\nNo account is connected. {connect}"
    rows = [[c.account_id, c.health.sentence, f"{c.candidates:,}", when(c.last_good_at)] for c in found]
    return f"{running}\n{table(['ACCOUNT', 'HEALTH', 'CANDIDATES', 'LAST GOOD SYNC'], rows)}"


def _exit_code(found: list[Customer], everywhere: list[Problem]) -> int:
    if any(c.health.needs_person for c in found) or any(p.needs_person for p in everywhere):
        return PERSON
    return PARTLY if everywhere or any(c.health.level == "degraded" for c in found) else 0


def _accounts(settings: Settings, _options: argparse.Namespace, output: Output) -> int:
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        found = reads.customers(tx, utc_now())
    heads = ["ACCOUNT", "NAME", "STATE", "REGION", "TOKEN", "EXPIRES"]
    rows = [
        [
            c.account_id,
            c.name,
            c.state,
            c.region,
            _token(c),
            when(c.token_expires_at) if c.token_expires_at else "not given",
        ]
        for c in found
    ]
    output.answer(found, lambda: table(heads, rows) if found else "No account is connected.")
    return 0


def _token(customer: Customer) -> str:
    return f"{customer.token_kind} ....{customer.token_last_four}"
