"""`map`: which stage starts which interview, and what is written back to Workable."""

import argparse
from typing import Any

import msgspec
from sqlalchemy import Connection

from agent import wiring
from agent.commands import choosing, mapping_words
from agent.commands.asking import actor, agreed
from agent.commands.choosing import NONE, Choice
from agent.errors import UsageProblem
from agent.output import Output
from agent.rules import stages
from storage import interview_reads
from storage.clock import utc_now
from storage.interview_reads import Reach
from storage.ledger import accounts, mappings, schema, templates
from storage.ledger.database import Ledger
from storage.ledger.mappings import Changes, MappingProblem, Rule
from storage.records import Stage
from storage.settings import Settings

PARTICULARS = (
    "stage", "template", "on", "member", "fallback_member", "scale", "thresholds", "pass_score",
    "pass_stage", "fail_stage", "visibility", "applicants", "note_ends",
)  # fmt: skip


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    sub = commands.add_parser(
        "map", parents=[common], help="say which stage starts which interview; alone, show what is mapped"
    )
    sub.add_argument("--account", required=True)
    sub.add_argument(
        "--job", metavar="SHORTCODE", help="only this job; left out: all without one of their own"
    )
    sub.add_argument("--stage", metavar="NAME|SLUG|ID|none", help="reaching it starts the interview")
    sub.add_argument("--template", metavar="ID", help="the interview, by id or name")
    sub.add_argument("--on", choices=["created", "moved", "both"], help="how the stage has to be reached")
    sub.add_argument("--member", metavar="ID", help="in whose name things are written")
    sub.add_argument("--fallback-member", metavar="ID|none", help="who does when that member cannot")
    sub.add_argument("--scale", choices=["stars", "thumbs", "numbers"], help="of the rating")
    sub.add_argument("--thresholds", metavar="N,N,...", help="lowest score of each grade above the first")
    sub.add_argument("--pass-score", metavar="N|none", help="passed from this score on; none: as graded")
    sub.add_argument("--pass-stage", metavar="SLUG|none", help="where who passes is moved")
    sub.add_argument("--fail-stage", metavar="SLUG|none", help="where who fails is moved")
    sub.add_argument("--visibility", metavar="ROLE,...|default", help="which roles see the comments")
    sub.add_argument(
        "--applicants",
        choices=["off", "sourced", "applied"],
        help="what who applies by the open link becomes",
    )
    sub.add_argument(
        "--note-ends", action=argparse.BooleanOptionalAction, help="note an interview without a result"
    )
    sub.add_argument("--follow-default", action="store_true", help="drop the job's own mapping")
    sub.add_argument("--history", action="store_true", help="show every version, with who saved it")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.set_defaults(command=_map)


