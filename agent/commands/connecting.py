"""`connect`, `reconnect` and `keygen`: getting an account into the agent's hands."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from agent import wiring
from agent.errors import UsageProblem
from agent.flows.connect import Connected, Wish, connect
from agent.output import Output, when
from agent.rules import entries
from storage.clock import utc_now
from storage.ledger import accounts
from storage.settings import Settings

MAX_TOKEN_BYTES = 64 * 1024


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    new = commands.add_parser("connect", parents=[common], help="connect a Workable account")
    new.add_argument("--subdomain", required=True, help="the part before .workable.com")
    new.add_argument(
        "--kind", choices=["account", "partner", "oauth"], help="of the token; found out if left out"
    )
    new.add_argument("--region", choices=["eu", "us"], help="where the account may be processed")
    new.add_argument("--base-url", help="whole API root, if it is not https://SUBDOMAIN.workable.com/spi/v3")
    new.add_argument("--member", help="id of the member in whose name things are written")
    new.set_defaults(command=_connect)
    again = commands.add_parser("reconnect", parents=[common], help="give a known account a new token")
    again.add_argument("--account", required=True)
    again.set_defaults(command=_reconnect)
    for sub in (new, again):
        sub.add_argument("--token-stdin", action="store_true", help="read the token from standard input")
        sub.add_argument("--token-file", type=Path, help="read the token from this file")
        sub.add_argument("--expires", metavar="DATE", help="last day of the token, like 2026-12-31")
    key = commands.add_parser("keygen", parents=[common], help="make a key for IVW_SECRET_KEY")
    key.set_defaults(command=_keygen)


def _keygen(_settings: Settings, _options: argparse.Namespace, output: Output) -> int:
    key = Fernet.generate_key().decode()
    output.answer({"key": key}, lambda: key)
    return 0


def _connect(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    account_id = entries.subdomain(options.subdomain)
    if account_id != options.subdomain.strip():
        output.say(f"Taking {account_id!r} as the subdomain.")
    wish = Wish(
        account_id,
        entries.token(_typed_token(options)),
        base_url=options.base_url,
        kind=options.kind,
        region=options.region,
        member_id=options.member,
        expires_at=_expiry(options),
    )
    return _do(settings, wish, output)


def _reconnect(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        known = accounts.get(tx, options.account)
    token = entries.token(_typed_token(options))
    wish = Wish(
        known.account_id, token, base_url=known.base_url, region=known.region, expires_at=_expiry(options)
    )
    return _do(settings, wish, output, adopt=True)  # a lost key must not lock everybody out for good


def _do(settings: Settings, wish: Wish, output: Output, *, adopt: bool = False) -> int:
    with wiring.opened_ledger(settings) as ledger:
        vault = wiring.opened_vault(settings, ledger, adopt=adopt)
        done = connect(
            settings, ledger, vault, wish, clock=utc_now, actor=f"{getpass.getuser()} (command line)"
        )
    for remark in done.remarks:
        output.say(remark)
    output.answer(_document(done), lambda: _text(done))
    return 0


def _expiry(options: argparse.Namespace) -> Any:
    return None if options.expires is None else entries.expiry(options.expires, utc_now())


def _typed_token(options: argparse.Namespace) -> str:
    """Never from the command line itself, where every process of the machine could read it."""
    if options.token_stdin:
        return sys.stdin.read(MAX_TOKEN_BYTES)
    if options.token_file:
        try:
            return str(options.token_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageProblem(f"The token file {options.token_file} cannot be read: {error}.") from None
    if sys.stdin.isatty():
        try:
            return getpass.getpass("API token (it is not shown): ")
        except EOFError:
            raise UsageProblem("No token was typed. Nothing was changed.") from None
    raise UsageProblem("Hand the token over with --token-stdin or --token-file FILE.")


def _document(done: Connected) -> dict[str, Any]:
    return {
        "account_id": done.account_id,
        "name": done.name,
        "is_new": done.is_new,
        "token_kind": done.kind,
        "scopes": done.scopes,
        "expires_at": done.expires_at,
        "remarks": done.remarks,
    }


def _text(done: Connected) -> str:
    verb = "Connected" if done.is_new else "Reconnected"
    found = ", ".join(scope for scope, present in done.scopes.items() if present) or "not known"
    expires = f"until {when(done.expires_at)}" if done.expires_at else "expiry not given (--expires DATE)"
    return (
        f"{verb} {done.name} ({done.account_id}): {done.kind} token, {expires}; scopes: {found}.\n"
        "A running agent picks it up by itself; else start one with 'python -m agent sync' or 'run'."
    )
