"""What one pretend account holds, with the indexes that keep its lists fast."""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any, Literal

from sandbox.context import Context
from sandbox.errors import Refused, not_found
from sandbox.model import AccountInfo, Candidate, Counters, Job, Member, Stage, Subscription
from sandbox.stamps import from_hex, hex_id

Cause = Literal["api", "control", "life", "hook"]
Fire = Callable[["AccountState", str, int, str | None, str | None], None]  # event, number, job, stage slug
ID_BITS = 40  # a time index entry is `seconds << ID_BITS | candidate id`


def remove_sorted(ordered: list[int], number: int) -> None:
    place = bisect_left(ordered, number)
    if place < len(ordered) and ordered[place] == number:
        del ordered[place]


class AccountState:
    """Things by id, saved as they change; the verbs that change them are in the subclasses."""

    def __init__(self, context: Context, info: AccountInfo, counters: Counters, fire: Fire) -> None:
        self.context = context
        self.info = info
        self.counters = counters
        self.subdomain = info.subdomain
        self.jobs: dict[str, Job] = {}
        self.members: dict[int, Member] = {}
        self.subscriptions: dict[int, Subscription] = {}
        self.candidates: dict[int, Candidate] = {}
        self.rows: dict[int, bytes] = {}  # list JSON of a candidate until it changes
        self.ids: list[int] = []
        self.job_ids: dict[str | None, list[int]] = {}
        self.updated: list[int] = []
        self.created: list[int] = []
        self.emails: dict[str, tuple[int, ...]] = {}
        self._stages: dict[int, Stage] = {}
        self.fire = fire

    def load(self) -> None:
        """Takes over what the store kept."""
        store, sub = self.context.store, self.subdomain
        for job in store.load(f"job/{sub}", Job):
            self.jobs[job.shortcode] = job
        self.jobs = dict(sorted(self.jobs.items(), key=lambda item: item[1].id))
        self.members = {member.id: member for member in store.load(f"member/{sub}", Member)}
        found = store.load(f"subscription/{sub}", Subscription)
        self.subscriptions = {subscription.id: subscription for subscription in found}
        self.adopt(store.load(f"candidate/{sub}", Candidate))

    def adopt(self, candidates: Iterable[Candidate]) -> None:
        """Takes many candidates at once, without saving them."""
        for candidate in candidates:
            self.candidates[candidate.id] = candidate
            self.job_ids.setdefault(candidate.job, []).append(candidate.id)
            self._index_email(candidate)
        self.ids = sorted(self.candidates)
        self.updated = sorted(c.updated_at << ID_BITS | c.id for c in self.candidates.values())
        self.created = sorted(c.created_at << ID_BITS | c.id for c in self.candidates.values())
        for ordered in self.job_ids.values():
            ordered.sort()

    def save_info(self) -> None:
        self.context.store.put("account", self.subdomain, self.info)
        self.save_counters()

    def save_counters(self) -> None:
        self.context.store.put("counters", self.subdomain, self.counters)

    def save_job(self, job: Job) -> None:
        """Also forgets the cached rows that show the job's title or its stages."""
        self.jobs[job.shortcode] = job
        self._stages.clear()
        for number in self.job_ids.get(job.shortcode, ()):
            self.rows.pop(number, None)
        self.context.store.put(f"job/{self.subdomain}", f"{job.id:012x}", job)

    def save_member(self, member: Member) -> None:
        self.members[member.id] = member
        self.context.store.put(f"member/{self.subdomain}", f"{member.id:012x}", member)

    def save_candidate(self, candidate: Candidate) -> None:
        self.rows.pop(candidate.id, None)
        self.context.store.put(f"candidate/{self.subdomain}", f"{candidate.id:012x}", candidate)

    def save_subscription(self, subscription: Subscription) -> None:
        self.subscriptions[subscription.id] = subscription
        self.context.store.put(f"subscription/{self.subdomain}", f"{subscription.id:012x}", subscription)

    def drop_subscription(self, number: int) -> Subscription | None:
        self.context.store.drop(f"subscription/{self.subdomain}", f"{number:012x}")
        return self.subscriptions.pop(number, None)

    def insert(self, candidate: Candidate) -> None:
        self.candidates[candidate.id] = candidate
        insort(self.ids, candidate.id)
        insort(self.job_ids.setdefault(candidate.job, []), candidate.id)
        insort(self.updated, candidate.updated_at << ID_BITS | candidate.id)
        insort(self.created, candidate.created_at << ID_BITS | candidate.id)
        self._index_email(candidate)
        self.save_candidate(candidate)

    def remove(self, candidate: Candidate) -> None:
        del self.candidates[candidate.id]
        remove_sorted(self.ids, candidate.id)
        remove_sorted(self.job_ids[candidate.job], candidate.id)
        remove_sorted(self.updated, candidate.updated_at << ID_BITS | candidate.id)
        remove_sorted(self.created, candidate.created_at << ID_BITS | candidate.id)
        self._forget_email(candidate)
        self.rows.pop(candidate.id, None)
        self.context.store.drop(f"candidate/{self.subdomain}", f"{candidate.id:012x}")

    def bump(self, candidate: Candidate) -> None:
        """Something happened to the candidate that moves `updated_at`; saves it."""
        remove_sorted(self.updated, candidate.updated_at << ID_BITS | candidate.id)
        candidate.updated_at = self.context.now()
        insort(self.updated, candidate.updated_at << ID_BITS | candidate.id)
        self.save_candidate(candidate)

    def change_email(self, candidate: Candidate, email: str | None) -> None:
        self._forget_email(candidate)
        candidate.email = email
        self._index_email(candidate)

    def since(self, index: list[int], moment: float, most: int) -> list[int] | None:
        """Ids whose time in the index is at or after the moment, in no order; None when over `most`."""
        first = bisect_left(index, math.ceil(moment) << ID_BITS)
        if len(index) - first > most:
            return None
        return [entry & ((1 << ID_BITS) - 1) for entry in index[first:]]

    def with_email(self, email: str) -> tuple[int, ...]:
        return self.emails.get(email.lower(), ())

    def _index_email(self, candidate: Candidate) -> None:
        if candidate.email:
            self.emails[candidate.email.lower()] = (*self.with_email(candidate.email), candidate.id)

    def _forget_email(self, candidate: Candidate) -> None:
        if candidate.email:
            others = tuple(number for number in self.with_email(candidate.email) if number != candidate.id)
            self.emails[candidate.email.lower()] = others

    def candidate(self, text: str) -> Candidate:
        """By its hex id; this and the other look-ups raise a 404."""
        number = from_hex(text)
        if number is None or number not in self.candidates:
            raise not_found()
        return self.candidates[number]

    def job(self, shortcode: str) -> Job:
        if shortcode not in self.jobs:
            raise not_found()
        return self.jobs[shortcode]

    def member(self, text: str) -> Member:
        number = from_hex(text)
        if number is None or number not in self.members:
            raise not_found()
        return self.members[number]

    def stages_of(self, shortcode: str | None) -> list[Stage]:
        """The pipeline of a job, or the account's default one for the talent pool."""
        return self.info.pipeline if shortcode is None else self.jobs[shortcode].stages

    def stage(self, shortcode: str | None, number: int) -> Stage:
        """A stage by number, as the job names it; also one that was deleted or belongs to another job."""
        for stage in self.stages_of(shortcode):
            if stage.id == number:
                return stage
        if not self._stages:
            self._stages = {stage.id: stage for stage in self._all_stages()}
        return self._stages[number]

    def stage_by_slug(self, shortcode: str | None, slug: object) -> Stage:
        for stage in self.stages_of(shortcode):
            if stage.slug == slug:
                return stage
        raise Refused(422, "target_stage is invalid")

    def _all_stages(self) -> Iterable[Stage]:
        for job in self.jobs.values():
            yield from job.old_stages
            yield from job.stages
        yield from self.info.pipeline

    def new_candidate_number(self) -> int:
        self.counters.candidate += 1 + self.context.random.randrange(7)
        self.save_counters()
        return self.counters.candidate

    def new_number(
        self, kind: Literal["activity", "job", "stage", "member", "subscription", "invite"]
    ) -> int:
        number: int = getattr(self.counters, kind) + 1
        setattr(self.counters, kind, number)
        self.save_counters()
        return number

    def note(self, cause: Cause, verb: str, candidate: Candidate | None = None, **what: Any) -> None:
        """One change, in the journal."""
        ids: dict[str, object] = {}
        if candidate is not None:
            ids = {"candidate": hex_id(candidate.id), "job": candidate.job}
        self.context.note("change", account=self.subdomain, cause=cause, verb=verb, **ids, **what)

    def page(self, ordered: list[int], since: int | None, until: int | None) -> tuple[int, int]:
        """Where in an ordered list of ids the inclusive bounds lie."""
        first = 0 if since is None else bisect_left(ordered, since)
        last = len(ordered) if until is None else bisect_right(ordered, until)
        return first, max(first, last)


def slug_of(name: str) -> str:
    """The stage slug Workable makes of a name."""
    kept = "".join(letter if letter.isalnum() else " " for letter in name.lower())
    return "-".join(kept.split()) or "stage"
