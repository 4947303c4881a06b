"""A rig whose customers have interviews: mappings, the platform's side, and steps until nothing is due."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec

from agent import wiring
from agent.flows import account as turns
from agent.flows import interviews, platform
from agent.work import Work
from sandbox.stamps import hex_id
from storage import reads
from storage.ledger import decisions, interventions, invites, mappings, outbox, schema
from storage.ledger.decisions import Decision
from storage.ledger.invites import Invite
from storage.ledger.mappings import Changes
from storage.ledger.outbox import Effect
from storage.ledger.requests import Kind, Request
from storage.settings import Settings
from tests.agent.flows.rig import Rig, Row, settle, taken


class InterviewRig(Rig):
    """Of the account acme; `running.world.platform` is the platform, whose interviews end by hand."""

    @property
    def settings(self) -> Settings:
        own = {"platform_url": self.running.platform_url, "platform_token": "sandbox-platform-token"}
        return msgspec.structs.replace(super().settings, **own | self.changed_settings)

    def map(self, stage: str | None = "phone-screen", job: str = "", **changes: Any) -> None:
        """Save a mapping by the stage's slug: a general interview, in the name of an admin."""
        wanted = {"template_id": "tpl-general", "member_id": self.member()} | changes
        with wiring.opened_ledger(self.settings) as ledger, ledger.write() as tx:
            found = reads.pipelines(tx, "acme")[job]
            ids = {row["slug"]: row["stage_id"] for row in found}
            moves = {name: ids[wanted[name]] for name in ("pass_stage", "fail_stage") if wanted.get(name)}
            mapped = None if stage is None else ids[stage]
            saved = Changes(**wanted | moves)
            mappings.save(tx, "acme", job, mapped, saved, actor="a test", now=self.clock())
        self.clock.forward(seconds=1)  # what happens from now on is after the mapping, in whole seconds too

    def member(self) -> str:
        """An admin, who may act on every job."""
        members = self.running.world.account("acme").members.values()
        return next(hex_id(m.id) for m in members if m.active and m.role in ("admin", "superadmin"))

    def job(self) -> str:
        """A published job with candidates that is no sample."""
        account = self.running.world.account("acme")
        return next(
            job.shortcode for job in account.jobs.values() if job.state == "published" and not job.sample
        )

    def candidate(self, job: str | None = None, stage: str = "applied") -> str:
        """A new person, who has just come to that stage of the job."""
        account = self.running.world.account("acme")
        made = account.create_candidate(job or self.job(), sourced=False, stage=stage)
        self.clock.forward(seconds=2)
        return hex_id(made.id)

    def move(self, candidate_id: str, to: str = "phone-screen") -> None:
        self.running.world.account("acme").move(candidate_id, to, member_id=self.member())
        self.clock.forward(seconds=2)

    def go_on(self, *, polls: bool = True) -> None:
        """A poll, then inviting and writing back until nothing is due; what would be waited for is skipped."""
        with self.agent() as engine:
            work = taken(engine)
            if polls:
                turns.poll(work, every=None)
            if engine.tools.platform is not None:
                platform.look(engine.tools, engine.tools.platform)
            self.take_steps(work)

    def obeyed(self, kind: Kind, **args: Any) -> Request:
        """What an agent made of a request."""
        number = self.ask(kind, **args).request_id
        with self.agent() as engine:
            settle(engine)
        return self.request(number)

    def look_at_platform(self) -> None:
        with self.agent() as engine:
            assert engine.tools.platform is not None
            platform.look(engine.tools, engine.tools.platform)

    def step(self, work: Work) -> None:
        """What is due after the time in which a change settles, and nothing that waits longer."""
        self.clock.forward(seconds=2)
        interviews.turn(work)

    def retry(self, effect_id: int) -> None:
        """A person lets a parked effect go."""
        with wiring.opened_ledger(self.settings) as ledger, ledger.write() as tx:
            outbox.retry(tx, effect_id, self.clock())

    def drop(self, effect_id: int) -> None:
        """A person does not want it sent."""
        with wiring.opened_ledger(self.settings) as ledger, ledger.write() as tx:
            interventions.drop(tx, effect_id, actor="a test", now=self.clock())

    def account_setting(self, **values: Any) -> None:
        with wiring.opened_ledger(self.settings) as ledger, ledger.write() as tx:
            tx.execute(schema.accounts.update().values(**values))

    def take_steps(self, work: Work) -> None:
        while True:
            interviews.turn(work)
            due = interviews.due_soon(work)
            if due is None:
                return
            self.clock.ahead += max(due - work.now(), timedelta())

    def interviews(self) -> list[Row]:
        """What the platform was asked for, as it knows it."""
        return [msgspec.structs.asdict(one) for one in self.running.world.platform.interviews.values()]

    def timeline(self, candidate_id: str, action: str | None = None) -> list[Row]:
        """Activities, with attachments and score cards."""
        url = f"{self.running.control_url}/acme/candidates/{candidate_id}/activities"
        told = httpx.get(url, trust_env=False).raise_for_status().json()["activities"]
        return [row for row in told if action in (None, row["action"])]

    def changes(self, *verbs: str) -> list[Row]:
        """What we have changed in Workable, by the sandbox's journal."""
        entries = self.running.world.context.journal.entries(kind="change")
        return [e for e in entries if e["cause"] == "api" and (not verbs or e["verb"] in verbs)]

    def decisions(self, *candidate_ids: str) -> list[Decision]:
        return self.from_ledger(lambda tx: decisions.of_candidate(tx, "acme", list(candidate_ids)))

    def invited(self, *candidate_ids: str) -> list[Invite]:
        return self.from_ledger(lambda tx: invites.of_candidate(tx, "acme", list(candidate_ids)))

    def effects(self, *candidate_ids: str) -> list[Effect]:
        return self.from_ledger(lambda tx: outbox.of_candidate(tx, "acme", list(candidate_ids)))
