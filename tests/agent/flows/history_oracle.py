"""What should have come of histories, worked out from the world alone and with none of the agent's rules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.account import Account
from sandbox.model import Activity
from tests.agent.flows.history_office import Past, Saved
from tests.agent.flows.history_world import Scene

Row = dict[str, Any]
LIVE = ("published", "closed")
ECHO = 5 * 60_000  # milliseconds around a move of ours in which one to the same stage may be taken for it


@dataclass(frozen=True)
class Entry:
    """A stage was entered at `at` (milliseconds) and left to be seen until `until`, when the application went
    elsewhere; `rule` is the mapping that asked for it, if any.
    """

    activity: str
    at: int
    job: str
    stage: int
    kind: str
    is_ours: bool
    until: int | None = None
    rule: Saved | None = None


@dataclass
class Application:
    """One candidate under each id it had. `unfit` are spans of time in which nobody has to be invited, perhaps
    without an end; from `barred_at` on nobody may be.
    """

    ids: list[str]
    email: str | None
    entries: list[Entry] = field(default_factory=list)
    unfit: list[tuple[int, int | None]] = field(default_factory=list)
    journal: list[Row] = field(default_factory=list)
    gone_at: int | None = None
    barred_at: int | None = None
    is_anonymized: bool = False


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Oracle:
    """Everything that the world and the history say, put in order by application."""

    def __init__(self, scene: Scene, past: Past) -> None:
        self.past = past
        self.account: Account = scene.account
        self.interviews = list(scene.world.platform.interviews.values())
        self.journal = [
            e for e in scene.world.context.journal.entries(kind="change") if e.get("account") == "acme"
        ]
        self.states = self._job_states()
        self.applications: list[Application] = []
        self._by_id: dict[str, Application] = {}
        for event in self.journal:
            if event.get("candidate") is not None:
                self._take(event)
        for application in self.applications:
            self._read(application)

    # The journal, put in order

    def _take(self, event: Row) -> None:
        candidate, verb, at = event["candidate"], event["verb"], milliseconds(event["at"])
        if verb == "relocate" and (former := self._of(event["was"])):
            former.ids.append(candidate)
            self._by_id[candidate] = former
        application = self._of(candidate)
        application.journal.append(event)
        if verb in ("disqualify", "anonymize", "delete") or (verb, event.get("target")) == ("move", "hired"):
            application.unfit.append((at, None))
        application.is_anonymized |= verb == "anonymize"
        if verb in ("disqualify", "anonymize") and application.barred_at is None:
            application.barred_at = at
        if verb == "revert":
            self._end_span(application, at)
        application.gone_at = at if verb == "delete" else application.gone_at

    def _of(self, candidate: str) -> Application:
        if candidate not in self._by_id:
            self._by_id[candidate] = Application([candidate], self.past.emails.get(candidate))
            self.applications.append(self._by_id[candidate])
        return self._by_id[candidate]

    @staticmethod
    def _end_span(application: Application, at: int) -> None:
        """Only a disqualification can be taken back; when in doubt the person counts as unfit."""
        if not application.is_anonymized:
            application.barred_at = None
        is_for_good = application.is_anonymized or any(
            e.get("target") == "hired" for e in application.journal
        )
        if application.unfit and not is_for_good:
            first = min(begun for begun, _ in application.unfit)
            application.unfit = [(first, at)]

    def _job_states(self) -> dict[str, list[tuple[int, bool]]]:
        """From when each job is live or not, beginning with how it was seeded."""
        found: dict[str, list[tuple[int, bool]]] = {}
        for job in self.account.jobs.values():
            changes = [e for e in self.journal if e["verb"] == "set_job_state" and e["job"] == job.shortcode]
            spans = [(milliseconds(e["at"]), e["state"] in LIVE) for e in changes]
            begins_live = not spans[0][1] if spans else job.state in LIVE
            found[job.shortcode] = [(0, begins_live), *spans]
        return found

    def _read(self, application: Application) -> None:
        """Each change of place in the journal is one activity on the timeline, in the same order."""
        events = [e for e in application.journal if _is_arrival(e)]
        steps = [a for a in self.timeline(application) if _is_step(a)]
        steps = steps[len(steps) - len(events) :] if events else []
        assert len(steps) == len(events), "the journal and the timeline tell the same"
        for event, step in zip(events, steps, strict=True):
            if event["verb"] == "relocate":
                application.entries = [
                    _left(entry, milliseconds(event["at"])) for entry in application.entries
                ]
            application.entries.append(self._entry(event, step))

    def timeline(self, application: Application) -> list[Activity]:
        last = application.ids[-1]
        if last in self.past.gone:
            return self.past.gone[last]
        return self.account.candidates[int(last, 16)].activities

    def _entry(self, event: Row, step: Activity) -> Entry:
        at, job = step.created_at, event["job"]
        stage = step.stage if step.target is None else step.target
        rule = self._in_force(job, at)
        return Entry(
            activity=f"{step.id:x}",
            at=at,
            job=job,
            stage=stage,
            kind="moved" if event["verb"] == "move" else "created",
            is_ours=event["cause"] == "api",
            rule=rule if rule is not None and rule.stage == stage else None,
        )

    def _in_force(self, job: str, at: int) -> Saved | None:
        """The job's own mapping, else the default, as last saved before."""
        for whose in (job, ""):
            last = [one for one in self.past.saved if one.job == whose and one.at <= at][-1:]
            if last and last[0].is_own:
                return last[0]
        return None

    # What can be said of an entry

    def calm_after(self, at: int) -> int | None:
        """None for what the agent itself did at the very end."""
        return next((calm for calm in self.past.calms if calm >= at), None)

    def must_be_decided(self, application: Application, entry: Entry) -> bool:
        """It was there to be looked at until there was time to do so, and somebody wished it to be."""
        seen_by = self.calm_after(entry.at)
        if seen_by is None:
            return False
        gone = min((t for t in (entry.until, application.gone_at) if t is not None), default=None)
        if gone is not None and gone <= seen_by:
            return False
        return self._is_mapped_throughout(entry.job, entry.at, seen_by)

    def must_be_invited(self, application: Application, entry: Entry) -> bool:
        seen_by, rule = self.calm_after(entry.at), entry.rule
        if rule is None or seen_by is None or not self.may_invite(application, entry):
            return False
        was_fit = all(
            begun > seen_by or (ended is not None and ended <= entry.at) for begun, ended in application.unfit
        )
        return (
            was_fit
            and self.must_be_decided(application, entry)
            and self._is_live_throughout(entry.job, entry.at, seen_by)
            and not self._echoes(application, entry)
        )

    def may_invite(self, application: Application, entry: Entry) -> bool:
        rule = entry.rule
        if rule is None or rule.template is None or entry.is_ours or rule.trigger not in ("both", entry.kind):
            return False
        if application.email is None or self.account.jobs[entry.job].sample:
            return False
        return application.barred_at is None or application.barred_at > entry.at

    def is_written_to(self, application: Application) -> bool:
        """It is in a live job now, in which it was always possible to follow it."""
        job = self.account.candidates[int(application.ids[-1], 16)].job or ""
        arrived = max((e.at for e in application.entries if e.kind == "created"), default=0)
        return self.states[job][-1][1] and self._is_mapped_throughout(job, arrived, self.past.calms[-1])

    def has_all_stages(self, application: Application) -> bool:
        """Workable takes no rating for a stage that was deleted from the candidate's job."""
        job = self.account.candidates[int(application.ids[-1], 16)].job
        there = {stage.id for stage in self.account.stages_of(job)}
        return {entry.stage for entry in application.entries if entry.rule is not None} <= there

    def _is_mapped_throughout(self, job: str, begun: int, ended: int) -> bool:
        moments = [begun, *(one.at for one in self.past.saved if begun < one.at <= ended)]
        rules = [self._in_force(job, at) for at in moments]
        return all(rule is not None and rule.stage is not None for rule in rules)

    def _is_live_throughout(self, job: str, begun: int, ended: int) -> bool:
        spans = self.states[job]
        before = [is_live for at, is_live in spans if at <= begun][-1:]
        return all(before + [is_live for at, is_live in spans if begun < at <= ended])

    def _echoes(self, application: Application, entry: Entry) -> bool:
        moved = [one for one in application.entries if one.is_ours and one.stage == entry.stage]
        return any(abs(one.at - entry.at) <= ECHO for one in moved)

    # The findings: sentences about what is wrong

    def wrong_decisions(self, decided: list[Row]) -> Iterator[str]:
        counts = Counter(row["activity_id"] for row in decided)
        counted = {e.activity: (a, e) for a in self.applications for e in a.entries if e.rule is not None}
        for activity, (application, entry) in counted.items():
            if counts[activity] > 1:
                yield f"{application.ids}: {counts[activity]} decisions about {entry}"
            if not counts[activity] and self.must_be_decided(application, entry):
                yield f"{application.ids}: missed {entry}"
        yield from (
            f"a decision about nothing: {row}" for row in decided if row["activity_id"] not in counted
        )
        yield from (
            f"no reason: {row}" for row in decided if not row["reason"] or not row["sentence"].endswith(".")
        )

    def wrong_interviews(self) -> Iterator[str]:
        """By address and template, and by job besides: an application has at most one of each."""
        made = Counter((one.candidate["email"], one.template_id) for one in self.interviews)
        there = Counter(
            (one.candidate["email"], one.template_id, one.job_shortcode) for one in self.interviews
        )
        least, most, local = Counter[Any](), Counter[Any](), Counter[Any]()
        for application in self.applications:
            may = [e for e in application.entries if self.may_invite(application, e)]
            must = [e for e in may if self.must_be_invited(application, e)]
            least.update({(application.email, e.rule.template) for e in must if e.rule})
            most.update({(application.email, e.rule.template) for e in may if e.rule})
            local.update({(application.email, e.rule.template, e.job) for e in may if e.rule})
        for key in {*made, *least}:
            if not least[key] <= made[key] <= most[key]:
                yield f"{key}: {made[key]} interviews, and there should be {least[key]} to {most[key]}"
        yield from (
            f"{key}: {count} interviews in one job" for key, count in there.items() if count > local[key]
        )

    def wrong_writes(self) -> Iterator[str]:
        """Nobody who was never to be invited finds anything of ours; moves go only where a mapping says."""
        targets = {target for one in self.past.saved for target in one.targets}
        for application in self.applications:
            ours = [e for e in application.journal if e["cause"] == "api"]
            if ours and not any(self.may_invite(application, entry) for entry in application.entries):
                yield f"{application.ids}: written to, and there was no reason: {ours}"
            for event in ours:
                if event["verb"] == "move" and event["target"] not in targets:
                    yield f"{application.ids}: moved to where nobody wished: {event}"


def _is_arrival(event: Row) -> bool:
    if event["verb"] == "move":
        return bool(event["source"] != event["target"])
    return event["verb"] in ("create", "copy", "relocate")


def _is_step(activity: Activity) -> bool:
    """An arrival; being moved to where one stands is none."""
    if activity.target is not None:
        return activity.target != activity.stage
    return activity.action in ("applied", "uploaded", "copied", "moved")


def _left(entry: Entry, at: int) -> Entry:
    return entry if entry.until is not None else Entry(**{**entry.__dict__, "until": at})
