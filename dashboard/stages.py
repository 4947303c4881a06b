"""The rules of the mapping editor: the choices, their meaning, and what became of a mapped stage.

A choice is a stage's label, FOLLOW or NOBODY; what is saved is the stage's id.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from dashboard import words
from storage import reads
from storage.ledger import mappings
from storage.ledger.mappings import DEFAULT, Changes, MappingProblem

# Screen readers are told these values and not how the editor shows them, so they are words.
FOLLOW = words.ACCOUNT_DEFAULT
NOBODY = words.NO_STAGE
LIVE = ("published", "closed")


class Pipelines(msgspec.Struct, frozen=True):
    """An account's jobs, stages and mappings as they are in the ledger now."""

    jobs: list[dict[str, Any]]
    stages: dict[str, list[dict[str, Any]]]
    saved: dict[str, reads.JobMapping]

    def title(self, shortcode: str) -> str:
        titles = (job["title"] for job in self.jobs if job["shortcode"] == shortcode)
        return next(titles, "").strip() or shortcode


class Notice(msgspec.Struct, frozen=True):
    """What a visitor should know of a mapped stage; `is_trouble` when it keeps interviews from starting."""

    sentence: str
    is_trouble: bool


def load(tx: Connection, account_id: str) -> Pipelines:
    return Pipelines(
        reads.jobs(tx, account_id), reads.pipelines(tx, account_id), reads.current_mappings(tx, account_id)
    )


def labels(stages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Stage ids by label. Of two stages of one name, or one that reads like a choice, it carries the slug."""
    names = Counter([FOLLOW, NOBODY, *(stage["name"] for stage in stages)])
    return {
        stage["name"] if names[stage["name"]] == 1 else f"{stage['name']} ({stage['slug']})": stage[
            "stage_id"
        ]
        for stage in stages
    }


def saved_choice(found: Pipelines, shortcode: str) -> str:
    """What the editor shows for what is saved; a stage that is gone shows as such."""
    mapping = found.saved.get(shortcode)
    if mapping is None:
        return FOLLOW if shortcode else NOBODY
    if mapping.stage_id is None:
        return NOBODY
    by_id = {stage_id: label for label, stage_id in labels(found.stages.get(shortcode, [])).items()}
    return by_id.get(mapping.stage_id) or words.GONE.format(stage=mapping.stage_name)


def options(found: Pipelines, shortcodes: Sequence[str]) -> list[str]:
    """Every choice that makes sense for some of the jobs: the editor knows only one list for all its rows."""
    known: dict[str, None] = dict.fromkeys(labels(found.stages.get(DEFAULT, [])))
    for shortcode in shortcodes:
        known |= dict.fromkeys(labels(found.stages.get(shortcode, [])))
        known |= dict.fromkeys([saved_choice(found, shortcode)])
    return [FOLLOW, NOBODY, *(label for label in known if label not in (FOLLOW, NOBODY))]


def save(
    tx: Connection,
    account_id: str,
    found: Pipelines,
    draft: Mapping[str, str],
    *,
    actor: str,
    now: Any,
    changes: Mapping[str, Changes] | None = None,
) -> None:
    """Save each choice of the draft and what else `changes`, by job, all or none.

    The default comes first: a job's first mapping begins with it. Raises MappingProblem with the sentence
    to show.
    """
    more = changes or {}
    for shortcode in sorted({*draft, *more}):
        choice = draft.get(shortcode) or saved_choice(found, shortcode)
        if choice == FOLLOW:
            mappings.follow_default(tx, account_id, shortcode, actor=actor, now=now)
        else:
            stage_id = None if choice == NOBODY else _stage_id(found, shortcode, choice)
            mappings.save(tx, account_id, shortcode, stage_id, more.get(shortcode), actor=actor, now=now)


def with_own_stage(found: Pipelines, draft: Mapping[str, str]) -> list[str]:
    """Jobs for which a stage of their own is chosen, saved or not, in the order of the jobs."""
    chosen = {code: saved_choice(found, code) for code in found.saved if code} | dict(draft)
    known = [job["shortcode"] for job in found.jobs]
    return [code for code in known if chosen.get(code, FOLLOW) not in (FOLLOW, NOBODY)]


def _stage_id(found: Pipelines, shortcode: str, choice: str) -> str:
    known = labels(found.stages.get(shortcode, []))
    job = found.title(shortcode) if shortcode else words.DEFAULT_PIPELINE
    if not known:
        raise MappingProblem(words.STAGES_UNKNOWN.format(job=job))
    if choice not in known:
        raise MappingProblem(words.NO_SUCH_STAGE.format(job=job, stage=choice, stages=", ".join(known)))
    return known[choice]


def stage_name(found: Pipelines, shortcode: str, choice: str) -> str:
    """The name of the chosen stage without the slug that tells two of one name apart."""
    stage_id = labels(found.stages.get(shortcode, [])).get(choice)
    names = (s["name"] for s in found.stages.get(shortcode, []) if s["stage_id"] == stage_id)
    return next(names, choice)


def notices(found: Pipelines) -> list[Notice]:
    """What became of mapped stages, jobs that lack the default's stage, or that nothing is mapped."""
    if not any(mapping.stage_id for mapping in found.saved.values()):
        return [Notice(words.NOTHING_MAPPED, is_trouble=False)]
    told = [notice for shortcode in found.saved if (notice := _notice(found, shortcode))]
    if lacking := without_default(found):
        stage = found.saved[DEFAULT].stage_name
        jobs = words.plural(len(lacking), "job")
        told.append(Notice(words.DEFAULT_MISSING.format(jobs=jobs, stage=stage), is_trouble=True))
    return told


def _notice(found: Pipelines, shortcode: str) -> Notice | None:
    mapping = found.saved[shortcode]
    stages = found.stages.get(shortcode, [])
    if mapping.stage_id is None or not stages:
        return None
    where = f"“{found.title(shortcode)}”" if shortcode else words.DEFAULT_PIPELINE
    name = next((s["name"] for s in stages if s["stage_id"] == mapping.stage_id), None)
    if name is None:
        return Notice(words.STAGE_GONE.format(stage=mapping.stage_name, where=where), is_trouble=True)
    if name != mapping.stage_name:
        sentence = words.STAGE_RENAMED.format(old=mapping.stage_name, new=name, where=where)
        return Notice(sentence, is_trouble=False)
    return None


def is_gone(found: Pipelines, shortcode: str) -> bool:
    notice = _notice(found, shortcode) if shortcode in found.saved else None
    return notice is not None and notice.is_trouble


def without_default(found: Pipelines) -> list[str]:
    """Live jobs that follow the account's default although their own pipeline has no stage like it."""
    mapping = found.saved.get(DEFAULT)
    default = next(
        (s for s in found.stages.get(DEFAULT, []) if mapping and s["stage_id"] == mapping.stage_id), None
    )
    if default is None:
        return []
    return [
        job["shortcode"]
        for job in found.jobs
        if job["state"] in LIVE and job["shortcode"] not in found.saved
        if not _has(found.stages.get(job["shortcode"], []), default)
    ]


def _has(stages: Sequence[Mapping[str, Any]], default: Mapping[str, Any]) -> bool:
    """True as well when the job's stages are not known, because then nothing can be said."""
    same = (s["stage_id"] == default["stage_id"] or s["slug"] == default["slug"] for s in stages)
    return not stages or any(same)
