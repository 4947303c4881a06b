"""Watches whether mapped stages are still there: one that is gone, or that two fit, pauses its job (B09)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from agent.rules import stages
from agent.work import Work
from storage import reads
from storage.ledger import mappings, problems
from storage.ledger.mappings import DEFAULT, Rule
from storage.records import Stage

DRIFT = "stage_drift"
LIVE = ("published", "closed")
NAMED = 3  # jobs that a sentence lists


def can_invite(work: Work) -> bool:
    """True when some mapping names a stage and an interview."""
    with work.tools.ledger.read() as tx:
        rules = mappings.every_current(tx, work.account_id)
    return any(rule.stage is not None and rule.template_id is not None for rule in rules)


def watch(work: Work) -> None:
    """Report and resolve what has become of the mapped stages."""
    with work.ledger_write() as tx:
        rules = {rule.job_shortcode: rule for rule in mappings.every_current(tx, work.account_id)}
        if not rules:
            return
        titles = {j["shortcode"]: j["title"] for j in reads.jobs(tx, work.account_id) if j["state"] in LIVE}
        pipelines = {code: _stages(rows) for code, rows in reads.pipelines(tx, work.account_id).items()}
        for shortcode, rule in rules.items():
            sentence = _sentence(rule, rules, titles, pipelines)
            _tell(tx, work.account_id, shortcode, sentence, work.now())


def _stages(rows: Sequence[Mapping[str, Any]]) -> list[Stage]:
    return [Stage(**{name: row[name] for name in Stage.__struct_fields__}) for row in rows]


def _tell(tx: Connection, account_id: str, shortcode: str, sentence: str | None, now: datetime) -> None:
    if sentence is None:
        problems.resolve(tx, account_id, DRIFT, subject=shortcode, now=now)
    else:
        problems.report(tx, account_id, DRIFT, sentence, subject=shortcode, now=now, needs_person=True)


def _sentence(
    rule: Rule, rules: dict[str, Rule], titles: dict[str, str], pipelines: dict[str, list[Stage]]
) -> str | None:
    """What is wrong with the mapping, if anything."""
    if rule.stage is None:
        return None
    if rule.job_shortcode != DEFAULT:
        mine = [rule.job_shortcode] if rule.job_shortcode in titles else []
    else:
        mine = [shortcode for shortcode in titles if shortcode not in rules]
    found = {
        code: stages.resolve(rule.stage, pipelines[code]).problem for code in mine if pipelines.get(code)
    }
    paused = sorted(code for code, problem in found.items() if problem is not None)
    if not paused:
        return None
    named = ", ".join(f"{titles[code]!r}" for code in paused[:NAMED])
    more = f" and {len(paused) - NAMED} more" if len(paused) > NAMED else ""
    what = "is not there any more, or two stages fit"
    return (
        f"Triggers paused in {named}{more}: the mapped stage {rule.stage.name!r} {what}. "
        "Nobody is invited there until a stage is chosen again."
    )