def _map(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    with wiring.opened_ledger(settings) as ledger:
        with ledger.read() as tx:
            accounts.get(tx, options.account)
            where = choosing.job(tx, options.account, options.job)
        given = [name for name in PARTICULARS if getattr(options, name) is not None]
        if options.follow_default:
            _follow_default(ledger, options, where, given, output)
        elif given:
            _save(settings, ledger, options, where, output)
        else:
            _show(ledger, options, where, output)
    return 0


def _show(ledger: Ledger, options: argparse.Namespace, where: Choice, output: Output) -> None:
    with ledger.read() as tx:
        names = _template_names(tx)
        if options.history:
            rules = mappings.history(tx, options.account, where.key)
        else:
            rules = mappings.every_current(tx, options.account)
    if options.job is not None and not options.history:
        rules = [rule for rule in rules if rule.job_shortcode == where.key]
    show = mapping_words.history if options.history else mapping_words.shown
    nothing = "Nothing is mapped, so nobody is invited. Map a stage with --stage and --template."
    if options.job is not None:
        nothing = f"{where} has no mapping of its own; it follows the account's default."
    output.answer(
        {"account_id": options.account, "mappings": rules}, lambda: show(rules, names) if rules else nothing
    )


def _template_names(tx: Connection) -> dict[str, str]:
    return {one.template_id: one.name for one in templates.every(tx)}


def _follow_default(
    ledger: Ledger, options: argparse.Namespace, where: Choice, given: list[str], output: Output
) -> None:
    if not where.key or given:
        raise UsageProblem("--follow-default goes with --job and nothing else: it drops that job's mapping.")
    _agreed(f"{where} would follow the account's default mapping.", options, output)
    with ledger.write() as tx:
        mappings.follow_default(tx, options.account, where.key, actor=actor(), now=utc_now())
    sentence = f"{where} follows the account's default mapping."
    output.answer({"account_id": options.account, "job": where.key, "says": [sentence]}, lambda: sentence)


def _save(
    settings: Settings, ledger: Ledger, options: argparse.Namespace, where: Choice, output: Output
) -> None:
    changes = _changes(settings, ledger, options, where, output)
    with ledger.read() as tx:
        stage = _trigger_stage(tx, options, where)
        reach = _reach(tx, options.account, where, stage)
    _agreed(mapping_words.before(where, reach, stage), options, output)
    rule = _saved(ledger, options.account, where, stage, changes)
    with ledger.read() as tx:
        account = accounts.get(tx, options.account)
        others = sum(bool(one.job_shortcode) for one in mappings.every_current(tx, options.account))
        told = mapping_words.saved(rule, where, reach, _template_names(tx), others)
    if rule.stage is not None and not (rule.member_id or account.member_id):
        told.append(mapping_words.no_member(options.account))
    output.answer(
        {"account_id": options.account, "mapping": rule, "reach": reach, "says": told},
        lambda: "\n".join(told),
    )


def _saved(ledger: Ledger, account_id: str, where: Choice, stage: Choice | None, changes: Changes) -> Rule:
    try:
        with ledger.write() as tx:
            key = None if stage is None else stage.key
            mappings.save(tx, account_id, where.key, key, changes, actor=actor(), now=utc_now())
            rule = mappings.effective(tx, account_id, where.key)
    except MappingProblem as problem:
        raise UsageProblem(str(problem)) from None
    if rule is None:
        raise UsageProblem("The mapping was changed by somebody else meanwhile. Look at it, and try again.")
    return rule


def _reach(tx: Connection, account_id: str, where: Choice, stage: Choice | None) -> Reach | None:
    if stage is None:
        return None
    return interview_reads.reach(tx, account_id, where.key, stage.name, utc_now())


def _agreed(concerned: str, options: argparse.Namespace, output: Output) -> None:
    """Raises UsageProblem for a no, and when nobody is there to answer."""
    if not options.yes:
        agreed(f"{concerned}\nSave this mapping? [y/N] ", output)


def _trigger_stage(tx: Connection, options: argparse.Namespace, where: Choice) -> Choice | None:
    """The one typed; else the one that counts now, found again in the job's own pipeline."""
    if options.stage is not None:
        return choosing.stage(tx, options.account, where, options.stage)
    rule = mappings.effective(tx, options.account, where.key)
    if rule is None:
        raise UsageProblem("Nothing is mapped there yet; name the stage with --stage.")
    if rule.stage is None:
        return None
    found = stages.resolve(rule.stage, _pipeline(tx, options.account, where.key)).stage
    if found is None:
        raise UsageProblem(
            f"The mapped stage {rule.stage.name!r} is not there any more; name one with --stage."
        )
    return Choice(found.stage_id, found.name, found.slug)


def _pipeline(tx: Connection, account_id: str, job_shortcode: str) -> list[Stage]:
    s = schema.board_stages
    mine = (s.c.account_id == account_id, s.c.job_shortcode == job_shortcode)
    rows = tx.execute(s.select().where(*mine).order_by(s.c.position))
    return [Stage(row.stage_id, row.slug, row.name, row.kind, row.position) for row in rows]


def _changes(
    settings: Settings, ledger: Ledger, options: argparse.Namespace, where: Choice, output: Output
) -> Changes:
    values: dict[str, Any] = {
        "trigger": options.on,
        "scale": options.scale,
        "applicants": options.applicants,
        "notes_ends": options.note_ends,
        "thresholds": _numbers(options.thresholds),
    }
    values = {name: value for name, value in values.items() if value is not None}
    if options.template is not None:
        values["template_id"] = choosing.template(settings, ledger, options.template, output).key
    with ledger.read() as tx:
        values |= _people(tx, options, output) | _moves(tx, options, where)
    if options.pass_score is not None:
        values["pass_score"] = None if options.pass_score == NONE else _number(options.pass_score)
    if options.visibility is not None:
        roles = tuple(role.strip() for role in options.visibility.split(",") if role.strip())
        if not roles:
            raise UsageProblem(mappings.NO_ROLES)
        values["visibility"] = None if roles == ("default",) else roles
    return msgspec.convert(values, Changes)


def _people(tx: Connection, options: argparse.Namespace, output: Output) -> dict[str, Any]:
    """`none` for a member lets the account's count."""
    values = {}
    for option, name in (("member", "member_id"), ("fallback_member", "fallback_member_id")):
        typed = getattr(options, option)
        if typed is not None:
            is_none = typed.casefold() == NONE
            values[name] = None if is_none else choosing.member(tx, options.account, typed, output)
    return values


def _moves(tx: Connection, options: argparse.Namespace, where: Choice) -> dict[str, Any]:
    values = {}
    for name in ("pass_stage", "fail_stage"):
        typed = getattr(options, name)
        if typed is not None:
            found = choosing.stage(tx, options.account, where, typed)
            values[name] = None if found is None else found.key
    return values


def _numbers(typed: str | None) -> tuple[int, ...] | None:
    return None if typed is None else tuple(_number(part) for part in typed.split(","))


def _number(typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise UsageProblem(f"{typed!r} is no whole number.") from None
