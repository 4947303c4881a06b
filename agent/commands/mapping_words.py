"""Says in words what a mapping does, and shows mappings and their versions as tables."""

from collections.abc import Mapping, Sequence

from agent.commands.choosing import Choice
from agent.output import table, when
from storage.interview_reads import Reach
from storage.ledger.mappings import Rule

WAYS = {"both": "reach", "moved": "are moved to", "created": "begin in"}
ON = {"both": "reaching it", "moved": "a move", "created": "creation"}


def before(where: Choice, reach: Reach | None, stage: Choice | None) -> str:
    """Whom it concerns, before it is saved."""
    if stage is None or reach is None:
        return f"No stage would start an interview in {_place(where)}: nobody is invited."
    return f"{_people(reach.now)} in {stage.name!r} now and will not be invited. {reach.told()}"


def saved(
    rule: Rule, where: Choice, reach: Reach | None, templates: Mapping[str, str], others: int
) -> list[str]:
    """One sentence each about whom it invites and what is written back; `others` are jobs not concerned."""
    place = _place(where)
    if rule.stage is None:
        return [f"No stage starts an interview in {place}: nobody is invited."]
    told = [_invites(rule, place, templates)]
    if not where.key and others:
        told.append(f"Jobs with a mapping of their own ({others:,}) go by that.")
    if reach is not None:
        are = "is" if reach.now == 1 else "are"
        told.append(f"{reach.now:,} {are} there now and will not be invited. {reach.told()}")
    return [*told, *_writes(rule), *_extras(rule)]


def _place(where: Choice) -> str:
    return str(where) if where.key else "any job"


def _people(number: int) -> str:
    return f"{number:,} candidate is" if number == 1 else f"{number:,} candidates are"


def _invites(rule: Rule, place: str, templates: Mapping[str, str]) -> str:
    stage = rule.stage.name if rule.stage else ""
    who = f"Candidates who {WAYS[rule.trigger]} {stage!r} in {place} from now on"
    if rule.template_id is None:
        return f"{who} are not invited yet: choose an interview with --template."
    return f"{who} are invited to {templates.get(rule.template_id, rule.template_id)!r}."


def _writes(rule: Rule) -> list[str]:
    """What becomes of a result."""
    member = f" in the name of member {rule.member_id}" if rule.member_id else ""
    told = [f"Results are rated in {rule.scale} and told in a comment{member}."]
    passed = "With a pass" if rule.pass_score is None else f"With a score of {rule.pass_score} or more"
    if rule.pass_stage:
        told.append(f"{passed} the candidate is moved to {rule.pass_stage.name!r}.")
    if rule.fail_stage:
        below = "Without a pass" if rule.pass_score is None else f"With less than {rule.pass_score}"
        told.append(f"{below} the candidate is moved to {rule.fail_stage.name!r}.")
    return told


def _extras(rule: Rule) -> list[str]:
    told = []
    if rule.visibility is not None:
        told.append(f"Comments are shown only to {', '.join(rule.visibility)}.")
    if rule.applicants == "sourced":
        told.append("Who applies by the interview's open link becomes a sourced candidate.")
    if rule.applicants == "applied":
        told.append("Who applies by the interview's open link becomes an applicant, and Workable mails them.")
    if rule.notes_ends:
        told.append("A note tells when an interview ends without a result.")
    return told


def no_member(account_id: str) -> str:
    return (
        "No member is set in whose name things are written, so nothing can be written to Workable: "
        f"give one with --member, or for all mappings with 'python -m agent account --account {account_id} "
        "--member ID'."
    )


def shown(rules: Sequence[Rule], templates: Mapping[str, str]) -> str:
    """The mappings that count now."""
    heads = ["JOB", "STAGE", "STARTS ON", "INTERVIEW", "SCALE", "PASS", "MOVES TO", "COUNTS SINCE"]
    return table(heads, [[rule.job_shortcode or "(default)", *_row(rule, templates)] for rule in rules])


def history(rules: Sequence[Rule], templates: Mapping[str, str]) -> str:
    """Every version, the newest first."""
    heads = [
        "VERSION",
        "STAGE",
        "STARTS ON",
        "INTERVIEW",
        "SCALE",
        "PASS",
        "MOVES TO",
        "SAVED",
        "BY",
        "UNTIL",
    ]
    rows = []
    for rule in rules:
        until = when(rule.replaced_at) if rule.replaced_at else "now"
        rows.append([str(rule.version), *_row(rule, templates), rule.saved_by, until])
    return table(heads, rows)


def _row(rule: Rule, templates: Mapping[str, str]) -> list[str]:
    interview = templates.get(rule.template_id or "", rule.template_id) or "(none yet)"
    passing = "as graded" if rule.pass_score is None else str(rule.pass_score)
    moves = [stage.name if stage else "-" for stage in (rule.pass_stage, rule.fail_stage)]
    since = when(rule.active_from)
    if rule.stage is None:
        return ["(none)", "-", "-", "-", "-", "-", since]
    return [rule.stage.name, ON[rule.trigger], interview, rule.scale, passing, " / ".join(moves), since]
