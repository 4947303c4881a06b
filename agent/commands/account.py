"""`account`: what staff decide about one account: in whose name, how often, what is followed."""

import argparse
from typing import Any

from agent import wiring
from agent.commands import choosing
from agent.commands.asking import actor
from agent.commands.choosing import NONE
from agent.errors import UsageProblem
from agent.output import Output
from storage.clock import utc_now
from storage.ledger import accounts
from storage.ledger.accounts import Account
from storage.ledger.database import Ledger
from storage.settings import Settings

EACH_JOB, DEFAULT = "each-job", "default"
FIELDS = (
    "member_id", "fallback_member_id", "days_between_invites", "invites_per_hour",
    "follows_employees", "provisions_members",
)  # fmt: skip


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    sub = commands.add_parser(
        "account", parents=[common], help="set what counts for a whole account; alone, show it"
    )
    sub.add_argument("--account", required=True)
    sub.add_argument("--member", metavar="ID|none", help="in whose name things are written")
    sub.add_argument("--fallback-member", metavar="ID|none", help="who does when that member cannot")
    sub.add_argument(
        "--days-between-invites", metavar="N|each-job", help="an e-mail address is invited once in N days"
    )
    sub.add_argument("--invites-per-hour", metavar="N|default", help="more than these wait")
    either = argparse.BooleanOptionalAction
    sub.add_argument("--follow-employees", action=either, help="follow hired candidates as employees")
    sub.add_argument("--provision-members", action=either, help="keep the platform's members as Workable's")
    sub.set_defaults(command=_account)


def _account(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    with wiring.opened_ledger(settings) as ledger:
        values = _values(ledger, options, output)
        with ledger.write() as tx:
            accounts.change(tx, options.account, values, actor=actor(), now=utc_now())
            account = accounts.get(tx, options.account)
    document = {"account_id": account.account_id} | {name: getattr(account, name) for name in FIELDS}
    output.answer(document, lambda: "\n".join(_told(account, settings)))
    return 0


def _values(ledger: Ledger, options: argparse.Namespace, output: Output) -> dict[str, Any]:
    values: dict[str, Any] = {}
    with ledger.read() as tx:
        accounts.get(tx, options.account)
        for option, name in (("member", "member_id"), ("fallback_member", "fallback_member_id")):
            if (typed := getattr(options, option)) is not None:
                is_none = typed.strip().casefold() == NONE
                values[name] = None if is_none else choosing.member(tx, options.account, typed, output)
    for option, name, word in (
        ("days_between_invites", "days_between_invites", EACH_JOB),
        ("invites_per_hour", "invites_per_hour", DEFAULT),
    ):
        if (typed := getattr(options, option)) is not None:
            values[name] = None if typed.strip().casefold() == word else _count(typed, word)
    flags = {"follows_employees": options.follow_employees, "provisions_members": options.provision_members}
    return values | {name: flag for name, flag in flags.items() if flag is not None}


def _count(typed: str, word: str) -> int:
    if not (typed.isascii() and typed.isdigit() and int(typed) > 0):
        raise UsageProblem(f"{typed!r} is neither a whole number above 0 nor '{word}'.")
    return int(typed)


def _told(account: Account, settings: Settings) -> list[str]:
    days, cap = account.days_between_invites, account.invites_per_hour
    often = "Each job invites." if days is None else f"An e-mail address is invited once in {days} days."
    most = f"{settings.invites_per_hour} (as set for all)" if cap is None else str(cap)
    names = [name or "(none set)" for name in (account.member_id, account.fallback_member_id)]
    follows, keeps = (
        "" if flag else "not " for flag in (account.follows_employees, account.provisions_members)
    )
    return [
        f"Things are written in the name of member {names[0]}, else of {names[1]}.",
        f"{often} At most {most} invites an hour.",
        f"Employees are {follows}followed; members are {keeps}kept on the interview platform.",
    ]
