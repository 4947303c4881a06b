"""The verbs on an account's jobs, stages and members."""

from typing import Any

from sandbox.account_state import AccountState, Cause, slug_of
from sandbox.context import guarded
from sandbox.errors import Refused, not_found
from sandbox.model import JOB_STATES, Job, JobState, Member, Stage
from sandbox.stamps import from_hex, hex_id

FIRST_JOB_NUMBER = 5_000_000
HRIS_ROLES = {"admin": "hris_admin", "simple": "hris_employee", "reviewer": "hris_no_access"}


class JobVerbs(AccountState):
    """Each verb answers with what the control API prints."""

    @guarded
    def create_job(
        self,
        title: str,
        state: JobState = "published",
        *,
        code: str | None = None,
        department: str | None = None,
        cause: Cause = "control",
    ) -> Job:
        number = self.new_number("job")
        now = self.context.now()
        job = Job(
            id=number,
            shortcode=f"{(number * 0x9E3779B1) & 0xFFFFFFFFFF:010X}",
            title=title,
            code=code,
            state=state,
            created_at=now - now % 86400,  # recorded jobs were created at midnight
            updated_at=now,
            number=FIRST_JOB_NUMBER + number,
            place=("Lisbon", "Portugal", "PT"),
            department=department,
            stages=self.info.pipeline.copy(),
            texts={"description": f"<p>{title}</p>", "requirements": "<ul></ul>", "benefits": "<ul></ul>"},
        )
        self.save_job(job)
        self.note(cause, "create_job", job=job.shortcode, state=state)
        return job

    @guarded
    def edit_job(self, shortcode: str, *, title: str, cause: Cause = "control") -> Job:
        job = self.job(shortcode)
        job.title = title
        return self._changed(job, cause, "edit_job", title=title)

    @guarded
    def set_job_state(self, shortcode: str, state: JobState, *, cause: Cause = "control") -> Job:
        if state not in JOB_STATES:
            raise Refused(422, f"no such state: {state}")
        job = self.job(shortcode)
        job.state = state
        return self._changed(job, cause, "set_job_state", state=state)

    @guarded
    def delete_job(self, shortcode: str, *, cause: Cause = "control") -> None:
        """Takes its candidates along and fires `job_deleted`."""
        job = self.job(shortcode)
        for number in list(self.job_ids.get(shortcode, [])):
            self.remove(self.candidates[number])
        del self.jobs[shortcode]
        self.context.store.drop(f"job/{self.subdomain}", f"{job.id:012x}")
        self.note(cause, "delete_job", job=shortcode)
        self.fire(self, "job_deleted", job.id, shortcode, None)

    @guarded
    def add_stage(
        self,
        shortcode: str,
        name: str,
        kind: str = "interview",
        *,
        slug: str | None = None,
        position: int | None = None,
        cause: Cause = "control",
    ) -> Stage:
        """`position` counts from 1; without it the stage comes right before the first offer stage."""
        job = self.job(shortcode)
        stage = Stage(self.new_number("stage"), slug or slug_of(name), name, kind)
        if any(other.slug == stage.slug for other in job.stages):
            raise Refused(422, f"slug {stage.slug} is taken")
        kinds = [other.kind for other in job.stages]
        before = kinds.index("offer") if "offer" in kinds else len(kinds)
        job.stages.insert(before if position is None else position - 1, stage)
        self._changed(job, cause, "add_stage", stage=stage.slug)
        return stage

    @guarded
    def rename_stage(self, shortcode: str, slug: str, name: str, *, cause: Cause = "control") -> Stage:
        """Keeps the id, and the slug unless the switch `rename_changes_slug` is on."""
        job = self.job(shortcode)
        place = self._place(job, slug)
        old = job.stages[place]
        new_slug = slug_of(name) if self.context.switches.rename_changes_slug else old.slug
        job.stages[place] = Stage(old.id, new_slug, name, old.kind)
        self._changed(job, cause, "rename_stage", stage=old.slug, name=name)
        return job.stages[place]

    @guarded
    def delete_stage(
        self, shortcode: str, slug: str, *, move_to: str | None = None, cause: Cause = "control"
    ) -> int:
        """Its candidates go to `move_to` (default: the stage before); answers how many they were."""
        job = self.job(shortcode)
        place = self._place(job, slug)
        gone = job.stages[place]
        heir = self.stage_by_slug(shortcode, move_to) if move_to else job.stages[place - 1 if place else 1]
        del job.stages[place]
        job.old_stages.append(gone)
        moved = [n for n in self.job_ids.get(shortcode, []) if self.candidates[n].stage == gone.id]
        for number in moved:
            self.candidates[number].stage = heir.id
            self.bump(self.candidates[number])
        self._changed(job, cause, "delete_stage", stage=slug, heir=heir.slug)
        return len(moved)

    @guarded
    def reorder_stages(self, shortcode: str, slugs: list[str], *, cause: Cause = "control") -> Job:
        job = self.job(shortcode)
        if sorted(slugs) != sorted(stage.slug for stage in job.stages):
            raise Refused(422, "name every stage of the job exactly once")
        job.stages = [self.stage_by_slug(shortcode, slug) for slug in slugs]
        return self._changed(job, cause, "reorder_stages", stages=slugs)

    @guarded
    def add_member(
        self, name: str, email: str, role: str = "simple", *, cause: Cause = "control", active: bool = True
    ) -> Member:
        roles = ["workable.superadmin"] if role == "superadmin" else [f"ats.{role}"]
        legacy = "admin" if role == "superadmin" else role
        member = Member(
            self.new_number("member"),
            name,
            email,
            legacy,
            HRIS_ROLES.get(legacy, "hris_no_access"),
            roles,
            active,
        )
        self.save_member(member)
        self.note(cause, "add_member", member=hex_id(member.id), role=role)
        return member

    @guarded
    def deactivate_member(self, member_id: str, *, cause: Cause = "control") -> Member:
        """The last active admin stays (422)."""
        member = self.member(member_id)
        admins = [m for m in self.members.values() if m.active and m.role == "admin"]
        if admins == [member]:
            raise Refused(422, "The last admin cannot be removed")
        return self._set_active(member, active=False, cause=cause)

    @guarded
    def enable_member(self, member_id: str, *, cause: Cause = "control") -> Member:
        return self._set_active(self.member(member_id), active=True, cause=cause)

    @guarded
    def set_roles(
        self,
        member_id: str,
        roles: list[str],
        rules: list[dict[str, Any]] | None,
        *,
        cause: Cause = "control",
    ) -> Member:
        """Replaces all roles; the legacy `role` follows from them."""
        member = self.member(member_id)
        member.roles = roles
        named = [role.removeprefix("ats.") for role in roles if role.startswith("ats.")]
        member.role = "admin" if "workable.superadmin" in roles else (named or ["no_access"])[0]
        member.collaboration_rules = member.collaboration_rules if rules is None else rules
        self.save_member(member)
        self.note(cause, "set_roles", member=member_id, roles=roles)
        return member

    @guarded
    def set_team(
        self, shortcode: str, member_id: str, role: str | None = "simple", *, cause: Cause = "control"
    ) -> Job:
        """Puts a member on a job's hiring team, or with role null takes them off."""
        job = self.job(shortcode)
        key = hex_id(self.member(member_id).id)
        job.team.pop(key, None)
        if role is not None:
            job.team[key] = role
        return self._changed(job, cause, "set_team", member=key, role=role)

    def collaboration_role(self, job: Job | None, member: Member) -> str | None:
        """What the member is on the job; None when they are not on its hiring team."""
        if member.role == "admin":
            return "admin"
        if job is None:
            return member.role
        return job.team.get(hex_id(member.id)) or (None if self.context.switches.team_needed else member.role)

    def acting_member(self, text: object) -> Member:
        """The member a write names; refused when missing, unknown or no longer active."""
        if not isinstance(text, str) or not text:
            raise Refused(422, "param is missing or the value is empty: member_id")
        member = self.members.get(from_hex(text) or 0)
        if member is None:
            status = self.context.switches.member_unknown_status
            raise not_found() if status == 404 else Refused(status, "member_id is invalid")
        if not member.active:
            raise Refused(self.context.switches.member_inactive_status, "Forbidden")
        return member

    def _set_active(self, member: Member, *, active: bool, cause: Cause) -> Member:
        member.active = active
        self.save_member(member)
        self.note(cause, "enable_member" if active else "deactivate_member", member=hex_id(member.id))
        return member

    def _place(self, job: Job, slug: str) -> int:
        for place, stage in enumerate(job.stages):
            if stage.slug == slug:
                return place
        raise not_found()

    def _changed(self, job: Job, cause: Cause, verb: str, **what: Any) -> Job:
        job.updated_at = self.context.now()
        self.save_job(job)
        self.note(cause, verb, job=job.shortcode, **what)
        return job
