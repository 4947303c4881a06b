"""What staff type about one candidate, one push or the whole team, and what comes of it."""

import json

import pytest

from agent import wiring
from storage.ledger import platform_members, problems
from storage.ledger.outbox import Effect, EffectState
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.desk import InterviewDesk
from tests.agent.flows.interview_rig import InterviewRig


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    made = make_interviews(candidates=30, jobs=4)
    made.map()
    return made


@pytest.fixture
def desk(
    rig: InterviewRig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> InterviewDesk:
    return InterviewDesk(rig, monkeypatch, capsys)


@pytest.fixture
def somebody(rig: InterviewRig) -> str:
    """A candidate who was invited and whose interview is open."""
    invited = rig.candidate()
    rig.move(invited)
    rig.go_on()
    rig.clock.ahead *= 0  # commands go by the machine's clock
    assert [one.state for one in rig.invited(invited)] == ["pending"]
    return invited


def _push(rig: InterviewRig, candidate_id: str, kind: str) -> Effect:
    return next(one for one in rig.effects(candidate_id) if one.kind == kind)


def _parked(rig: InterviewRig) -> Effect:
    """An invite that waits for a person: its entry was seen a day late."""
    late = rig.candidate()
    rig.move(late)
    rig.clock.forward(hours=25)
    rig.go_on()
    effect = _push(rig, late, "invite")
    assert effect.state == EffectState.PARKED
    return effect


def test_explain_answers_first_and_then_tells_all_that_happened_in_order(
    desk: InterviewDesk, somebody: str
) -> None:
    typed = desk.type("explain", somebody)
    lines = typed.out.splitlines()
    assert typed.code == 0
    assert lines[0].startswith("Invited on ")
    assert lines[2].startswith(f"Candidate {somebody} of acme, in ")
    assert any("decided: invited" in line and "Entered 'Phone Screen' at 2" in line for line in lines)
    assert any("first seen, in 'Phone Screen'" in line for line in lines)
    assert any("invite: confirmed (IVW-" in line for line in lines)
    times = [line.split("UTC")[0] for line in lines if line.startswith("  ")]
    assert times == sorted(times)


def test_explain_tells_nothing_personal(desk: InterviewDesk, somebody: str) -> None:
    person = desk.rig.running.world.account("acme").candidate(somebody)
    said = desk.type("explain", somebody).out + desk.type("explain", somebody, "--json").out
    for private in (person.email, person.name, desk.rig.invited(somebody)[0].interview_url):
        assert private
        assert private not in said


def test_explain_as_json_is_one_document(desk: InterviewDesk, somebody: str) -> None:
    document = json.loads(desk.type("explain", somebody, "--json").out)
    assert (document["account_id"], document["candidate_id"]) == ("acme", somebody)
    assert document["decisions"][0]["reason"] == "invited"


def test_explain_asks_for_the_account_when_several_know_the_id_and_says_when_none_does(
    make_interviews: MakeInterviews, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = make_interviews(accounts="acme:account,globex:account", candidates=10, jobs=2)
    rig.connect("globex")
    rig.turn()
    desk = InterviewDesk(rig, monkeypatch, capsys)
    ids = [set(rig.live_rows(name)) for name in ("acme", "globex")]
    both, one = sorted(ids[0] & ids[1]), sorted(ids[0] - ids[1])
    assert both
    assert one
    typed = desk.type("explain", both[0])
    assert (typed.code, typed.out) == (2, "")
    assert f"Several accounts know '{both[0]}': say which with --account acme|globex." in typed.err
    assert desk.type("explain", both[0], "--account", "globex").code == 0
    assert f"Candidate {one[0]} of acme" in desk.type("explain", one[0].upper()).out
    typed = desk.type("explain", "abcdef")
    assert (typed.code, typed.out) == (2, "")
    assert "No connected account has seen a candidate 'abcdef'." in typed.err


def test_explain_of_an_id_that_the_account_has_not_seen_is_an_error(desk: InterviewDesk) -> None:
    for words in (("explain", "abcdef"), ("explain", "abcdef", "--account", "acme")):
        typed = desk.type(*words)
        assert (typed.code, typed.out, typed.err.count("\n")) == (2, "", 1)
        assert typed.err.startswith("No candidate 'abcdef' has been seen in acme. Check the id")


def test_pushes_are_listed_and_may_be_narrowed_to_a_state(desk: InterviewDesk, somebody: str) -> None:
    lines = desk.type("pushes", "--account", "acme").out.splitlines()
    heads = lines[0].split()
    assert heads == [
        *["PUSH", "WHAT", "CANDIDATE", "STATE", "TRIES", "SINCE", "REF"],
        *["WHAT", "HOLDS", "IT"],
    ]
    assert {line.split()[1] for line in lines[1:]} == {"invite", "invite_note"}
    assert all(somebody in line for line in lines[1:])
    assert desk.type("pushes", "--account", "acme", "--state", "failed").out == "Nothing is failed.\n"
    assert desk.type("pushes", "--account", "acme", "--state", "odd").code == 2


def test_an_invite_that_waits_for_a_person_is_let_go_by_retry(desk: InterviewDesk) -> None:
    waiting = _parked(desk.rig)
    told = desk.type("pushes", "--account", "acme").out.splitlines()
    (line,) = (line for line in told if waiting.mark in line)
    assert "  Waits for a person. " in line
    typed = desk.type("retry", str(waiting.effect_id))
    assert (typed.code, typed.out) == (0, "Approved: the invite is sent within seconds.\n")
    assert "No agent is at work; what is to be sent goes out with the next" in typed.err
    desk.rig.go_on()
    assert len(desk.rig.interviews()) == 1


def test_an_invite_that_waits_for_a_person_is_given_up_by_drop(desk: InterviewDesk) -> None:
    waiting = _parked(desk.rig)
    typed = desk.type("drop", str(waiting.effect_id), "--json")
    assert (typed.code, json.loads(typed.out)) == (
        0,
        {"says": "The invite was dropped. Nobody is invited by it."},
    )
    desk.rig.go_on()
    assert desk.rig.interviews() == []
    assert [one.state for one in desk.rig.invited(waiting.candidate_id or "")] == ["dropped"]


def test_what_is_done_or_unknown_cannot_be_retried_or_dropped(desk: InterviewDesk, somebody: str) -> None:
    done = str(_push(desk.rig, somebody, "invite").effect_id)
    huge = "9" * 30
    for words in (("retry", done), ("drop", done), ("retry", "9999"), ("drop", huge), ("retry", f"-{huge}")):
        typed = desk.type(*words)
        assert (typed.code, typed.out, typed.err.count("\n")) == (2, "", 1)
        assert ("There is no push" in typed.err) is not (words[1] == done)
        assert ("It is done already." in typed.err) is (words[1] == done)
    assert desk.type("retry", "seven").code == 2


def test_an_open_invite_is_taken_back_and_a_new_one_made_by_reinvite(
    desk: InterviewDesk, somebody: str
) -> None:
    typed = desk.type("cancel-invite", "--account", "acme", "--candidate", somebody)
    assert (typed.code, typed.out) == (
        0,
        "The interview platform is asked to end the interview within seconds.\n",
    )
    typed = desk.type("cancel-invite", "--account", "acme", "--candidate", "ffff")
    assert (typed.code, "No invite is known of candidate 'ffff' in acme." in typed.err) == (2, True)
    desk.rig.go_on()
    assert [one["status"] for one in desk.rig.interviews()] == ["cancelled"]
    typed = desk.type("reinvite", "--account", "acme", "--candidate", somebody)
    assert (typed.code, "The invite is on its way" in typed.out) == (0, True)
    desk.rig.go_on()
    assert [one["status"] for one in desk.rig.interviews()] == ["cancelled", "pending"]
    typed = desk.type("reinvite", "--account", "acme", "--candidate", somebody)
    assert (typed.code, "is still open" in typed.out + typed.err) == (2, True)


def test_verify_tells_of_each_account_and_what_differs(desk: InterviewDesk, somebody: str) -> None:
    activities = desk.rig.running.world.account("acme").candidate(somebody).activities
    activities.remove(next(one for one in activities if one.action == "comment"))
    typed = desk.type("verify")
    assert typed.code == 0
    first, second = typed.out.splitlines()
    assert first.startswith("acme: Compared the timelines of 1 candidate")
    assert second.startswith(f"  On the timeline of candidate {somebody}, the note of the invite (Ref IVW-")
    document = json.loads(desk.type("verify", "--account", "acme", "--json").out)
    assert document["accounts"]["acme"]["result"]["differing"] == 1


def test_status_begins_with_what_concerns_all_accounts(desk: InterviewDesk) -> None:
    desk.rig.go_on()
    before = desk.type("status")
    assert "For all accounts" not in before.out
    for is_person, code in ((False, 3), (True, 4)):
        with wiring.opened_ledger(desk.rig.settings) as ledger, ledger.write() as tx:
            sentence = "The interview platform does not answer."
            problems.report(tx, "", "platform", sentence, now=desk.rig.clock(), needs_person=is_person)
        for words in (("status",), ("status", "--account", "acme")):
            typed = desk.type(*words)
            assert typed.out.startswith("For all accounts: The interview platform does not answer. (since 2")
            assert typed.code == max(code, before.code)
    document = json.loads(desk.type("status", "--account", "acme", "--json").out)
    assert [one["code"] for one in document["problems_of_all_accounts"]] == ["platform"]


def test_members_are_shown_with_names_and_made_members_only_when_told_to(desk: InterviewDesk) -> None:
    typed = desk.type("members", "--account", "acme")
    assert typed.code == 0
    (row,) = (line for line in typed.out.splitlines() if "Sam Hiring" in line)
    assert row.split()[3:] == ["ats.simple", "reviewer", "add"]
    assert "To do it: 'python -m agent members --account acme --provision'." in typed.out
    assert desk.rig.running.world.platform.members == {}
    typed = desk.type("members", "--account", "acme", "--provision", "--recruiters")
    assert "Members: 6 to add. They are on their way" in typed.out
    assert len(desk.rig.from_ledger(lambda tx: platform_members.listing(tx, "acme"))) == 6
    assert desk.rig.account().provisions_members
    typed = desk.type("members", "--account", "acme")
    assert typed.out.endswith("Everybody stands on the interview platform as they should.\n")


def test_applicants_are_listed_with_what_became_of_them(desk: InterviewDesk) -> None:
    assert desk.type("applicants").out == "Nobody has applied by an open link yet.\n"
    platform = desk.rig.running.world.platform
    taken = platform.add_applicant(desk.rig.job(), email="nora@example.com").applicant_id
    strange = platform.add_applicant("ELSEWHERE", email="otto@example.com").applicant_id
    desk.rig.go_on()
    out = desk.type("applicants").out
    rows = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert rows[taken].split()[1:4] == [desk.rig.job(), "acme", "created"]
    assert "No connected account has this job." in rows[strange]
    assert "example.com" not in out
    assert strange not in desk.type("applicants", "--account", "acme").out


def test_a_test_sync_offers_candidates_for_a_card_and_posts_it_on_the_one_named(desk: InterviewDesk) -> None:
    typed = desk.type("test-sync", "--account", "acme")
    assert (typed.code, "test-sync --account acme --card CANDIDATE" in typed.out) == (0, True)
    named = typed.out.splitlines()[-1].split()[0]
    assert desk.rig.changes("comment") == []
    typed = desk.type("test-sync", "--account", "acme", "--card", named, "--json")
    document = json.loads(typed.out)
    assert (typed.code, document["note"].startswith("The sample card was posted.")) == (0, True)
    assert document["test_sync"]["result"]["candidates"] > 0
    assert len(desk.rig.timeline(named, "comment")) == 1
    typed = desk.type("test-sync", "--account", "acme", "--card", "ffffffff")
    assert typed.code == 2


def test_each_runs_as_a_process_of_its_own(desk: InterviewDesk, somebody: str) -> None:
    for words, said in (
        (("explain", somebody), "Invited on "),
        (("pushes", "--account", "acme"), "invite_note"),
        (("cancel-invite", "--account", "acme", "--candidate", somebody), "is asked to end"),
        (("members", "--account", "acme"), "Members: 5 to add."),
    ):
        process = desk.rig.start(*words)
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, said in out) == (0, True)
