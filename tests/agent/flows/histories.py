"""Histories: what happens to many candidates of one world at once, chosen at random by a seed.

`Past` is what a history has done itself, and what the world's journal does not tell.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agent.flows import account as turns
from agent.flows import interviews
from agent.flows.candidates import WalkKind
from agent.flows.trial import trial
from agent.work import Work
from sandbox.errors import Refused
from sandbox.model import Activity, Candidate
from sandbox.stamps import hex_id, iso_ms
from storage import reads
from storage.ledger import mappings
from storage.ledger.mappings import Changes, MappingProblem
from tests.agent.flows.history_world import Scene

STAGES = ("applied", "assessment", "phone-screen", "interview", "offer")
TEMPLATES = ("tpl-general", "tpl-sales", "tpl-tech")
TICK = {"milliseconds": 2}
PAUSES: tuple[dict[str, float], ...] = (
    TICK, TICK, TICK, {"seconds": 0.3}, {"seconds": 1}, {"seconds": 2}, {"seconds": 30}, {"minutes": 4},
)  # fmt: skip
READS = ("server_error", "reset", "html", "truncated", "answer_lost", "duplicate_rows", "unknown_fields")
WRITES = ("server_error", "reset", "answer_lost", "error_after", "reset_body", "truncated", "html")
LISTS = (*READS, "short_page", "empty_page")
TROUBLE = (
    ("GET", "v3/candidates$", LISTS),
    ("GET", "v3/jobs$", LISTS),
    ("GET", "/stages$", READS),
    ("GET", "/activities$", (*READS, "not_found", "empty_page")),
    ("GET", "/candidates/[0-9a-f]+$", (*READS, "not_found")),
    ("POST", "/(comments|move|ratings)$", WRITES),
    ("PUT", "/ratings$", WRITES),
    ("POST", "^/platform/", WRITES),
    ("GET", "^/platform/interviews", READS),
)


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


class History:
    """`people` histories of one candidate each, told at once."""

    def __init__(self, scene: Scene, seed: int, people: int) -> None:
        self.scene = scene
        self.chance = random.Random(seed)
        self.past = Past()
        self.people: list[str] = []
        self.most = people
        self.begun = 0
        self.away: list[str] = []
        self.jobs = [job for job, one in scene.account.jobs.items() if not one.sample]
        members = scene.account.members.values()
        self.admins = [hex_id(m.id) for m in members if m.active and m.role == "admin"]

    def tell(self) -> Past:
        self._begin()
        weights = [weight for weight, _ in self._deeds()]
        deeds = [deed for _, deed in self._deeds()]
        while self.begun < self.most or self.chance.random() < 0.97:
            self.chance.choices(deeds, weights)[0]()
            self.scene.clock.forward(**self.chance.choice(PAUSES))
        self.calm(rounds=3)
        return self.past

    def _deeds(self) -> list[tuple[int, Callable[[], None]]]:
        return [
            (50, self.create),
            (130, self.move),
            (25, self.burst),
            (8, self.stay),
            (16, self.relocate),
            (12, self.copy),
            (10, self.disqualify),
            (9, self.revert),
            (3, self.anonymize),
            (7, self.delete),
            (14, self.edit),
            (4, self.rename_stage),
            (2, self.delete_stage),
            (2, self.shut),
            (12, self.open),
            (4, self.member_leaves_or_returns),
            (6, self.map),
            (1, self.switch_off),
            (3, self.follow_default),
            (25, self.interview_goes_on),
            (16, self.post),
            (3, self.forge),
            (14, self.fault),
            (18, self.poll),
            (20, self.steps),
            (8, self.look_at_platform),
            (3, self.walk),
            (1, self.trial),
            (7, self.calm),
        ]

    def _begin(self) -> None:
        """The mapping is there before everything is read, or after it."""
        self.past.emails |= {hex_id(one.id): one.email for one in self.scene.account.candidates.values()}
        poll: Callable[[Work], object] = lambda work: turns.poll(work, every=None)
        first: Callable[[Work], object] = lambda work: turns.walk(work, WalkKind.FIRST, _quiet)
        self.scene.do(poll)
        early = self.chance.random() < 0.5
        for step in (
            (self.map, lambda: self.scene.do(first)) if early else (lambda: self.scene.do(first), self.map)
        ):
            step()
        self.people += self.chance.sample([hex_id(number) for number in self.scene.account.ids], 3)

    # What people do to candidates

    def _somebody(self) -> str | None:
        """Rather one of the last."""
        if not self.people:
            return None
        return self.people[-1 - min(int(self.chance.expovariate(1 / 6)), len(self.people) - 1)]

    def _asked_for(self, job: str | None) -> str:
        """The stage that is likely to be mapped."""
        last = [one.slug for one in self.past.saved if one.slug and one.job in (job, "")]
        return last[-1] if last else "phone-screen"

    def create(self) -> None:
        account = self.scene.account
        job, stage = (
            self.chance.choice(self.jobs),
            self.chance.choice((None, "applied", "phone-screen", "interview")),
        )
        person: dict[str, Any] | None = None
        known = [email for email in self.past.emails.values() if email]
        if self.chance.random() < 0.2:  # somebody applies again
            person = {"firstname": "Ada", "lastname": "Again", "email": self.chance.choice(known)}
        try:
            made = account.create_candidate(job, person, sourced=self.chance.random() < 0.3, stage=stage)
        except Refused:
            return  # there is a candidate of that address in the job, or the job has lost the stage
        self._enters(made)

    def _enters(self, made: Candidate) -> None:
        self.begun += 1
        self.people.append(hex_id(made.id))
        self.past.emails[self.people[-1]] = made.email

    def move(self) -> None:
        if (somebody := self._somebody()) is not None:
            asked_for = self._asked_for(self.scene.account.candidate(somebody).job)
            self._move(somebody, self.chance.choice((*STAGES, "hired", *[asked_for] * 6)))

    def burst(self) -> None:
        """To and fro within a second."""
        if (somebody := self._somebody()) is None:
            return
        there = self._asked_for(self.scene.account.candidate(somebody).job)
        back = self.chance.choice([stage for stage in STAGES if stage != there])
        for stage in (there, back, there, back)[: self.chance.randint(2, 4)]:
            self._move(somebody, stage)
            self.scene.clock.forward(**TICK)

    def stay(self) -> None:
        if (somebody := self._somebody()) is not None:
            found = self.scene.account.candidate(somebody)
            self._move(somebody, self.scene.account.stage(found.job, found.stage).slug)

    def _move(self, candidate_id: str, stage: str) -> None:
        job = self.scene.account.candidate(candidate_id).job
        if any(one.slug == stage for one in self.scene.account.stages_of(job)):
            self.scene.account.move(candidate_id, stage, member_id=self.admins[0])

    def relocate(self) -> None:
        if (somebody := self._somebody()) is None:
            return
        job, stage = self._elsewhere(somebody)
        moved = self.scene.account.relocate(somebody, job, stage=stage)
        self.people[self.people.index(somebody)] = hex_id(moved.id)

    def copy(self) -> None:
        if (somebody := self._somebody()) is not None:
            job, stage = self._elsewhere(somebody)
            self._enters(self.scene.account.copy(somebody, job, stage=stage))

    def _elsewhere(self, candidate_id: str) -> tuple[str, str | None]:
        own = self.scene.account.candidate(candidate_id).job
        job = self.chance.choice([job for job in self.jobs if job != own])
        slugs = [stage.slug for stage in self.scene.account.stages_of(job)]
        asked_for = self._asked_for(job)
        stage = self.chance.choice((None, asked_for, asked_for, self.chance.choice(slugs)))
        return job, stage if stage in slugs else None

    def disqualify(self) -> None:
        if (somebody := self._somebody()) is not None:
            self.scene.account.disqualify(somebody, reason="Not now", withdrew=self.chance.random() < 0.3)

    def revert(self) -> None:
        lost = [one for one in self.people if self.scene.account.candidate(one).disqualified]
        if lost:
            self.scene.account.revert(self.chance.choice(lost))

    def anonymize(self) -> None:
        if (somebody := self._somebody()) is not None:
            self.scene.account.anonymize(somebody)

    def delete(self) -> None:
        if (somebody := self._somebody()) is not None:
            self.past.gone[somebody] = list(self.scene.account.candidate(somebody).activities)
            self.scene.account.delete(somebody)
            self.people.remove(somebody)

    def edit(self) -> None:
        if (somebody := self._somebody()) is not None:
            if self.chance.random() < 0.5:
                self.scene.account.comment(somebody, "Call her on Monday.", member_id=self.admins[0])
            else:
                self.scene.account.edit(somebody, {"headline": f"Edited {self.chance.random()}"})

    # What people do to jobs, members and mappings

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
            given = Changes(member_id=self.admins[0], fallback_member_id=self.admins[1], **targets, **changes)
            stage_id = None if slug is None else ids[slug]
            try:
                mappings.save(tx, "acme", job, stage_id, given, actor="a test", now=now)
            except MappingProblem:
                return
        told = frozenset(stage for stage in moves.values() if stage)
        stage = None if stage_id is None else int(stage_id)
        template, trigger = changes.get("template_id"), changes.get("trigger", "both")
        self.past.saved.append(Saved(self.scene.at(), job, stage, slug, template, trigger, told))

    # What becomes of interviews, messages and requests

    def interview_goes_on(self) -> None:
        every = [*self.scene.world.platform.interviews.values()]
        if not every:
            return
        one, platform = self.chance.choice(every[-12:]), self.scene.world.platform
        score = self.chance.randrange(101)
        if one.status == "completed":
            platform.amend(one.id, score=score)
        elif one.status in ("pending", "started"):
            verb = self.chance.choice(
                ("start", "complete", "complete", "complete", "expire", "bounce", "reject")
            )
            getattr(platform, verb)(one.id, **({"score": score} if verb == "complete" else {}))

    def post(self) -> None:
        """Webhooks that were kept back come, come twice, are lost, or are still under way."""
        postman = self.scene.world.postman
        for delivery in list(postman.held):
            fate = self.chance.choice(("comes", "comes", "comes", "twice", "lost", "late", "late"))
            if fate == "late":
                continue
            postman.held.remove(delivery)
            body = postman._candidate_body(self.scene.account, delivery)
            for _ in range(("lost", "comes", "twice").index(fate)):
                self.scene.put(delivery.subscription.event, hex_id(delivery.number), body)

    def forge(self) -> None:
        """Something that is not true."""
        account = self.scene.account
        victim = hex_id(self.chance.choice(account.ids))
        event = self.chance.choice(("candidate_moved", "candidate_created", "candidate_deleted"))
        told = {
            "data": {"id": victim, "stage": "Phone Screen", "disqualified": False},
            "id": victim,
            "resource_type": "candidate",
            "event_type": event,
            "fired_at": iso_ms(self.scene.at()),
        }
        self.scene.put(event, victim, msgspec.json.encode(told))

    def fault(self) -> None:
        method, match, kinds = self.chance.choice(TROUBLE)
        kind = self.chance.choice(kinds)
        times = 1 if kind == "not_found" else self.chance.choice((1, 1, 2, 5))
        if kind == "not_found" and any(one.kind == kind for one in self.scene.world.faults.active):
            return  # two in a row would be believed
        spec = {"kind": kind, "match": match, "method": method, "times": times}
        self.scene.world.faults.add(spec)

    # What the agent does

    def _dies_after(self) -> int | None:
        return self.chance.randrange(14) if self.chance.random() < 0.12 else None

    def poll(self) -> None:
        self.scene.do(lambda work: turns.poll(work, every=None), dies_after=self._dies_after())

    def steps(self) -> None:
        self.scene.do(interviews.turn, dies_after=self._dies_after())

    def look_at_platform(self) -> None:
        self.scene.do(self.scene.look_at_platform, dies_after=self._dies_after())

    def walk(self) -> None:
        kind = self.chance.choice((WalkKind.SWEEP, WalkKind.BACKFILL))
        self.scene.do(lambda work: turns.walk(work, kind, _quiet), dies_after=self._dies_after())

    def trial(self) -> None:
        self.scene.do(trial, dies_after=self._dies_after())

    def calm(self, rounds: int = 2) -> None:
        """No more trouble, and time for everything that waits; `rounds` times."""
        self.scene.world.faults.clear()
        begun = self.scene.at()
        for _ in range(rounds):
            self.scene.clock.forward(minutes=16)
            self.scene.do(lambda work: turns.poll(work, every=None))
            self.scene.do(lambda work: turns.walk(work, WalkKind.SWEEP, _quiet))
            self.scene.do(self.scene.look_at_platform)
            self.scene.do(self.scene.take_steps)
            self.scene.clear_desk()
            self.scene.do(self.scene.take_steps)
        self.past.calms.append(begun)


def _quiet(_rows: int, _newest: object) -> None:
    """Nobody watches."""
