"""Histories: what happens to many candidates of one world at once, chosen at random by a seed."""

from collections.abc import Callable
from typing import Any

import msgspec

from agent.flows import account as turns
from agent.flows import interviews
from agent.flows.candidates import WalkKind, baseline
from agent.flows.storing import store_rows
from agent.flows.trial import trial
from agent.work import Work
from sandbox.errors import Refused
from sandbox.model import Candidate
from sandbox.stamps import hex_id, iso_ms
from tests.agent.flows.history_office import STAGES, Office, Past
from tests.agent.flows.history_world import Scene

TICK: dict[str, float] = {"milliseconds": 2}
PAUSES: tuple[dict[str, float], ...] = (
    TICK, TICK, TICK, {"seconds": 0.3}, {"seconds": 1}, {"seconds": 2}, {"seconds": 30}, {"minutes": 4},
)  # fmt: skip
READS = ("server_error", "reset", "html", "truncated", "answer_lost", "duplicate_rows", "unknown_fields")
WRITES = ("server_error", "reset", "answer_lost", "error_after", "reset_body", "truncated", "html")
LISTS = (*READS, "short_page", "empty_page")
TROUBLE = (
    ("GET", "v3/candidates$", LISTS),
    ("GET", "v3/jobs$", READS),
    ("GET", "/stages$", READS),
    ("GET", "/activities$", (*READS, "not_found", "empty_page")),
    ("GET", "/candidates/[0-9a-f]+$", (*READS, "not_found")),
    ("POST", "/(comments|move|ratings)$", WRITES),
    ("PUT", "/ratings$", WRITES),
    ("POST", "^/platform/", WRITES),
    ("GET", "^/platform/interviews", READS),
)


class History(Office):
    """`people` histories of one candidate each, told at once."""

    def __init__(self, scene: Scene, seed: int, people: int) -> None:
        super().__init__(scene, seed)
        self.people: list[str] = []
        self.most = people
        self.begun = 0

    def tell(self) -> Past:
        self.begin()
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
            (6, self.race),
            (6, self.interrupt),
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

    def begin(self) -> None:
        """The mapping is there before everything is read, or after it."""
        self.past.emails |= {hex_id(one.id): one.email for one in self.scene.account.candidates.values()}
        self.scene.do(_poll)
        steps: list[Callable[[], None]] = [self.map, lambda: self.scene.do(_first_walk)]
        for step in steps if self.chance.random() < 0.5 else reversed(steps):
            step()
        self.scene.clock.forward(**TICK)
        there = self.scene.account.candidates.values()
        fit = [hex_id(one.id) for one in there if not (one.disqualified or one.anonymized or one.hired_at)]
        self.people += self.chance.sample(fit, 3)

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

    def race(self) -> None:
        """Somebody new is read, and goes to and fro in the same second: their row tells nothing of it. Perhaps
        nothing ever happens to them again.
        """
        account, job = self.scene.account, self.chance.choice(self.jobs)
        self.scene.clock.forward(milliseconds=1000 - self.scene.at() % 1000)
        self._enters(account.create_candidate(job, sourced=False, stage=STAGES[0]))
        somebody = self.people[-1]
        self.scene.do(_poll)
        self.scene.do(interviews.turn)
        for stage in (self._asked_for(job), STAGES[0]):
            self.scene.clock.forward(**TICK)
            self._move(somebody, stage)
        if self.chance.random() < 0.5:
            self.people.remove(somebody)

    def interrupt(self) -> None:
        """The agent dies while it stores somebody new, and the next one takes steps before it polls."""
        job = self.chance.choice(self.jobs)
        slugs = [stage.slug for stage in self.scene.account.stages_of(job)]
        stage = self._asked_for(job)
        made = self.scene.account.create_candidate(
            job, sourced=False, stage=stage if stage in slugs else None
        )
        self._enters(made)
        somebody = self.people[-1]
        self.scene.do(lambda work: _read_one(work, somebody), dies_after=self.chance.randrange(8))
        self.scene.clock.forward(seconds=2)
        self.scene.do(interviews.turn)
        if self.chance.random() < 0.5:
            self.people.remove(somebody)

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
        return self.chance.randrange(60) if self.chance.random() < 0.3 else None

    def poll(self) -> None:
        self.scene.do(_poll, dies_after=self._dies_after())

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
            self.scene.do(_poll)
            self.scene.do(lambda work: turns.walk(work, WalkKind.SWEEP, _quiet))
            self.scene.do(self.scene.look_at_platform)
            self.scene.do(self.scene.take_steps)
            self.scene.clear_desk()
            self.scene.do(self.scene.take_steps)
        self.past.calms.append(begun)


def _poll(work: Work) -> None:
    turns.poll(work, every=None)


def _read_one(work: Work, candidate_id: str) -> None:
    """As when a webhook tells of the candidate."""
    row = work.workable.listed_candidate(candidate_id)
    if row is not None:
        store_rows(work, [row], set(), baseline=baseline(work), cursors={})


def _first_walk(work: Work) -> None:
    turns.walk(work, WalkKind.FIRST, _quiet)


def _quiet(_rows: int, _newest: object) -> None:
    """Nobody watches."""
