"""`explain`: why a candidate was invited, or was not, with everything that led to it."""

import argparse
from typing import Any

from sqlalchemy import Connection, select

from agent import wiring
from agent.errors import UsageProblem
from agent.output import Output, when
from storage import interview_reads
from storage.explanations import Explanation, Seen, Send
from storage.ledger import accounts, decisions, schema
from storage.ledger.decisions import Decision
from storage.ledger.outbox import Effect
from storage.settings import Settings

KNOWING = (
    schema.trigger_states,
    schema.events,
    schema.decisions,
    schema.invites,
    schema.effects,
    schema.looks,
)


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    sub = commands.add_parser("explain", parents=[common], help="why a candidate was invited, or was not")
    sub.add_argument("candidate", metavar="CANDIDATE_ID", help="the id at the end of the candidate's address")
    sub.add_argument("--account", help="needed when several accounts know the id")
    sub.set_defaults(command=_explain)


def _explain(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    candidate_id = options.candidate.strip().casefold()
    with wiring.opened_ledger(settings) as ledger, ledger.read() as tx:
        account_id = options.account or _account(tx, candidate_id)
        accounts.get(tx, account_id)
        if not _knows(tx, account_id, candidate_id):
            raise UsageProblem(
                f"No candidate {candidate_id!r} has been seen in {account_id}. Check the id (the letters and "
                "digits that end the candidate's address in Workable), or wait for the next sync."
            )
        found = interview_reads.explain(tx, account_id, candidate_id)
    output.answer(found, lambda: "\n".join(_text(found)))
    return 0


def _account(tx: Connection, candidate_id: str) -> str:
    """The account that knows the id; the only one, if there is but one."""
    everyone = [account.account_id for account in accounts.listing(tx)]
    if len(everyone) == 1:
        return everyone[0]
    knowing = [account_id for account_id in everyone if _knows(tx, account_id, candidate_id)]
    if len(knowing) == 1:
        return knowing[0]
    if knowing:
        raise UsageProblem(
            f"Several accounts know {candidate_id!r}: say which with --account {'|'.join(knowing)}."
        )
    raise UsageProblem(f"No connected account has seen a candidate {candidate_id!r}. Check the id.")


def _knows(tx: Connection, account_id: str, candidate_id: str) -> bool:
    ids = decisions.known_as(tx, account_id, candidate_id)
    return any(
        tx.execute(
            select(table.c.account_id)
            .where(table.c.account_id == account_id, table.c.candidate_id.in_(ids))
            .limit(1)
        ).first()
        for table in KNOWING
    )


def _text(found: Explanation) -> list[str]:
    """The answer first, then who it is about, then what happened in the order of time."""
    lines = [found.answer, "", f"Candidate {found.candidate_id} of {found.account_id}{_place(found)}"]
    if len(found.known_as) > 1:
        lines.append(f"Known before as {', '.join(found.known_as[1:])}.")
    if found.rule is not None and found.rule.stage is not None:
        whose = f"job {found.rule.job_shortcode}" if found.rule.job_shortcode else "the account's default"
        lines.append(
            f"Mapped ({whose}, version {found.rule.version}): {found.rule.stage.name!r} starts interview "
            f"{found.rule.template_id or '(none chosen)'}, counting since {when(found.rule.active_from)}."
        )
    if found.look is not None:
        why = f" {found.look.last_error}" if found.look.last_error else ""
        lines.append(f"The timeline is to be read at {when(found.look.not_before)}.{why}")
    told = [f"  {when(at)}  {what}" for at, what in sorted(_happened(found), key=lambda pair: pair[0])]
    return [*lines, "", *told] if told else lines


def _place(found: Explanation) -> str:
    if found.job_title is None:
        return "."
    return f", in {found.job_title}" + (f" at {found.stage_name!r}." if found.stage_name else ".")


def _happened(found: Explanation) -> list[tuple[Any, str]]:
    told: list[tuple[Any, str]] = []
    told += [(event.occurred_at, _seen(event)) for event in found.events]
    told += [(decision.decided_at, _decided(decision)) for decision in found.decisions]
    told += [(i.planned_at, f"invite {i.invite_id} planned, now {i.state}") for i in found.invites]
    told += [(e.ended_at or e.sent_at or e.planned_at, _push(e)) for e in found.effects]
    return told + [(attempt.sent_at, _attempt(attempt)) for attempt in found.attempts]


def _seen(event: Seen) -> str:
    if event.kind in ("created", "appeared"):
        return f"first seen, in {event.to_stage!r}" if event.to_stage else "first seen"
    came = f" from {event.from_stage!r}" if event.from_stage else ""
    to = f" to {event.to_stage!r}" if event.to_stage else ""
    return f"seen: {event.kind}{came}{to}"


def _decided(decision: Decision) -> str:
    outcome = decision.outcome.replace("_", " ")
    entered = f"Entered {decision.stage_name!r} at {when(decision.entered_at)}."
    return f"decided: {outcome} ({decision.reason}). {decision.sentence} {entered}"


def _push(effect: Effect) -> str:
    why = f" {effect.sentence}" if effect.sentence else ""
    return f"push {effect.effect_id} {effect.kind}: {effect.state} ({effect.mark}){why}"


def _attempt(attempt: Send) -> str:
    status = f", HTTP {attempt.status}" if attempt.status else ""
    outcome = attempt.outcome or "no answer yet"
    return f"push {attempt.effect_id} sent, attempt {attempt.number}: {outcome}{status}"
