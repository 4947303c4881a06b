"""One pretend account: notes and ratings on timelines, and candidates that change jobs."""

from typing import Any, Literal

import msgspec

from sandbox.account_candidates import CandidateVerbs
from sandbox.account_state import Cause
from sandbox.context import guarded
from sandbox.errors import Refused
from sandbox.model import Activity, Attachment, Candidate, Rating
from sandbox.stamps import hex_id

ROLES = ("simple", "hiring_manager", "admin", "reviewer", "recruiting_admin", "recruiter")
GRADES: dict[str, tuple[str, ...]] = {  # each scale's legacy words by grade, zero-based
    "thumbs": ("negative", "positive", "definite"),
    "stars": ("negative", "negative", "positive", "positive", "definite"),
    "numbers": (*["negative"] * 4, *["positive"] * 4, *["definite"] * 2),
}


class Account(CandidateVerbs):
    @guarded
    def comment(
        self,
        candidate_id: str,
        body: str,
        *,
        member_id: str | None = None,
        policy: list[str] | None = None,
        attachment: Attachment | None = None,
        cause: Cause = "control",
    ) -> Activity:
        """`policy` None: all but external recruiters see it; admins always do."""
        found = self.candidate(candidate_id)
        activity = self._act(found, "comment", member_id, body=body)
        allowed = ROLES[:5] if policy is None else {*policy, "admin"}
        activity.visible_to = [role for role in ROLES if role in allowed]
        activity.attachment = attachment
        self.bump(found)
        self.note(cause, "comment", found, activity=hex_id(activity.id), member=member_id)
        return activity

    @guarded
    def rate(
        self,
        candidate_id: str,
        grade: int,
        comment: str,
        *,
        member_id: str,
        scale: Literal["thumbs", "stars", "numbers"] = "thumbs",
        stage: int | None = None,
        score_card: dict[str, Any] | None = None,
        update: bool = True,
        cause: Cause = "control",
    ) -> Activity:
        """The one evaluation of a member at a stage (default: the present one); `update` replaces it."""
        found = self.candidate(candidate_id)
        place = found.stage if stage is None else stage
        earlier = self._rating_of(found, self.member(member_id).id, place)
        if earlier is not None and not update and self.context.switches.second_rating_status >= 400:
            raise Refused(
                self.context.switches.second_rating_status, "Member has already rated this candidate"
            )
        activity = earlier or self._act(found, "rating", member_id)
        activity.stage, activity.body = place, comment
        activity.rating = Rating(GRADES[scale][grade], scale, grade)
        activity.updated_at, activity.visible_to = self.context.now_ms(), list(ROLES)
        activity.score_card = score_card
        if earlier is not None or self.context.switches.first_rating_bumps:
            self.bump(found)
        self.save_candidate(found)
        verb = "rate" if earlier is None else "rate_again"
        self.note(
            cause, verb, found, activity=hex_id(activity.id), member=member_id, scale=scale, grade=grade
        )
        return activity

    @guarded
    def relocate(
        self,
        candidate_id: str,
        job: str,
        *,
        stage: str | None = None,
        member_id: str | None = None,
        cause: Cause = "control",
    ) -> Candidate:
        """A new id with the old created_at and the old timeline; the old id is gone."""
        old = self.candidate(candidate_id)
        fires = self.context.switches.relocate_fires
        self.job(job)
        old_slug = self.stage(old.job, old.stage).slug
        new = msgspec.structs.replace(
            old, id=self.new_candidate_number(), job=job, stage=self._landing(job, stage, "sourced").id
        )
        self.remove(old)
        for activity in new.activities:
            activity.updated_at = self.context.now_ms()
        self._act(new, "moved", member_id)
        if stage is not None:
            self._act(new, stage, member_id, target=new.stage)
        new.updated_at = self.context.now()
        self.insert(new)
        self.note(cause, "relocate", new, was=hex_id(old.id), source=old.job)
        if fires == "deleted_created":
            self._announce(cause, "candidate_deleted", old, old_slug)
            self._announce(cause, "candidate_created", new)
        elif fires == "moved":
            self._announce(cause, "candidate_moved", new)
        return new

    @guarded
    def copy(
        self,
        candidate_id: str,
        job: str,
        *,
        stage: str | None = None,
        member_id: str | None = None,
        cause: Cause = "control",
    ) -> Candidate:
        """A second application of the same person; the source does not change."""
        source = self.candidate(candidate_id)
        now = self.context.now()
        new = Candidate(
            id=self.new_candidate_number(),
            job=self.job(job).shortcode,
            stage=self._landing(job, stage, "sourced").id,
            name=source.name,
            firstname=source.firstname,
            lastname=source.lastname,
            email=source.email,
            created_at=now,
            updated_at=now,
            headline=source.headline,
            phone=source.phone,
            address=source.address,
            common_source="Copied from another job",
            common_source_category="Sourced",
            sourced=True,
            resume=source.resume,
            originating=source.id if self.context.switches.copy_back_link else None,
            extra=dict(source.extra) if source.extra else None,
            activities=[],
        )
        self._act(new, "copied", member_id)
        self.insert(new)
        self.note(cause, "copy", new, source=hex_id(source.id))
        if self.context.switches.copy_fires_created:
            self._announce(cause, "candidate_created", new)
        return new

    def _rating_of(self, candidate: Candidate, member: int, stage: int) -> Activity | None:
        for activity in candidate.activities:
            if activity.action == "rating" and (activity.member, activity.stage) == (member, stage):
                return activity
        return None
