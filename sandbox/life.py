"""Lets time pass in the pretend accounts: people apply, move on, change, leave."""

from random import Random

from sandbox.account import Account
from sandbox.context import Context
from sandbox.model import Candidate, Job
from sandbox.people import TITLES
from sandbox.stamps import hex_id
from sandbox.world import World

EVENTS = {
    "apply": 30,
    "move": 45,
    "edit": 12,
    "disqualify": 6,
    "revert": 1,
    "relocate": 1,
    "delete": 1,
    "publish": 1,
    "applicant": 3,
}


class Life:
    """The same seed and the same world live the same life, event by event."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = Random(f"life {seed}")

    @property
    def context(self) -> Context:
        return self._world.context

    def begin(self, mean_gap: float) -> None:
        """One event after another, with exponential gaps around `mean_gap` seconds."""

        def next_one() -> None:
            self.step()
            self.context.scheduler.after(self._random.expovariate(1 / mean_gap), next_one)

        self.context.scheduler.after(self._random.expovariate(1 / mean_gap), next_one)

    def step(self) -> str:
        """One thing happens; answers what it was, which is `nothing` when nobody fits."""
        with self.context.guard:
            names = sorted(self._world.accounts)
            account = self._world.accounts[self._random.choice(names)]
            event = self._random.choices(list(EVENTS), list(EVENTS.values()))[0]
            return event if self._happen(account, event) else "nothing"

    def _happen(self, account: Account, event: str) -> bool:
        if event == "publish":
            return self._publish(account)
        job = self._open_job(account)
        if job is None:
            return False
        if event == "apply":
            sourced = self._random.random() < 0.25
            account.create_candidate(job.shortcode, sourced=sourced, cause="life")
            return True
        if event == "applicant":
            self._world.platform.add_applicant(job.shortcode)
            return True
        return self._to_somebody(account, job, event)

    def _to_somebody(self, account: Account, job: Job, event: str) -> bool:
        somebody = self._somebody(account, job, disqualified=event == "revert")
        if somebody is None:
            return False
        number = hex_id(somebody.id)
        if event == "move":
            return self._move(account, job, somebody)
        if event == "edit":
            account.edit(number, {"headline": f"Now {self._random.randrange(1000)} skills"}, cause="life")
        elif event == "disqualify":
            reason = self._random.choice(account.info.reasons)
            withdrew = bool(reason["candidate_withdrew"])
            account.disqualify(number, reason=reason["description"], withdrew=withdrew, cause="life")
        elif event == "revert":
            account.revert(number, cause="life")
        elif event == "delete":
            account.delete(number, cause="life")
        else:
            return self._relocate(account, job, somebody)
        return True

    def _move(self, account: Account, job: Job, somebody: Candidate) -> bool:
        """Mostly one stage on, sometimes two, seldom one back."""
        numbers = [stage.id for stage in job.stages]
        step = self._random.choices((1, 2, -1), (80, 12, 8))[0]
        place = numbers.index(somebody.stage) + step
        if not 0 <= place < len(numbers):
            return False
        mover = self._random.choice(
            [m for m in account.members.values() if m.active and m.role != "reviewer"]
        )
        account.move(hex_id(somebody.id), job.stages[place].slug, member_id=hex_id(mover.id), cause="life")
        return True

    def _relocate(self, account: Account, job: Job, somebody: Candidate) -> bool:
        others = [one for one in account.jobs.values() if one.state == "published" and one is not job]
        if not others:
            return False
        account.relocate(hex_id(somebody.id), self._random.choice(others).shortcode, cause="life")
        return True

    def _publish(self, account: Account) -> bool:
        drafts = [job for job in account.jobs.values() if job.state == "draft"]
        if drafts:
            account.set_job_state(self._random.choice(drafts).shortcode, "published", cause="life")
        else:
            account.create_job(self._random.choice(TITLES), "draft", cause="life")
        return True

    def _open_job(self, account: Account) -> Job | None:
        jobs = [job for job in account.jobs.values() if job.state == "published"]
        return self._random.choice(jobs) if jobs else None

    def _somebody(self, account: Account, job: Job, *, disqualified: bool) -> Candidate | None:
        """Of the job, and most likely one of the newer ones."""
        numbers = account.job_ids.get(job.shortcode, [])
        for _ in range(10 if numbers else 0):
            place = int(len(numbers) * self._random.random() ** 0.5)
            candidate = account.candidates[numbers[place]]
            if candidate.disqualified == disqualified and candidate.hired_at is None:
                return candidate
        return None
