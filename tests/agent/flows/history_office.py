"""What people do to the jobs of a history's world, to its members and to mappings."""

import random
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.model import Activity
from sandbox.stamps import hex_id
from storage import reads
from storage.ledger import mappings
from storage.ledger.mappings import Changes, MappingProblem
from tests.agent.flows.history_world import Scene

STAGES = ("applied", "assessment", "phone-screen", "interview", "offer")
TEMPLATES = ("tpl-general", "tpl-sales", "tpl-tech")


@dataclass(frozen=True)
class Saved:
    """A mapping as saved at `at` (milliseconds); `is_own` False: the job follows the default again."""

    at: int
    job: str
    stage: int | None
    slug: str | None = None
    template: str | None = None
    trigger: str = "both"
    targets: frozenset[str] = frozenset()
    is_own: bool = True


@dataclass
class Past:
    """`emails` are those that candidates first had, `gone` the timelines of those that were deleted; at each of
    the `calms` nothing was left to do.
    """

    saved: list[Saved] = field(default_factory=list)
    emails: dict[str, str | None] = field(default_factory=dict)
    gone: dict[str, list[Activity]] = field(default_factory=dict)
    calms: list[int] = field(default_factory=list)


class Office:
    """Jobs are all but the sample; `away` are members who have left."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.chance = random.Random(seed)
        self.past = Past()
        self.away: list[str] = []
        self.jobs = [job for job, one in scene.account.jobs.items() if not one.sample]
        members = scene.account.members.values()
        self.admins = [hex_id(m.id) for m in members if m.active and m.role == "admin"]

    def rename_stage(self) -> None:
        job, slug = self.chance.choice(self.jobs), self.chance.choice(STAGES)
        if any(stage.slug == slug for stage in self.scene.account.stages_of(job)):
            self.scene.account.rename_stage(job, slug, f"{slug.title()} {self.chance.randrange(100)}")

    def delete_stage(self) -> None:
        """Seldom, and never the stage that everything begins with."""
        job, slug = self.chance.choice(self.jobs), self.chance.choice(STAGES[1:])
        slugs = [stage.slug for stage in self.scene.account.stages_of(job)]
        if slug in slugs and self.chance.random() < 0.4:
            self.scene.account.delete_stage(job, slug)

    def shut(self) -> None:
        self.scene.account.set_job_state(
            self.chance.choice(self.jobs), self.chance.choice(("archived", "draft"))
        )

    def open(self) -> None:
        shut = [job for job in self.jobs if self.scene.account.job(job).state != "published"]
        if shut:
            self.scene.account.set_job_state(self.chance.choice(shut), "published")

    def member_leaves_or_returns(self) -> None:
        """At most one is away, so that somebody is left to write as."""
        if self.away:
            self.scene.account.enable_member(self.away.pop())
        else:
            self.away.append(self.chance.choice(self.admins))
            self.scene.account.deactivate_member(self.away[-1])

    def map(self) -> None:
        job = "" if not self.past.saved else self.chance.choice(("", "", *self.jobs))
        stage = self.chance.choice(("phone-screen", "phone-screen", "interview", "assessment"))
        template = self.chance.choice((*TEMPLATES, "tpl-general", "tpl-general"))
        trigger = self.chance.choice(("both", "both", "both", "moved", "created"))
        targets = [slug for slug in STAGES if slug != stage]
        wanted = {
            "pass_stage": self.chance.choice((None, *targets[2:])),
            "fail_stage": self.chance.choice((None, None, targets[0])),
        }
        ends = self.chance.random() < 0.5
        self._save(job, stage, wanted, template_id=template, trigger=trigger, pass_score=60, notes_ends=ends)

    def switch_off(self) -> None:
        self._save(self.chance.choice(("", *self.jobs)), None, {})

    def follow_default(self) -> None:
        job = self.chance.choice(self.jobs)
        now = self.scene.clock()
        with self.scene.engine.tools.ledger.write() as tx:
            mappings.follow_default(tx, "acme", job, actor="a test", now=now)
        self.past.saved.append(Saved(self.scene.at(), job, None, is_own=False))

    def _save(self, job: str, slug: str | None, moves: dict[str, str | None], **changes: Any) -> None:
        now = self.scene.clock()
        with self.scene.engine.tools.ledger.write() as tx:
            ids = {row["slug"]: row["stage_id"] for row in reads.pipelines(tx, "acme").get(job, [])}
            if slug is not None and slug not in ids:
                return
            targets = {name: ids.get(stage) if stage else None for name, stage in moves.items()}
            members = {"member_id": self.admins[0], "fallback_member_id": self.admins[1]}
            given = msgspec.convert(members | targets | changes, Changes)
            stage_id = None if slug is None else ids[slug]
            try:
                mappings.save(tx, "acme", job, stage_id, given, actor="a test", now=now)
            except MappingProblem:
                return
        told = frozenset(stage for stage in moves.values() if stage)
        stage = None if stage_id is None else int(stage_id)
        template, trigger = changes.get("template_id"), changes.get("trigger", "both")
        self.past.saved.append(Saved(self.scene.at(), job, stage, slug, template, trigger, told))
