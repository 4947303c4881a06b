"""The rules of the mapping's particulars: what is saved, what a draft changes, and what is missing.

A draft holds values as the widgets give them: '' for "none", thresholds as text, stages by their id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from dashboard import interview_words as told
from dashboard.stages import Notice
from storage import interview_reads
from storage.interview_reads import Member, Template
from storage.ledger import accounts
from storage.ledger.mappings import DEFAULT, USUAL, Changes, MappedStage, MappingProblem, Rule

NONE = ""
Values = dict[str, Any]


class Known(msgspec.Struct, frozen=True):
    """What the form offers and what is saved. `member_id` is the account's own acting member."""

    rules: dict[str, Rule]
    templates: list[Template]
    members: list[Member]
    member_id: str | None
    fallback_member_id: str | None

    def member_name(self, member_id: str | None) -> str:
        names = (m.name.strip() for m in self.members if m.member_id == member_id)
        return next(names, "") or str(member_id)

    def template_name(self, template_id: str) -> str:
        names = (t.name.strip() for t in self.templates if t.template_id == template_id)
        return next(names, "") or template_id


def load(tx: Connection, account_id: str) -> Known:
    account = accounts.get(tx, account_id)
    return Known(
        interview_reads.rules(tx, account_id),
        interview_reads.templates(tx),
        interview_reads.members(tx, account_id),
        account.member_id,
        account.fallback_member_id,
    )


def saved(known: Known, job: str, stages: Sequence[Mapping[str, Any]]) -> Values:
    """What the form shows for a job; one without a mapping of its own begins with the default's."""
    rule = known.rules.get(job) or known.rules.get(DEFAULT)
    if rule is None:
        values: Values = dict(USUAL)
    else:
        values = {name: getattr(rule, name) for name in Changes.__struct_fields__}
    for name in ("template_id", "member_id", "fallback_member_id"):
        values[name] = values[name] or NONE
    for name in ("pass_stage", "fail_stage"):
        values[name] = _stage_id(values[name], stages)
    values["thresholds"] = ", ".join(map(str, values["thresholds"] or ()))
    values["visibility"] = list(values["visibility"] or ())
    return values


def _stage_id(mapped: MappedStage | None, stages: Sequence[Mapping[str, Any]]) -> str:
    """The stage's id in this pipeline; a stage of the default's is another of the same slug here."""
    if mapped is None:
        return NONE
    ids = [s["stage_id"] for s in stages if s["stage_id"] == mapped.stage_id]
    return str(next(iter(ids + [s["stage_id"] for s in stages if s["slug"] == mapped.slug]), mapped.stage_id))


def forget_saved(draft: Values, before: Values) -> None:
    for name in [name for name, value in draft.items() if value == before[name]]:
        del draft[name]


def changes(draft: Values) -> Changes:
    """Raises MappingProblem when the thresholds are no numbers."""
    values: Values = {name: None if value == NONE else value for name, value in draft.items()}
    if "thresholds" in draft:
        values["thresholds"] = _thresholds(draft["thresholds"])
    if "visibility" in draft:
        values["visibility"] = tuple(draft["visibility"]) or None
    return Changes(**values)


def _thresholds(text: str) -> tuple[int, ...] | None:
    parts = text.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise MappingProblem(told.BAD_THRESHOLDS.format(text=text))
    return tuple(map(int, parts)) or None


def notices(known: Known, titles: Mapping[str, str]) -> list[Notice]:
    """What keeps mapped stages from inviting anybody, or from writing anything."""
    mapped = {job: rule for job, rule in known.rules.items() if rule.stage is not None}
    if not mapped:
        return []
    found = [] if known.templates else [Notice(told.PLATFORM_NOT_READ, is_trouble=True)]
    for job, rule in mapped.items():
        where = told.where(job, titles.get(job, job))
        sentences = [_template_problem(known, rule, where), _member_problem(known, rule, where)]
        found += [Notice(sentence, is_trouble=True) for sentence in sentences if sentence]
    return found


def _template_problem(known: Known, rule: Rule, where: str) -> str | None:
    if rule.template_id is None:
        return told.TEMPLATE_MISSING.format(where=where) if known.templates else None
    gone = {t.template_id for t in known.templates if t.gone_at is not None}
    if rule.template_id not in gone:
        return None
    return told.TEMPLATE_GONE.format(where=where, name=known.template_name(rule.template_id))


def _member_problem(known: Known, rule: Rule, where: str) -> str | None:
    first = rule.member_id or known.member_id
    if first is None:
        return told.MEMBER_MISSING.format(where=where)
    inactive = {m.member_id for m in known.members if not m.is_active}
    second = rule.fallback_member_id or known.fallback_member_id
    if first not in inactive or (second is not None and second not in inactive):
        return None
    return told.MEMBER_INACTIVE.format(name=known.member_name(first), where=where)


def history(versions: Sequence[Rule], known: Known) -> list[dict[str, Any]]:
    """Each version with what it changed, the newest first as they are given."""
    rows = []
    for rule, before in zip(versions, [*versions[1:], None], strict=True):
        rows.append(
            {
                "version": rule.version,
                "at": rule.saved_at,
                "by": rule.saved_by,
                "stage": rule.stage.name if rule.stage else None,
                "what": _difference(rule, before, known),
            }
        )
    return rows


def _difference(rule: Rule, before: Rule | None, known: Known) -> str:
    if before is None:
        return told.FIRST_VERSION
    changed = []
    if rule.stage != before.stage:
        changed.append(f"Stage: {rule.stage.name if rule.stage else 'none'}")
    for name, label in told.FIELDS.items():
        if getattr(rule, name) != getattr(before, name):
            changed.append(f"{label}: {_shown(name, getattr(rule, name), known)}")
    return "; ".join(changed) or told.NOTHING_CHANGED


def _shown(name: str, value: Any, known: Known) -> str:
    if value is None or value == ():
        return "none"
    if name == "template_id":
        return known.template_name(value)
    if name in ("member_id", "fallback_member_id"):
        return known.member_name(value)
    if isinstance(value, MappedStage):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
