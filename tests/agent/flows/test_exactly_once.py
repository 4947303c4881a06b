"""Whatever happens to answers and processes, every effect is made exactly once, and in its order (B02)."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.flows import deliver as flow
from sandbox.fault_model import Fault
from sandbox.stamps import hex_id
from storage import references
from storage.ledger.outbox import EffectKind, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.deliveries import Plan, by_key, deliver_all, deliver_now, plan_alone, plan_applicant
from tests.agent.flows.interview_rig import InterviewRig

K, S = EffectKind, EffectState
# The work is done and its answer lost, each time; what is found is not sent again.
DONE: dict[str, dict[str, Any]] = {
    "answer_lost": {},
    "error_after": {"status": 504},
    "reset_body": {},
    "truncated": {},
}
NOT_DONE: dict[str, dict[str, Any]] = {"reset": {}, "server_error": {"status": 502}}
FOUND_AGAIN = (
    ("POST", "/comments$"),
    ("POST", "/move$"),
    ("POST", "/jobs/[^/]+/candidates$"),
    ("POST", "/platform/interviews$"),
    ("PUT", "/ratings$"),
    ("DELETE", "/platform/interviews/"),
)
SENT_AGAIN = (("PUT", "/platform/members/"), ("DELETE", "/platform/members/"))
COMMENTS = 4
WRITTEN = ("POST answered", "PUT answered", "DELETE answered")  # done, and nowhere noted so far
OF_CANDIDATE = (
    K.INVITE, K.INVITE_NOTE, K.RATING, K.RESULT_COMMENT, K.MOVE, K.END_NOTE, K.CANCEL
)  # fmt: skip

# Dies at the step whose number is given, and tells which there were: before and after each commit of the
# ledger, before each request leaves and when its answer has come.
DIE_AT = """
import json, os, signal, sys
from contextlib import contextmanager
from agent import wiring
from agent.flows import deliver as flow
from agent.transport import Transport
from storage import settings
from storage.ledger import accounts
from storage.ledger.database import Ledger

steps = []
flow.UNKNOWN_WAIT = flow.FIRST_PAUSE = 0.0

def step(name):
    steps.append(name)
    if len(steps) == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

write, exchange = Ledger.write, Transport._exchange

@contextmanager
def watched(self):
    with write(self) as tx:
        yield tx
        step("commits")
    step("committed")

def watched_exchange(self, call, *given):
    step(f"{call.method} leaves")
    answer = exchange(self, call, *given)
    step(f"{call.method} answered")
    return answer

with wiring.agent_process(settings.load(), "deliver") as engine:
    with engine.tools.ledger.read() as tx:
        account = accounts.get(tx, "acme")
    work = engine.connections.work(account)
    Ledger.write, Transport._exchange = watched, watched_exchange
    while flow.deliver(work):
        pass
    Ledger.write = write
