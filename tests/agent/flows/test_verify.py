"""What was written is compared with the timelines; whatever differs is reported and nothing is written."""

import pytest

from agent.flows import verify as flow
from storage import reads
from storage.ledger import schema
from storage.ledger.requests import Kind, State
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig

Figures = dict[str, object]


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews(candidates=8, jobs=2)
    made.map()
    return made


@pytest.fixture
def somebody(rig: InterviewRig) -> str:
    """A candidate with an invite, a rating and a comment of the result."""
    invited = rig.candidate()
    rig.move(invited)
    rig.go_on()
    rig.running.world.platform.complete(rig.interviews()[0]["id"], score=70)
    rig.clock.forward(seconds=1)
    rig.go_on()
    assert len(rig.timeline(invited, "comment")) == 2
    assert len(rig.timeline(invited, "rating")) == 1
    return invited


def _verify(rig: InterviewRig) -> tuple[str, Figures]:
    rig.forget_requests()
    with rig.work() as work:
        told = flow.verify(work)
    assert {entry["method"] for entry in rig.asked()} <= {"GET"}
    return told


def _problems(rig: InterviewRig) -> dict[str, str]:
    """Sentences by candidate."""
    found = rig.from_ledger(reads.open_problems)
    return {problem.subject: problem.sentence for problem in found if problem.code == flow.CODE}


def _remove(rig: InterviewRig, candidate_id: str, action: str) -> None:
    """Somebody deletes the last such entry of the timeline."""
    activities = rig.running.world.account("acme").candidate(candidate_id).activities
    activities.remove([one for one in activities if one.action == action][-1])


def test_what_stands_as_it_was_written_is_no_problem(rig: InterviewRig, somebody: str) -> None:
    sentence, figures = _verify(rig)
    assert sentence == (
        "Compared the timelines of 1 candidate written to in the last 30 days. All is as it was written."
    )
    assert (figures["compared"], figures["differing"], _problems(rig)) == (1, 0, {})


@pytest.mark.parametrize(
    ("action", "what"), [("comment", "the comment with the result"), ("rating", "the rating")]
)
def test_what_is_gone_from_the_timeline_is_reported_until_it_is_there_again(
    rig: InterviewRig, somebody: str, action: str, what: str
) -> None:
    activities = rig.running.world.account("acme").candidate(somebody).activities
    before = list(activities)
    _remove(rig, somebody, action)
    sentence, figures = _verify(rig)
    assert "1 candidate's is not as it was written" in sentence
    assert figures["problems"] == [_problems(rig)[somebody]]
    assert f"{what} (Ref IVW-" in _problems(rig)[somebody]
    assert "is no longer there" in _problems(rig)[somebody]
    activities[:] = before
    _verify(rig)
    assert _problems(rig) == {}


def test_what_stands_twice_is_reported(rig: InterviewRig, somebody: str) -> None:
    note = rig.timeline(somebody, "comment")[0]
    rig.running.world.account("acme").comment(somebody, note["body"], member_id=rig.member())
    _verify(rig)
    assert "stands there 2 times" in _problems(rig)[somebody]


def test_a_rating_that_somebody_has_overwritten_is_told_from_one_that_is_gone(
    rig: InterviewRig, somebody: str
) -> None:
    account = rig.running.world.account("acme")
    account.rate(somebody, 0, "I see this differently", member_id=rig.member(), scale="stars")
    _verify(rig)
    assert "the rating" in _problems(rig)[somebody]
    assert "was overwritten by somebody else" in _problems(rig)[somebody]
    assert "differently" not in _problems(rig)[somebody]


def test_another_grade_under_our_own_words_is_reported(rig: InterviewRig, somebody: str) -> None:
    account = rig.running.world.account("acme")
    ours = rig.timeline(somebody, "rating")[0]["body"]
    account.rate(somebody, 0, ours, member_id=rig.member(), scale="stars")
    _verify(rig)
    assert "has another grade than the one that was written" in _problems(rig)[somebody]


def test_an_amended_rating_is_compared_by_its_newest_revision(rig: InterviewRig, somebody: str) -> None:
    rig.running.world.platform.amend(rig.interviews()[0]["id"], score=20)
    rig.clock.forward(seconds=1)
    rig.go_on()
    assert _verify(rig)[1]["differing"] == 0


