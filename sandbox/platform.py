"""The pretend interview platform: interviews that progress by themselves, applicants, members, erasure."""

import hashlib
from random import Random
from typing import Any

import msgspec

from sandbox.callbacks import Callbacks
from sandbox.context import Context, guarded
from sandbox.errors import Refused, not_found
from sandbox.people import invent_person
from sandbox.platform_model import Applicant, Interview, PlatformMember, PlatformSettings, Remembered, Status
from sandbox.results import invent_result
from sandbox.stamps import iso_ms, parse_time

TOKEN = "sandbox-platform-token"
TEMPLATES = {
    "tpl-general": "General interview",
    "tpl-sales": "Sales interview",
    "tpl-tech": "Technical interview",
}
OPEN: tuple[Status, ...] = ("pending", "started")
REQUIRED = ("first_name", "last_name", "email")


class Platform:
    """Thread-safe; one for all accounts, as one vendor is."""

    def __init__(self, context: Context, seed: int, interview_seconds: float) -> None:
        self.context = context
        self.token = TOKEN
        self.seed = seed
        self.callbacks = Callbacks(context)
        load = context.store.load
        self.settings = next(load("platform", PlatformSettings), PlatformSettings())
        self.settings.interview_seconds = interview_seconds
        self.interviews = {one.id: one for one in load("interview", Interview)}
        self.keys = {one.key: one for one in load("idempotency", Remembered)}
        self.applicants = {one.applicant_id: one for one in load("applicant", Applicant)}
        self.members = {one.email: one for one in load("platform-member", PlatformMember)}
        self.erased = list(load("erased", str))

    def secrets(self) -> dict[str, str]:
        return {"token": self.token, "callback_secret": self.callbacks.secret}

    def resume(self) -> None:
        """Goes on with the interviews that an earlier run left open."""
        for interview in self.interviews.values():
            if interview.status in OPEN:
                self._plan(interview)

    @guarded
    def create(self, body: dict[str, Any], key: str | None) -> tuple[Interview, bool]:
        """The interview and whether it is new; the same key with another body is a 409."""
        digest = hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()
        if key is not None and key in self.keys:
            if self.keys[key].digest != digest:
                raise Refused(409, "This Idempotency-Key was used for another request")
            return self.interviews[self.keys[key].interview_id], False
        self._check(body)
        interview = self._new_interview(body)
        if key is not None:
            self.keys[key] = Remembered(key, digest, interview.id)
            self.context.store.put("idempotency", key, self.keys[key])
        self._save(interview, "invite")
        self._plan(interview)
        return interview, True

    def find(self, external_id: str) -> list[Interview]:
        return [one for one in self.interviews.values() if one.external_id == external_id]

    def interview(self, number: str) -> Interview:
        if number not in self.interviews:
            raise not_found()
        return self.interviews[number]

    @guarded
    def cancel(self, number: str) -> None:
        interview = self.interview(number)
        if interview.status == "completed":
            raise Refused(409, "The interview is completed")
        if interview.status in OPEN:
            self._turn(interview, "cancelled")

    @guarded
    def start(self, number: str) -> Interview:
        interview = self.interview(number)
        interview.opened_at = interview.opened_at or self.context.now_ms()
        return self._turn(interview, "started")

    @guarded
    def complete(
        self, number: str, *, score: int | None = None, result: dict[str, Any] | None = None
    ) -> Interview:
        """With a result invented around `score`, in which the keys of `result` replace the invented ones."""
        interview = self.interview(number)
        made = invent_result(interview, Random(f"{self.seed} {number}"), score, self.context.now_ms())
        interview.result = {**made, **(result or {})}
        return self._turn(interview, "completed")

    @guarded
    def amend(self, number: str, *, score: int) -> Interview:
        """A later revision of a completed interview's result."""
        interview = self.interview(number)
        if interview.status != "completed":
            raise Refused(409, "The interview is not completed")
        interview.revision += 1
        return self.complete(number, score=score)

    @guarded
    def expire(self, number: str) -> Interview:
        return self._turn(self.interview(number), "expired")

    @guarded
    def reject(self, number: str) -> Interview:
        return self._turn(self.interview(number), "rejected")

    @guarded
    def bounce(self, number: str) -> Interview:
        interview = self.interview(number)
        interview.bounced_at, interview.delivered_at = self.context.now_ms(), None
        return self._turn(interview, "bounced")

    @guarded
    def add_applicant(self, job_shortcode: str, *, email: str | None = None) -> Applicant:
        """Somebody begins an interview from the open link of a job."""
        number = len(self.applicants) + 1
        person = invent_person(self.context.random, 0xA000000 + number)
        applicant = Applicant(
            applicant_id=f"apl-{number:06d}",
            job_shortcode=job_shortcode,
            first_name=person["firstname"],
            last_name=person["lastname"],
            email=email or person["email"],
            created_at=self.context.now_ms(),
            phone=person["phone"],
        )
        self.applicants[applicant.applicant_id] = applicant
        self.context.store.put("applicant", applicant.applicant_id, applicant)
        self._note("applicant", applicant=applicant.applicant_id)
        return applicant

    @guarded
    def put_member(self, email: str, body: dict[str, Any]) -> bool:
        """Whether the member is new."""
        try:
            member = msgspec.convert({**body, "email": email}, PlatformMember)
        except msgspec.ValidationError as error:
            raise Refused(422, str(error)) from None
        known = email in self.members
        self.members[email] = member
        self.context.store.put("platform-member", email, member)
        self._note("put_member", role=member.role)
        return not known

    @guarded
    def deactivate_member(self, email: str) -> None:
        if email not in self.members:
            raise not_found()
        admins = [one.email for one in self.members.values() if one.active and one.role == "admin"]
        if admins == [email]:
            raise Refused(409, "The last admin stays")
        self.members[email].active = False
        self.context.store.put("platform-member", email, self.members[email])
        self._note("deactivate_member")

    @guarded
    def erase(self, external_id: str) -> None:
        """Personal data of the person's interviews goes."""
        self.erased.append(external_id)
        self.context.store.put("erased", f"{len(self.erased):08d}", external_id)
        for interview in self.find(external_id):
            interview.candidate, interview.result = {}, None
            self._save(interview, "erase")

    @guarded
    def configure(self, changes: dict[str, Any]) -> PlatformSettings:
        self.settings = msgspec.convert(
            {**msgspec.structs.asdict(self.settings), **changes}, PlatformSettings
        )
        self.context.store.put("platform", "settings", self.settings)
        return self.settings

    def _check(self, body: dict[str, Any]) -> None:
        if body.get("template_id") not in TEMPLATES:
            raise Refused(422, "template_id is unknown")
        person = body.get("candidate")
        absent = [name for name in REQUIRED if not isinstance(person, dict) or not person.get(name)]
        if absent:
            raise Refused(422, f"candidate needs {', '.join(absent)}")

    def _new_interview(self, body: dict[str, Any]) -> Interview:
        number = len(self.interviews) + 1
        now = self.context.now_ms()
        chance = Random(f"{self.seed} {number}").random()
        interview = Interview(
            id=f"int-{number:06d}",
            external_id=body.get("external_id"),
            template_id=body["template_id"],
            candidate=body["candidate"],
            job_shortcode=body.get("job_shortcode"),
            job_title=body.get("job_title"),
            callback_url=body.get("callback_url"),
            created_at=now,
            updated_at=now,
            delivered_at=now,
        )
        expiring = self.settings.bounce_share + self.settings.expire_share
        interview.ends = "expired" if chance < expiring else "completed"
        interview.ends = "bounced" if chance < self.settings.bounce_share else interview.ends
        length = int(self.settings.interview_seconds * 1000)
        interview.start_due, interview.due_at = now + length // 3, now + length
        if body.get("expires_at"):
            limit = int(parse_time("expires_at", str(body["expires_at"])) * 1000)
            if limit < interview.due_at:
                interview.ends, interview.due_at = "expired", max(now, limit)
        return interview

    def _plan(self, interview: Interview) -> None:
        if not self.settings.progress or interview.due_at is None or interview.start_due is None:
            return
        now = self.context.now_ms()
        if interview.ends == "completed" and interview.status == "pending":
            wait = max(0, interview.start_due - now) / 1000
            self.context.scheduler.after(wait, lambda: self._by_itself(interview.id, "started"))
        wait = max(0, interview.due_at - now) / 1000
        self.context.scheduler.after(wait, lambda: self._by_itself(interview.id, interview.ends))

    def _by_itself(self, number: str, to: Status) -> None:
        """What the person did, unless somebody ended the interview before."""
        verbs = {
            "started": self.start,
            "completed": self.complete,
            "expired": self.expire,
            "bounced": self.bounce,
        }
        with self.context.guard:
            if self.settings.progress and self.interviews[number].status in OPEN:
                verbs[to](number)

    def _turn(self, interview: Interview, status: Status) -> Interview:
        interview.status = status
        interview.updated_at = max(self.context.now_ms(), interview.updated_at + 1)
        self._save(interview, status)
        if interview.callback_url and status != "cancelled":
            content: dict[str, Any] = {
                "interview_id": interview.id,
                "status": status,
                "revision": interview.revision,
            }
            if interview.result is not None:
                content["result"] = interview.result
            self.callbacks.put(interview.callback_url, content, self.settings.callback_retry_seconds)
        return interview

    def _save(self, interview: Interview, verb: str) -> None:
        self.interviews[interview.id] = interview
        self.context.store.put("interview", interview.id, interview)
        self._note(verb, interview=interview.id, external_id=interview.external_id)

    def _note(self, verb: str, **what: object) -> None:
        self.context.note("platform", verb=verb, **what)


def interview_url(interview: Interview) -> str:
    """Where the candidate goes."""
    return f"https://platform.example.com/i/{interview.id}"


def interview_row(interview: Interview) -> dict[str, Any]:
    """As `GET /interviews` gives it; keys without a value are left out."""
    invite = {
        name: iso_ms(moment)
        for name in ("delivered_at", "bounced_at", "opened_at")
        if (moment := getattr(interview, name)) is not None
    }
    row: dict[str, Any] = {
        "interview_id": interview.id,
        "interview_url": interview_url(interview),  # an addition
        "external_id": interview.external_id,
        "status": interview.status,
        "updated_at": iso_ms(interview.updated_at),
        "revision": interview.revision,
        "invite": invite,
    }
    return row if interview.result is None else {**row, "result": interview.result}


def applicant_row(applicant: Applicant) -> dict[str, Any]:
    row = {key: value for key, value in msgspec.structs.asdict(applicant).items() if value is not None}
    return {**row, "created_at": iso_ms(applicant.created_at)}
