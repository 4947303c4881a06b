"""People who began an interview from an open link become candidates, each once, and only where that is wished."""

import pytest

from agent import wiring
from agent.errors import TryLater
from agent.flows import applicants as flow
from agent.flows.deliver import deliver
from storage.ledger import applicants, board, outbox
from storage.ledger.applicants import Applicant
from storage.ledger.board import BoardJob
from storage.ledger.outbox import Effect
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig

EMAIL = "nora.newcomer@example.com"


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews(candidates=6, jobs=5, synced=False)
    made.poll()
    made.map()
    return made


def _apply(rig: InterviewRig, job: str | None = None, email: str = EMAIL) -> str:
    applicant = rig.running.world.platform.add_applicant(job or rig.job(), email=email)
    return applicant.applicant_id


def _receive(rig: InterviewRig, *, delivers: bool = True) -> int:
    with rig.work() as work:
        new = flow.receive(work.tools, work.platform)
        if delivers:
            deliver(work)
    return new


def _noted(rig: InterviewRig) -> dict[str, Applicant]:
    return {one.applicant_id: one for one in rig.from_ledger(applicants.listing)}


def _made(rig: InterviewRig, email: str = EMAIL) -> list[str | None]:
    """Jobs in which Workable has somebody with the address."""
    people = rig.running.world.account("acme").candidates.values()
    return [one.job for one in people if one.email == email]


def _planned(rig: InterviewRig) -> list[Effect]:
    return rig.from_ledger(lambda tx: outbox.due(tx, "acme", rig.clock(), 100))


def test_who_applies_by_an_open_link_becomes_a_sourced_candidate_of_the_job(rig: InterviewRig) -> None:
    number = _apply(rig)
    assert _receive(rig) == 1
    assert _made(rig) == [rig.job()]
    noted = _noted(rig)[number]
    account = rig.running.world.account("acme")
    assert (noted.state, noted.account_id, noted.job_shortcode) == ("created", "acme", rig.job())
    candidate = account.candidate(noted.candidate_id or "")
    person = rig.running.world.platform.applicants[number]
    assert (candidate.firstname, candidate.lastname) == (person.first_name, person.last_name)
    assert candidate.phone == person.phone
    assert candidate.sourced


def test_each_applicant_comes_once_however_often_the_platform_tells_of_them(rig: InterviewRig) -> None:
    _apply(rig)
    assert _receive(rig) == 1
    assert _receive(rig) == 0
    rig.clock.forward(days=1)
    assert _receive(rig) == 0
    assert len(_made(rig)) == 1


def test_only_what_may_be_new_is_asked_for(rig: InterviewRig) -> None:
    _apply(rig)
    _receive(rig)
    rig.clock.forward(hours=3)
    _receive(rig)
    rig.forget_requests()
    _apply(rig, email="second@example.com")
    assert _receive(rig) == 1
    (asked,) = [one for one in rig.asked() if one["path"].endswith("/applicants")]
    assert "created_after=" in asked["query"]


def test_many_pages_are_read_to_their_end(rig: InterviewRig) -> None:
    for number in range(205):
        _apply(rig, job="ELSEWHERE", email=f"many.{number}@example.com")
    assert _receive(rig) == 205


