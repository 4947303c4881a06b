"""`members` and `applicants`: who of the hiring team is on the interview platform, and who applied there."""

import argparse
from collections.abc import Mapping
from typing import Any

from agent import wiring
from agent.commands.asking import asked, document, told
from agent.output import Output, table, when
from storage import interview_reads
from storage.ledger import accounts, applicants
from storage.ledger.requests import Kind, Request, State
from storage.settings import Settings

PREVIEW = "preview"
WORDS = {
    "add": "add",
    "change": "change",
    "remove": "take off",
    "keep": "stays, as the last admin",
    "none": "as it should be",
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    members = commands.add_parser(
        "members", parents=[common], help="show who belongs on the interview platform, or see to it"
    )
    members.add_argument("--account", required=True)
    members.add_argument("--provision", action="store_true", help="do it, and from now on keep it so")
    members.add_argument("--recruiters", action="store_true", help="external recruiters too, as viewers")
    members.set_defaults(command=_members)
    applied = commands.add_parser(
        "applicants", parents=[common], help="who applied by an interview's open link"
    )
    applied.add_argument("--account", help="only this account's")
    applied.set_defaults(command=_applicants)


def _members(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    args = {"preview": not options.provision, "recruiters": options.recruiters}
    subject = "" if options.provision else PREVIEW
    done = asked(settings, options.account, Kind.PROVISION, args, output, subject=subject)
    if done.state != State.DONE:
        return told(done, output)
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        names = {one.member_id: one.name for one in interview_reads.members(tx, options.account)}
    output.answer(document(done), lambda: _text(options, done, names))
    return 0


def _text(options: argparse.Namespace, done: Request, names: Mapping[str, str]) -> str:
    changes = (done.result or {}).get("changes", [])
    rows = [
        [
            one["member_id"],
            names.get(one["member_id"], ""),
            one["role_there"] or "(gone)",
            one["role_here"],
            WORDS[one["change"]],
        ]
        for one in changes
    ]
    lines = [table(["MEMBER", "NAME", "IN WORKABLE", "ON THE PLATFORM", "CHANGE"], rows)] if rows else []
    lines.append(done.note or "")
    if not options.provision and any(one["change"] not in ("none", "keep") for one in changes):
        more = " --recruiters" if options.recruiters else ""
        lines.append(
            f"To do it: 'python -m agent members --account {options.account} --provision{more}'. "
            "From then on members are kept so by themselves."
        )
    return "\n".join(lines)


def _applicants(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        if options.account:
            accounts.get(tx, options.account)
        found = applicants.listing(tx, options.account)
    heads = ["APPLICANT", "JOB", "ACCOUNT", "STATE", "CANDIDATE", "SEEN", "WHY"]
    rows = [
        [
            one.applicant_id,
            one.job_shortcode,
            one.account_id or "-",
            one.state,
            one.candidate_id or "-",
            when(one.seen_at),
            one.sentence or "",
        ]
        for one in found
    ]
    output.answer(found, lambda: table(heads, rows) if rows else "Nobody has applied by an open link yet.")
    return 0
