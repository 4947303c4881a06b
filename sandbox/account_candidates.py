"""The verbs on an account's candidates: what people, life and the API do to them."""

from typing import Any, Literal

from sandbox.account_jobs import JobVerbs
from sandbox.account_state import Cause
from sandbox.context import guarded
from sandbox.errors import Refused
from sandbox.model import Activity, Candidate, Stage
from sandbox.people import invent_person
from sandbox.person import PLAIN, detail_fields, required_email, required_names, resume_name
from sandbox.stamps import hex_id


class CandidateVerbs(JobVerbs):
    """Candidates and members are named by their hex ids; `member_id` None is the system itself."""

    @guarded
    def create_candidate(
        self,
        job: str | None,
        candidate: dict[str, Any] | None = None,
        *,
        sourced: bool = True,
        stage: str | None = None,
        cause: Cause = "control",
    ) -> Candidate:
        """Into a job, or with job None into the talent pool; without `candidate` somebody is invented."""
        given = candidate or invent_person(self.context.random, self.counters.candidate)
        if job is not None:
            self.job(job)
        name, first, last = required_names(given)
        email = required_email(given)
        self._refuse_duplicate(job, email)
        now = self.context.now()
        made = Candidate(
            id=self.new_candidate_number(),
            job=job,
            stage=self._landing(job, stage, "sourced" if sourced else "applied").id,
            name=name,
            firstname=first,
            lastname=last,
            email=email,
            created_at=now,
            updated_at=now,
            outlet=None if given.get("domain") else "SPI",
            sourced=sourced,
            resume=resume_name(given),
            extra=detail_fields(given) or None,
            activities=[],
        )
        for key in PLAIN:
            setattr(made, key, given.get(key))
        self._act(made, "uploaded" if sourced else "applied")
        self.insert(made)
        self.note(cause, "create", made, stage=self.stage(job, made.stage).slug, sourced=sourced)
        if not sourced:
            self.note(cause, "mail_thank_you", made)
        if given.get("disqualified"):
            self._disqualify(made, given.get("disqualification_reason"), withdrew=False)
        self._announce(cause, "candidate_created", made)
        self._post_process(made)
        return made

    @guarded
    def edit(self, candidate_id: str, changes: dict[str, Any], *, cause: Cause = "control") -> Candidate:
        """Plain keys and lists replace; a key that is not there is kept."""
        found = self.candidate(candidate_id)
        extra = detail_fields(changes)
        if "email" in changes and changes["email"] != found.email:
            email = required_email(changes)
            self._refuse_duplicate(found.job, email, besides=found.id)
            self.change_email(found, email)
        for key in (*PLAIN, "firstname", "lastname"):
            if key in changes:
                setattr(found, key, changes[key])
        if {"firstname", "lastname"} & changes.keys():
            found.name = " ".join(part for part in (found.firstname, found.lastname) if part)
        found.resume = resume_name(changes) or found.resume
        found.extra = {**(found.extra or {}), **extra} or None
        self.bump(found)
        self.note(cause, "edit", found, keys=sorted(changes))
        return found

    @guarded
    def set_tags(self, candidate_id: str, tags: list[str], *, cause: Cause = "control") -> Candidate:
        found = self.candidate(candidate_id)
        found.extra = {**(found.extra or {}), "tags": tags}
        if self.context.switches.tags_bump:
            self.bump(found)
        self.save_candidate(found)
        self.note(cause, "set_tags", found, tags=len(tags))
        return found

    @guarded
    def move(
        self,
        candidate_id: str,
        to: str,
        *,
        member_id: str | None = None,
        cause: Cause = "control",
        fire: bool = True,
    ) -> Candidate:
        """To the stage with that slug in the candidate's own job, even when it is there already."""
        found = self.candidate(candidate_id)
        target = self.stage_by_slug(found.job, to)
        before = self.stage(found.job, found.stage)
        action = target.slug if self.context.switches.custom_move_action == "slug" else target.kind
        self._act(found, action, member_id, target=target.id)
        found.stage = target.id
        found.hired_at = self.context.now() if target.kind == "hired" else None
        if target.kind == "offer":
            found.moved_to_offer_at = self.context.now()
        self.bump(found)
        self.note(cause, "move", found, source=before.slug, target=target.slug)
        if fire:
            self._announce(cause, "candidate_moved", found)
        return found

    @guarded
    def move_bulk(
        self,
        job: str,
        source: str,
        to: str,
        *,
        count: int | None = None,
        member_id: str | None = None,
        cause: Cause = "control",
    ) -> int:
        """Moves up to `count` candidates of one stage at once; answers how many."""
        stage = self.stage_by_slug(job, source)
        there = [n for n in self.job_ids.get(job, []) if self.candidates[n].stage == stage.id][:count]
        for number in there:
            fire = self.context.switches.bulk_move_fires
            self.move(hex_id(number), to, member_id=member_id, cause=cause, fire=fire)
        return len(there)

    @guarded
    def disqualify(
        self,
        candidate_id: str,
        *,
        reason: str | None = None,
        withdrew: bool = False,
        member_id: str | None = None,
        cause: Cause = "control",
    ) -> Candidate:
        """Keeps the stage."""
        found = self.candidate(candidate_id)
        self._disqualify(found, reason, withdrew=withdrew)
        self._act(found, "disqualified", member_id, body=reason)
        self.bump(found)
        self.note(cause, "disqualify", found, withdrew=withdrew)
        if self.context.switches.disqualify_fires_moved:
            self._announce(cause, "candidate_moved", found)
        return found

    @guarded
    def revert(
        self, candidate_id: str, *, member_id: str | None = None, cause: Cause = "control"
    ) -> Candidate:
        found = self.candidate(candidate_id)
        found.disqualified, found.disqualified_at = False, None
        found.reason, found.withdrew = None, False
        self._act(found, "reverted", member_id)
        self.bump(found)
        self.note(cause, "revert", found)
        return found

    @guarded
    def delete(self, candidate_id: str, *, cause: Cause = "control") -> None:
        found = self.candidate(candidate_id)
        slug = self.stage(found.job, found.stage).slug
        self.remove(found)
        self.note(cause, "delete", found)
        self._announce(cause, "candidate_deleted", found, slug)

    @guarded
    def anonymize(self, candidate_id: str, *, cause: Cause = "control") -> Candidate:
        """Personal data goes, the row stays."""
        found = self.candidate(candidate_id)
        self.change_email(found, None)
        found.name = self.context.switches.anonymized_name
        found.firstname = found.lastname = found.headline = None
        found.phone = found.address = found.resume = found.extra = None
        found.anonymized = True
        for activity in found.activities:
            activity.body = None
        self.bump(found)
        self.note(cause, "anonymize", found)
        return found

    @guarded
    def touch(self, count: int = 1, *, cause: Cause = "control") -> list[str]:
        """That many random candidates get an edit; answers their ids."""
        chosen = self.context.random.sample(self.ids, min(count, len(self.ids)))
        for number in chosen:
            headline = f"Edited {self.context.random.randrange(10**6)}"
            self.edit(hex_id(number), {"headline": headline}, cause=cause)
        return [hex_id(number) for number in chosen]

    def _act(
        self,
        candidate: Candidate,
        action: str,
        member_id: str | None = None,
        *,
        target: int | None = None,
        body: str | None = None,
    ) -> Activity:
        now = self.context.now_ms()
        activity = Activity(
            id=self.new_number("activity"),
            action=action,
            stage=candidate.stage,
            created_at=now,
            updated_at=now,
            target=target,
            member=None if member_id is None else self.member(member_id).id,
            body=body,
        )
        candidate.activities.append(activity)
        return activity

    def _disqualify(self, candidate: Candidate, reason: str | None, *, withdrew: bool) -> None:
        candidate.disqualified, candidate.disqualified_at = True, self.context.now_ms()
        candidate.reason, candidate.withdrew = reason, withdrew

    def _announce(self, cause: Cause, event: str, candidate: Candidate, slug: str | None = None) -> None:
        if cause == "api" and not self.context.switches.api_changes_fire:
            return
        stage = slug or self.stage(candidate.job, candidate.stage).slug
        self.fire(self, event, candidate.id, candidate.job, stage)

    def _landing(self, job: str | None, slug: str | None, kind: Literal["sourced", "applied"]) -> Stage:
        if slug is not None:
            return self.stage_by_slug(job, slug)
        pipeline = self.stages_of(job)
        return next((stage for stage in pipeline if stage.kind == kind), pipeline[0])

    def _refuse_duplicate(self, job: str | None, email: str, besides: int | None = None) -> None:
        switches = self.context.switches
        status = switches.duplicate_in_pool_status if job is None else switches.duplicate_email_status
        same = [n for n in self.with_email(email) if self.candidates[n].job == job and n != besides]
        if same and status == 422:
            raise Refused(422, "Validation failed", {"email": ["candidate already exists"]})

    def _post_process(self, candidate: Candidate) -> None:
        if not self.context.switches.post_processing:
            return

        def later() -> None:
            with self.context.guard:
                if candidate.id in self.candidates:
                    self.bump(candidate)
                    self.note("life", "post_process", candidate)

        soonest, latest = self.context.switches.post_processing_seconds
        self.context.scheduler.after(self.context.random.uniform(soonest, latest), later)