print(json.dumps(steps))
"""


class Everything:
    """One effect of each kind, planned for a new person and in the past, so that a process finds them due."""

    def __init__(self, rig: InterviewRig, number: int) -> None:
        self.rig, self.number = rig, number
        self.plan = Plan(rig, at=datetime.now(UTC))
        self.applicant = plan_applicant(rig, number)
        member = {"member_id": f"m{number}", "email": f"member{number}@example.com"}
        self.put = plan_alone(rig, K.PUT_MEMBER, member | {"name": "Member", "role": "reviewer"})

    def plan_rest(self) -> None:
        """What follows the invite: the result, a card, and the end of what was made."""
        plan = self.plan
        plan.plan_result()
        plan.plan(K.END_NOTE, {"status": "expired", "policy": None})
        plan.plan(K.CANCEL)
        self.card = plan_alone(self.rig, K.SAMPLE_CARD, {"policy": None}, candidate_id=plan.candidate_id)
        member = {"member_id": f"m{self.number}", "email": f"member{self.number}@example.com"}
        self.gone = plan_alone(self.rig, K.DEACTIVATE_MEMBER, member)

    def check(self) -> None:
        plan, rig = self.plan, self.rig
        revisions = {K.RATING: 1, K.RESULT_COMMENT: 1, K.MOVE: 1}
        effects = [plan.effect(kind, revisions.get(kind, 0)) for kind in OF_CANDIDATE]
        effects += [by_key(rig, key) for key in (self.applicant, self.put, self.card, self.gone)]
        assert {(one.kind, one.state) for one in effects} == {(kind, S.CONFIRMED) for kind in EffectKind}
        assert plan.journal() == ["comment", "rate", "comment", "move", "comment", "comment"]
        assert plan.asked_of_platform() == ["invite", "cancelled"]
        comments = [row["body"] for row in plan.timeline("comment")]
        marked = (K.INVITE_NOTE, K.RESULT_COMMENT, K.END_NOTE)
        marks = [one.mark for kind in marked for one in effects if one.kind == kind]
        marks.append(by_key(rig, self.card).mark)
        assert [references.is_marked(body, mark) for body, mark in zip(comments, marks, strict=True)] == [
            True
        ] * 4
        people = rig.running.world.account("acme").with_email(f"applicant{self.number}@example.com")
        assert [hex_id(one) for one in people] == [by_key(rig, self.applicant).remote_id]
        member = rig.running.world.platform.members[f"member{self.number}@example.com"]
        assert not member.active


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews()
    made.map()
    made.running.world.platform.put_member(
        "admin@example.com", {"name": "Admin", "role": "admin", "source": "workable"}
    )
    return made


@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE])
def test_b02_every_kind_of_effect_is_made_once_when_its_answer_is_lost(rig: InterviewRig, fault: str) -> None:
    faults = [_lose(rig, fault, *write, times=1) for write in SENT_AGAIN]
    if fault in DONE:
        faults += [_lose(rig, fault, *write, times=None) for write in FOUND_AGAIN]
    else:  # the first attempt at each, the second passes
        faults += [_lose(rig, fault, *write, times=1) for write in FOUND_AGAIN]
        faults += [_lose(rig, fault, *FOUND_AGAIN[0], times=1, after=2 * n) for n in range(1, COMMENTS)]
    everything = Everything(rig, 1)
    deliver_all(rig)
    everything.plan_rest()
    deliver_all(rig)
    assert all(one.hit for one in faults)
    everything.check()


def _lose(rig: InterviewRig, kind: str, method: str, path: str, **spec: Any) -> Fault:
    params = (DONE | NOT_DONE)[kind]
    given = {"kind": kind, "method": method, "match": path, "params": params, **spec}
    return rig.running.world.faults.add(given)


def test_b02_every_effect_is_made_once_when_the_agent_is_killed(
    rig: InterviewRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "UNKNOWN_WAIT", 0.0)
    _die_at_steps(rig, lambda steps: [*_some(steps, WRITTEN, 3), *_some(steps, (), 1)])


@pytest.mark.soak
def test_b02_every_effect_is_made_once_at_whichever_step_the_agent_is_killed(
    rig: InterviewRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "UNKNOWN_WAIT", 0.0)
    _die_at_steps(rig, lambda steps: list(range(1, 1 + len(steps))))


def _some(steps: list[str], named: Sequence[str], count: int) -> list[int]:
    """Numbers of steps with such a name, or of any."""
    found = [number for number, step in enumerate(steps, 1) if step in named or not named]
    return random.Random(11).sample(found, count)


def _die_at_steps(rig: InterviewRig, choose: Callable[[list[str]], list[int]]) -> None:
    """At the chosen steps of the inviting, and at those of the writing back."""
    calm = Everything(rig, 0)
    inviting = _steps(rig)
    calm.plan_rest()
    writing_back = _steps(rig)
    calm.check()
    cases = [(step, 0) for step in choose(inviting)] + [(0, step) for step in choose(writing_back)]
    for number, (early, late) in enumerate(cases, 1):
        everything = Everything(rig, number)
        _dies(rig, early)
        everything.plan_rest()
        _dies(rig, late)
        everything.check()


def _steps(rig: InterviewRig) -> list[str]:
    done = _run(rig, 0)
    assert done.returncode == 0, done.stderr
    steps: list[str] = json.loads(done.stdout)
    return steps


def _dies(rig: InterviewRig, step: int) -> None:
    """At that step, and another agent does the rest; step 0: nobody dies."""
    if step:
        assert _run(rig, step).returncode == -signal.SIGKILL
    deliver_now(rig)


def _run(rig: InterviewRig, step: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", DIE_AT, str(step)]
    environment = os.environ | rig.environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
