"""Effects as the other flows plan them, put into the outbox by hand, and what came of them outside."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent import wiring
from agent.flows import plans
from agent.flows.deliver import deliver
from agent.flows.plans import Occasion
from agent.work import Work
from storage import references
from storage.ledger import applicants, invites, mappings, outbox
from storage.ledger.applicants import Applicant
from storage.ledger.invites import Invite
from storage.ledger.mappings import MappedStage
from storage.ledger.outbox import Effect, EffectKind, NewEffect, SendLane
from storage.records import Candidate, StageRef
from tests.agent.flows.interview_rig import InterviewRig
from tests.agent.flows.rig import Row, taken

STAGE = "phone-screen"
PASS_STAGE = "interview"
RESULT: dict[str, Any] = {
    "score": 81,
    "grade": "passed",
    "summary": "Answers to the point.",
    "results_url": "https://platform.example.com/r/1",
    "duration_seconds": 900,
    "rubric": [{"trait": "Clarity", "score": 80, "note": None}],
    "transcript": [{"speaker": "Interviewer", "at_seconds": 1.0, "text": "Welcome."}],
    "completed_at": None,
}
MOST_ROUNDS = 60


class Plan:
    """A person who has reached the mapped stage, with the invite and the effects that tests plan for them.

    `at` is when everything is planned, by default now.
    """

    def __init__(
        self, rig: InterviewRig, *, at: datetime | None = None, entered: timedelta = timedelta()
    ) -> None:
        self.rig = rig
        account = rig.running.world.account("acme")
        self.job = rig.job()
        made = account.create_candidate(self.job, sourced=False, stage=STAGE)
        self.candidate_id = f"{made.id:x}"
        self.at = at or rig.clock()
        stage = account.stage_by_slug(self.job, STAGE)
        occasion = Occasion(
            account_id="acme",
            candidate=_as_read(rig, self.candidate_id),
            job_shortcode=self.job,
            job_title="A job",
            rule=rig.from_ledger(lambda tx: mappings.effective(tx, "acme", "")),  # type: ignore[arg-type]  # mapped by the fixture
            stage=StageRef(str(stage.id), stage.slug, stage.name),
            entered_at=self.at - entered,
        )
        with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
            self.invite_id = plans.plan_invite(tx, occasion, callback_url=None, now=self.at) or 0

    @property
    def invite(self) -> Invite:
        return self.rig.from_ledger(lambda tx: invites.get(tx, self.invite_id))

    def effect(self, kind: EffectKind, revision: int = 0) -> Effect:
        found = self.rig.from_ledger(lambda tx: outbox.of_candidate(tx, "acme", [self.invite.candidate_id]))
        return next(one for one in found if (one.kind, one.revision) == (kind, revision))

    def plan(self, kind: EffectKind, payload: Mapping[str, Any] | None = None, revision: int = 0) -> None:
        with wiring.opened_ledger(self.rig.settings) as ledger, ledger.write() as tx:
            invite = invites.get(tx, self.invite_id)
            plans.plan_effect(tx, invite, kind, payload or {}, now=self.at, revision=revision)

    def plan_result(self, revision: int = 1, **changes: Any) -> None:
        """The platform has sent a result: rating, comment and a move are to be made."""
        with wiring.opened_ledger(self.rig.settings) as ledger, ledger.write() as tx:
            result = RESULT | changes
            invites.update(tx, self.invite_id, state="completed", revision=revision, result=result)
        rating = {"scale": "stars", "grade": 4, "stage_id": self.invite.stage_id}
        self.plan(EffectKind.RATING, rating, revision)
        superseded = revision - 1 or None
        self.plan(EffectKind.RESULT_COMMENT, {"policy": ["admin"], "supersedes": superseded}, revision)
        if revision == 1:
            self.plan(EffectKind.MOVE, {"stage": self.stage(PASS_STAGE), "passed": True}, revision)

    def stage(self, slug: str) -> dict[str, str]:
        found = self.rig.running.world.account("acme").stage_by_slug(self.job, slug)
        return msgspec.structs.asdict(MappedStage(str(found.id), found.slug, found.kind, found.name))

    def journal(self) -> list[str]:
        """What has been done to the candidate by us, in its order."""
        return [e["verb"] for e in self.rig.changes() if e.get("candidate") == self.candidate_id]

    def asked_of_platform(self) -> list[str]:
        """What the platform did for this invite, in its order."""
        entries = self.rig.running.world.context.journal.entries(kind="platform")
        return [e["verb"] for e in entries if e.get("external_id") == self.invite.external_id]

    def timeline(self, action: str) -> list[Row]:
        return self.rig.timeline(self.candidate_id, action)


def _as_read(rig: InterviewRig, candidate_id: str) -> Candidate:
    with rig.work() as work:
        return work.workable.candidate(candidate_id)


def plan_alone(
    rig: InterviewRig, kind: EffectKind, payload: dict[str, Any], *, candidate_id: str | None = None
) -> str:
    """An effect that belongs to no invite; its key."""
    key = references.key("acme", kind, candidate_id or "", *map(str, payload.values()))
    new = NewEffect(
        account_id="acme", kind=kind, lane=SendLane.NOTES, effect_key=key, mark=references.mark(key),
        payload=payload, actor="a test", candidate_id=candidate_id,
    )  # fmt: skip
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        outbox.plan(tx, new, datetime.now(UTC))
    return key


def plan_applicant(rig: InterviewRig, number: int) -> str:
    """Somebody who began an interview from the open link of a job; the effect's key."""
    email = f"applicant{number}@example.com"
    person = {"firstname": "Ada", "lastname": "Example", "email": email}
    noted = Applicant(f"apl-{number}", "acme", rig.job(), None, "planned", None, rig.clock())
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        applicants.note(tx, noted)
    payload = {
        "applicant_id": noted.applicant_id,
        "job_shortcode": rig.job(),
        "person": person,
        "sourced": True,
    }
    return plan_alone(rig, EffectKind.CREATE_CANDIDATE, payload)


def by_key(rig: InterviewRig, key: str) -> Effect:
    found = rig.from_ledger(lambda tx: outbox.by_key(tx, key))
    assert found is not None
    return found


def deliver_now(rig: InterviewRig) -> None:
    """What is due at this moment, in one agent process."""
    with rig.work() as work:
        _deliver_due(work)


def deliver_all(rig: InterviewRig) -> None:
    """Until nothing is left that is due by itself; what would be waited for is skipped."""
    with rig.agent() as engine:
        to_end(rig, taken(engine))


@contextmanager
def platform_down(rig: InterviewRig) -> Iterator[None]:
    """Nobody listens where the platform is said to be."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = f"127.0.0.1:{listener.getsockname()[1]}"
    before = rig.changed_settings
    hosts = f"{rig.running.host}:{rig.running.port},{nowhere}"
    rig.changed_settings = before | {"platform_url": f"http://{nowhere}", "allow_hosts": hosts}
    yield
    rig.changed_settings = before


def to_end(rig: InterviewRig, work: Work) -> None:
    for _ in range(MOST_ROUNDS):
        _deliver_due(work)
        with work.tools.ledger.read() as tx:
            due = outbox.next_due(tx, "acme")
        if due is None:
            return
        rig.clock.ahead += max(due - work.now(), timedelta())
    raise AssertionError("effects wait again and again")


def _deliver_due(work: Work) -> None:
    for _ in range(MOST_ROUNDS):
        if not deliver(work):
            return
    raise AssertionError("effects are due again and again")