def test_the_rating_of_another_interview_in_the_same_stage_replaces_the_first(
    rig: InterviewRig, somebody: str
) -> None:
    rig.obeyed(Kind.REINVITE, candidate_id=somebody)
    rig.go_on()
    rig.running.world.platform.complete(rig.interviews()[1]["id"], score=20)
    rig.clock.forward(seconds=1)
    rig.go_on()
    assert len(rig.timeline(somebody, "rating")) == 1
    assert (_verify(rig)[1]["differing"], _problems(rig)) == (0, {})
    _remove(rig, somebody, "rating")
    _verify(rig)
    assert _problems(rig)[somebody].count("the rating") == 1


def test_a_deleted_candidate_is_counted_and_closes_the_problem(rig: InterviewRig, somebody: str) -> None:
    _remove(rig, somebody, "comment")
    _verify(rig)
    rig.running.world.account("acme").delete(somebody)
    sentence, figures = _verify(rig)
    assert (figures["gone"], _problems(rig)) == (1, {})
    assert "1 candidate is no longer in Workable." in sentence


def test_a_timeline_that_cannot_be_read_proves_nothing(rig: InterviewRig, somebody: str) -> None:
    second = rig.candidate()
    rig.move(second)
    rig.go_on()
    rig.fault("truncated", rf"/candidates/{somebody}/activities", times=None)
    sentence, figures = _verify(rig)
    assert (figures["compared"], figures["unread"], _problems(rig)) == (1, 1, {})
    assert "1 timeline could not be read" in sentence


def test_an_entry_that_nobody_had_seen_is_decided(rig: InterviewRig, somebody: str) -> None:
    rig.move(somebody, "applied")
    rig.move(somebody)
    rig.poll()
    with_looks = rig.from_ledger(lambda tx: tx.execute(schema.looks.select()).all())
    assert with_looks
    _, figures = _verify(rig)
    assert figures["decided"] == 1
    assert [one.reason for one in rig.decisions(somebody)][-1] == "already_invited"
    assert len(rig.invited(somebody)) == 1


def test_who_was_seen_to_enter_the_mapped_stage_and_was_forgotten_is_looked_at_again(
    rig: InterviewRig,
) -> None:
    early = rig.candidate(stage="phone-screen")
    other = rig.candidate()
    rig.poll()
    with rig.agent() as engine, engine.tools.ledger.write() as tx:
        tx.execute(schema.looks.delete())
    sentence, figures = _verify(rig)
    assert figures["looked_at"] == 1
    assert "1 candidate with an undecided stage entry: looked at again." in sentence
    rig.go_on()
    assert [one.reason for one in rig.decisions(early)] == ["invited"]
    assert rig.decisions(other) == []
    assert _verify(rig)[1]["looked_at"] == 0


def test_what_was_written_long_ago_is_left_alone(rig: InterviewRig, somebody: str) -> None:
    _remove(rig, somebody, "comment")
    rig.clock.forward(days=31)
    assert _verify(rig)[1]["compared"] == 0


def test_a_problem_stays_open_until_the_timeline_is_right_however_old_it_is(
    rig: InterviewRig, somebody: str
) -> None:
    activities = rig.running.world.account("acme").candidate(somebody).activities
    before = list(activities)
    _remove(rig, somebody, "comment")
    _verify(rig)
    rig.clock.forward(days=31)
    sentence, figures = _verify(rig)
    assert "1 candidate written to in the last 30 days or with a problem open." in sentence
    assert (figures["compared"], [*_problems(rig)]) == (1, [somebody])
    activities[:] = before
    assert _verify(rig)[1]["differing"] == 0
    assert _problems(rig) == {}
    assert _verify(rig)[1]["compared"] == 0


def test_staff_may_ask_for_it(rig: InterviewRig, somebody: str) -> None:
    asked = rig.ask(Kind.VERIFY)
    rig.turn()
    done = rig.request(asked.request_id)
    assert (done.state, done.note) == (State.DONE, _verify(rig)[0])
