"""`doctor`: looks at everything the agent needs and says of each what is wrong and what to do."""

import argparse
import shutil
from functools import partial
from typing import Any

from agent import wiring
from agent.commands import checking_interviews
from agent.commands.check import Check, checked
from agent.connections import Connections
from agent.flows.connect import clock_remark
from agent.output import Output
from agent.work import Tools
from storage.clock import utc_now
from storage.ledger import accounts
from storage.ledger.database import Ledger
from storage.mirror import Mirror
from storage.settings import Settings
from storage.vault import Vault

LOW_DISK_BYTES = 1_000_000_000


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    doctor = commands.add_parser(
        "doctor", parents=[common], help="check settings, stores, clock, Workable and the interview platform"
    )
    doctor.set_defaults(command=_doctor)


def _doctor(settings: Settings, _options: argparse.Namespace, output: Output) -> int:
    checks = [
        Check("settings", True, f"read; data in {settings.data_dir.resolve()}, region {settings.region}")
    ]
    with wiring.opened_ledger(settings) as ledger:
        checks.append(Check("ledger", True, str(ledger.path)))
        checks += [
            checked("key", lambda: _key(settings, ledger)),
            checked("mirror", lambda: _mirror(settings)),
        ]
        checks.append(_disk(settings))
        if all(check.is_good for check in checks):
            checks += _workable(settings, ledger)
        checks += checking_interviews.look(settings, ledger)
    output.answer(
        checks, lambda: "\n".join(f"{'ok ' if c.is_good else 'BAD'}  {c.what}: {c.says}" for c in checks)
    )
    return 0 if all(check.is_good for check in checks) else 1


def _key(settings: Settings, ledger: Ledger) -> str:
    wiring.opened_vault(settings, ledger)
    return "fits the stored tokens"


def _mirror(settings: Settings) -> str:
    """Looked at only while no agent has it."""
    lock = wiring.agent_lock(settings)
    if not lock.acquire():
        return f"in use by the running agent (process {lock.holder()})"
    mirror = Mirror(settings.mirror_path, memory_limit=f"{settings.memory_mb}MB")
    try:
        with mirror.transaction() as tx:
            rows = tx.value("SELECT count(*) FROM workable.candidates")
        return f"{rows:,} candidates"
    finally:
        mirror.close()
        lock.release()


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.private_dir).free
    says = f"{free / 1e9:,.1f} GB free under {settings.data_dir.resolve()}"
    if free < LOW_DISK_BYTES:
        return Check("disk", False, f"{says}. Free some space: a published copy is as large as the mirror.")
    return Check("disk", True, says)


def _workable(settings: Settings, ledger: Ledger) -> list[Check]:
    vault = Vault(settings.secret_key)
    mirror = Mirror(settings.mirror_path)  # never opened here
    connections = Connections(Tools(settings, ledger, mirror, vault, utc_now, "doctor"))
    with ledger.read() as tx:
        connected = accounts.listing(tx)
    try:
        return [checked(account.account_id, partial(_answers, connections, account)) for account in connected]
    finally:
        connections.close()


def _answers(connections: Connections, account: accounts.Account) -> str:
    name = connections.look(account).workable.account().name
    return f"{name} answers; state {account.state}" + _skew(connections, account)


def _skew(connections: Connections, account: accounts.Account) -> str:
    remark = clock_remark(connections.look(account).budget, utc_now)
    return f". {remark}" if remark else ""