def test_who_is_in_the_job_already_is_not_made_again(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    person = {"firstname": "Nora", "lastname": "Newcomer", "email": EMAIL}
    account.create_candidate(rig.job(), person, sourced=False)
    number = _apply(rig)
    _receive(rig)
    assert _made(rig) == [rig.job()]
    assert _noted(rig)[number].state == "created"


def test_an_applicant_is_sourced_or_has_applied_as_the_mapping_says(rig: InterviewRig) -> None:
    rig.map(applicants="applied")
    number = _apply(rig)
    _receive(rig)
    candidate_id = _noted(rig)[number].candidate_id or ""
    assert not rig.running.world.account("acme").candidate(candidate_id).sourced


def test_a_mapping_that_takes_no_applicants_and_a_job_without_one_are_left_alone(rig: InterviewRig) -> None:
    rig.map(applicants="off")
    first = _apply(rig)
    rig.map(None)
    second = _apply(rig, email="other@example.com")
    _receive(rig)
    noted = _noted(rig)
    assert [noted[number].state for number in (first, second)] == ["off", "off"]
    assert noted[first].sentence != noted[second].sentence
    assert _planned(rig) == []


def test_b01_switching_applicants_on_brings_in_nobody_who_applied_before(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews(candidates=6, jobs=5, synced=False)
    rig.poll()
    early = _apply(rig)
    rig.clock.forward(seconds=2)
    rig.map()
    late = _apply(rig, email="late@example.com")
    _receive(rig)
    states = {number: one.state for number, one in _noted(rig).items()}
    assert states == {early: "off", late: "created"}
    assert (_made(rig), _made(rig, "late@example.com")) == ([], [rig.job()])


def test_a_job_that_no_account_has_is_shown_and_its_applicant_comes_once_it_is_known(
    rig: InterviewRig,
) -> None:
    job = rig.running.world.account("acme").create_job("Night Porter").shortcode
    number = _apply(rig, job)
    assert _receive(rig) == 1
    assert (_noted(rig)[number].state, _noted(rig)[number].account_id) == ("unknown_job", None)
    assert _receive(rig) == 0
    rig.clock.forward(days=2)
    rig.poll()
    assert _receive(rig) == 1
    assert (_noted(rig)[number].state, _made(rig)) == ("created", [job])


def test_an_applicant_whom_the_platform_forgot_meanwhile_does_not_have_everybody_read_for_ever(
    rig: InterviewRig,
) -> None:
    job = rig.running.world.account("acme").create_job("Night Porter").shortcode
    number = _apply(rig, job)
    _receive(rig)
    rig.running.world.platform.applicants.clear()
    rig.poll()
    _receive(rig)
    assert _noted(rig)[number].state == "failed"
    rig.forget_requests()
    _receive(rig)
    (asked,) = [one for one in rig.asked() if one["path"].endswith("/applicants")]
    assert "created_after=" in asked["query"]


def test_a_job_that_two_accounts_have_is_shown_and_nobody_is_made_a_guess_of(
    make_interviews: MakeInterviews,
) -> None:
    rig = make_interviews(accounts="acme:account,globex:account", candidates=6, jobs=5, synced=False)
    rig.poll()
    rig.map()
    rig.connect("globex")
    twin = BoardJob(rig.job(), "Of the same code", "published", None, False, 0, {})
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        board.replace(tx, "globex", [twin], [])
    number = _apply(rig)
    _receive(rig)
    noted = _noted(rig)[number]
    assert (noted.state, noted.account_id) == ("ambiguous", None)
    assert "acme, globex" in (noted.sentence or "")
    assert _made(rig) == []


def test_nothing_personal_is_kept_of_an_applicant_once_the_candidate_is_made(rig: InterviewRig) -> None:
    _apply(rig)
    _receive(rig, delivers=False)
    (effect,) = _planned(rig)
    assert effect.payload["person"]["email"] == EMAIL
    with rig.work() as work:
        deliver(work)
    after = rig.from_ledger(lambda tx: outbox.get(tx, effect.effect_id))
    assert after.payload == {}
    assert EMAIL not in repr(_noted(rig))


def test_a_platform_that_breaks_off_in_the_middle_is_read_again_from_the_same_place(
    rig: InterviewRig,
) -> None:
    for number in range(150):
        _apply(rig, job="ELSEWHERE", email=f"many.{number}@example.com")
    last = _apply(rig)
    rig.fault("server_error", r"/applicants$", times=None, after=1)
    with rig.work() as work, pytest.raises(TryLater):
        flow.receive(work.tools, work.platform)
    rig.running.world.faults.clear()
    rig.clock.forward(days=1)
    _receive(rig)
    assert _noted(rig)[last].state == "created"
