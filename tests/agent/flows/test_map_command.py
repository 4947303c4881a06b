"""`map` and `account`: what staff type, what they are told, and what is saved of it."""

import json

import pytest

from sandbox.platform import TEMPLATES
from storage.ledger import mappings, schema, templates
from storage.ledger.mappings import Rule
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.desk import InterviewDesk


@pytest.fixture
def desk(
    make_interviews: MakeInterviews, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> InterviewDesk:
    return InterviewDesk(make_interviews(candidates=60, jobs=5), monkeypatch, capsys)


def _map(desk: InterviewDesk, *words: str) -> tuple[int, str, str]:
    typed = desk.type("map", "--account", "acme", "--yes", *words)
    return typed.code, typed.out, typed.err


def _rule(desk: InterviewDesk, job: str = "") -> Rule:
    rule = desk.rig.from_ledger(lambda tx: mappings.effective(tx, "acme", job))
    assert rule is not None
    return rule


def _in_stage(desk: InterviewDesk, name: str) -> int:
    """In the live jobs that are no samples, by what Workable's list says."""
    account = desk.rig.running.world.account("acme")
    live = {j.shortcode for j in account.jobs.values() if j.state in ("published", "closed") and not j.sample}
    rows = desk.rig.expected_rows().values()
    return sum(row["stage_name"] == name and row["job_shortcode"] in live for row in rows)


def test_a_stage_is_found_by_name_slug_or_id_and_what_will_happen_is_told(desk: InterviewDesk) -> None:
    waiting = _in_stage(desk, "Phone Screen")
    assert waiting > 1
    for stage in ("Phone Screen", " phone screen ", "phone-screen", "5271004"):
        words = ("--stage", stage, "--template", "tpl-general", "--member", desk.rig.member())
        code, out, err = _map(desk, *words)
        assert (code, err) == (0, "")
        assert out.startswith(
            "Candidates who reach 'Phone Screen' in any job from now on are invited to 'General interview'.\n"
            f"{waiting} are there now and will not be invited. "
            "0 reached it since the account was connected on 2"
        )
        rule = _rule(desk)
        assert rule.stage is not None
        assert (rule.stage.slug, rule.template_id) == ("phone-screen", "tpl-general")
        assert rule.saved_by.endswith("(command line)")


def test_a_mapping_typed_here_invites_who_comes_afterwards_and_nobody_who_was_there(
    desk: InterviewDesk,
) -> None:
    _map(desk, "--stage", "phone-screen", "--template", "tpl-general", "--member", desk.rig.member())
    desk.rig.clock.forward(seconds=2)
    desk.rig.go_on()
    assert desk.rig.interviews() == []
    desk.rig.move(desk.rig.candidate())
    desk.rig.go_on()
    assert len(desk.rig.interviews()) == 1


def test_every_particular_is_saved_and_what_is_not_typed_stays(desk: InterviewDesk) -> None:
    member = desk.rig.member()
    job = desk.rig.job()
    words = (
        "--job", job.lower(), "--stage", "assessment", "--template", "sales interview", "--on", "moved",
        "--member", member, "--fallback-member", member, "--scale", "thumbs", "--thresholds", "40,75",
        "--pass-score", "60", "--pass-stage", "interview", "--fail-stage", "sourced",
        "--visibility", "admin,simple", "--applicants", "applied", "--note-ends",
    )  # fmt: skip
    code, out, _ = _map(desk, *words)
    assert code == 0
    for part in (
        "are moved to 'Assessment' in",
        "'Sales interview'",
        "rated in thumbs",
        "60 or more the candidate is moved to 'Interview'",
        "less than 60 the candidate is moved to 'Sourced'",
        "only to admin, simple",
        "becomes an applicant, and Workable mails them",
        "A note tells when",
    ):
        assert part in out
    before = _rule(desk, job)
    assert before.pass_stage is not None
    assert before.fail_stage is not None
    assert (before.thresholds, before.visibility) == ((40, 75), ("admin", "simple"))
    _map(desk, "--job", job, "--pass-score", "none", "--fail-stage", "none", "--visibility", "default")
    after = _rule(desk, job)
    assert (after.pass_score, after.fail_stage, after.visibility) == (None, None, None)
    assert (after.stage, after.thresholds, after.pass_stage) == (
        before.stage,
        before.thresholds,
        before.pass_stage,
    )
    assert (after.version, after.notes_ends, after.applicants) == (2, True, "applied")
    _map(desk, "--job", job, "--no-note-ends")
    assert not _rule(desk, job).notes_ends


def test_a_job_may_follow_the_default_again_and_none_stops_inviting(desk: InterviewDesk) -> None:
    job = desk.rig.job()
    _map(desk, "--stage", "phone-screen", "--template", "tpl-general")
    _map(desk, "--job", job, "--stage", "interview")
    assert _rule(desk, job).job_shortcode == job
    assert "Jobs with a mapping of their own (1) go by that." in _map(desk, "--on", "both")[1]
    code, out, _ = _map(desk, "--job", job, "--follow-default")
    assert (code, "follows the account's default mapping." in out) == (0, True)
    assert _rule(desk, job).job_shortcode == ""
    out = _map(desk, "--stage", "none")[1]
    assert out == "No stage starts an interview in any job: nobody is invited.\n"
    assert _rule(desk).stage is None


def test_what_is_still_missing_is_said(desk: InterviewDesk) -> None:
    out = _map(desk, "--stage", "phone-screen")[1]
    assert "are not invited yet: choose an interview with --template." in out
    assert "nothing can be written to Workable: give one with --member" in out
    desk.type("account", "--account", "acme", "--member", desk.rig.member())
    assert "nothing can be written" not in _map(desk, "--stage", "phone-screen")[1]


WRONG: list[tuple[list[str], str]] = [
    (["--stage", "nowhere"], "'Applied' (applied, 5271001), 'Shortlisted'"),
    (["--job", "nowhere", "--stage", "applied"], "There is no job in acme that 'nowhere' names. There are: 'Account Executive' ("),
    (["--stage", "applied", "--template", "nothing"], "There are: 'General interview' (tpl-general), 'Sales"),
    (["--stage", "applied", "--member", "nobody"], "There are: 1f3a01 (admin), 1f3a02 (admin), 1f3a03 (simple)"),
    (["--stage", "applied", "--member", "1f3a06"], "'1f3a06' is no active member of acme."),
    (["--stage", "applied", "--pass-stage", "applied"], "Applied starts the interview"),
    (["--stage", "applied", "--scale", "stars", "--thresholds", "20,40"], "needs 4 thresholds"),
    (["--stage", "applied", "--thresholds", "a,b"], "'a' is no whole number."),
    (["--stage", "applied", "--pass-score", "101"], "it must be from 0 to 100"),
    (["--stage", "applied", "--visibility", "admin,boss"], "boss: no such role. Choose among admin"),
    (["--stage", "applied", "--visibility", ""], "Choose among admin, recruiting_admin, hiring_manager, simple, reviewer, recruiter, or 'default'"),
    (["--stage", "applied", "--visibility", " , "], "or 'default'"),
    (["--template", "tpl-general"], "Nothing is mapped there yet; name the stage with --stage."),
    (["--follow-default"], "--follow-default goes with --job"),
]  # fmt: skip


def test_what_does_not_exist_is_told_with_what_there_is_and_nothing_is_saved(desk: InterviewDesk) -> None:
    for words, said in WRONG:
        code, out, err = _map(desk, *words)
        assert (code, out) == (2, ""), words
        assert said in err
        assert err.count("\n") == 1
    assert desk.rig.from_ledger(lambda tx: mappings.every_current(tx, "acme")) == []


def test_an_account_that_is_not_connected_is_told_with_those_that_are(desk: InterviewDesk) -> None:
    typed = desk.type("map", "--account", "globex", "--stage", "applied")
    assert typed.code == 2
    assert "(connected: acme)" in typed.err


def test_a_name_that_two_stages_fit_is_not_guessed(desk: InterviewDesk) -> None:
    account = desk.rig.running.world.account("acme")
    job = desk.rig.job()
    account.add_stage(job, "Interview", kind="phone-screen", slug="interview-2")
    desk.rig.clock.forward(hours=7)
    desk.rig.poll()
    code, _, err = _map(desk, "--job", job, "--stage", "interview")
    assert code == 2
    assert "'interview' fits 'Interview' (interview, 5271005) and 'Interview' (interview-2, " in err
    assert _map(desk, "--job", job, "--stage", "interview-2", "--template", "tpl-tech")[0] == 0


def test_a_templates_name_is_read_from_the_platform_when_it_is_not_known_yet(
    make_interviews: MakeInterviews, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = make_interviews(candidates=10, jobs=2, settings={"platform_url": "", "platform_token": ""})
    desk = InterviewDesk(rig, monkeypatch, capsys)
    code, out, err = _map(desk, "--stage", "applied", "--template", "tpl-general")
    assert (code, err) == (
        0,
        "No interview platform is set yet, so the template could not be checked.\n",
    )
    assert "invited to 'tpl-general'" in out
    assert rig.from_ledger(templates.listing) == []
    rig.changed_settings = {}
    code, out, err = _map(desk, "--template", "technical interview")
    assert (code, err) == (0, "")
    assert [one.template_id for one in rig.from_ledger(templates.listing)] == [
        "tpl-general",
        "tpl-sales",
        "tpl-tech",
    ]


def test_a_template_that_the_platform_no_longer_has_is_a_problem_until_another_is_chosen(
    desk: InterviewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _map(desk, "--stage", "phone-screen", "--template", "tpl-sales", "--member", desk.rig.member())
    with monkeypatch.context() as patch:
        patch.delitem(TEMPLATES, "tpl-sales")
        desk.rig.clock.forward(hours=1)
        desk.rig.go_on()
        assert (
            "invites to 'Sales interview', which the interview platform no longer has"
            in (desk.rig.problems()["template_gone"])
        )
        assert _map(desk, "--template", "tpl-sales")[0] == 2
        _map(desk, "--template", "tpl-tech")
        desk.rig.clock.forward(hours=1)
        desk.rig.go_on()
        assert "template_gone" not in desk.rig.problems()


def test_at_a_terminal_it_is_told_whom_it_concerns_and_asked(desk: InterviewDesk) -> None:
    words = ("map", "--account", "acme", "--stage", "phone-screen", "--template", "tpl-general")
    waiting = _in_stage(desk, "Phone Screen")
    for answer, saved in (("\n", 0), ("no\n", 0), ("y\n", 1), ("YES\n", 2)):
        typed = desk.type(*words, answers=answer)
        assert f"{waiting} candidates are in 'Phone Screen' now and will not be invited." in typed.err
        assert "reached it since the account was connected on 2" in typed.err
        is_saved = answer.strip().lower() in ("y", "yes")
        assert typed.code == (0 if is_saved else 2)
        assert ("Nothing was changed." in typed.err) is not is_saved
        assert len(desk.rig.from_ledger(lambda tx: mappings.history(tx, "acme", ""))) == saved


def test_with_yes_nothing_is_asked(desk: InterviewDesk) -> None:
    words = ("map", "--account", "acme", "--stage", "phone-screen", "--template", "tpl-general", "--yes")
    assert desk.type(*words, answers="").code == 0


def test_without_a_terminal_nothing_is_saved_unless_yes_is_said(desk: InterviewDesk) -> None:
    job = desk.rig.job()
    _map(desk, "--job", job, "--stage", "applied", "--template", "tpl-general")
    for words in (("--pass-score", "60"), ("--job", job, "--follow-default"), ("--stage", "none")):
        typed = desk.type("map", "--account", "acme", "--job", job, *words)
        assert (typed.code, typed.out, typed.err.count("\n")) == (2, "", 1)
        assert "If that is meant, add --yes." in typed.err
        assert _rule(desk, job).version == 1
    assert "Applied" in desk.type("map", "--account", "acme").out


def test_what_stops_inviting_is_asked_at_a_terminal_too(desk: InterviewDesk) -> None:
    _map(desk, "--stage", "applied", "--template", "tpl-general")
    typed = desk.type("map", "--account", "acme", "--stage", "none", answers="n\n")
    assert (typed.code, "No stage would start an interview in any job" in typed.err) == (2, True)
    _map(desk, "--job", desk.rig.job(), "--stage", "applied")
    words = ("map", "--account", "acme", "--job", desk.rig.job(), "--follow-default")
    typed = desk.type(*words, answers="n\n")
    assert (typed.code, "would follow the account's default mapping." in typed.err) == (2, True)
    assert _rule(desk, desk.rig.job()).job_shortcode == desk.rig.job()


def test_the_end_of_input_at_a_question_counts_as_no(desk: InterviewDesk) -> None:
    for words in (
        ("map", "--account", "acme", "--stage", "applied", "--template", "tpl-general"),
        ("revoke", "--account", "acme"),
    ):
        typed = desk.type(*words, answers="")
        assert (typed.code, typed.out) == (2, "")
        assert typed.err.endswith("\nNothing was changed.\n")
        assert "Traceback" not in typed.err
    assert desk.rig.account().state == "active"


def test_the_end_of_input_at_the_question_for_a_token_is_told(
    desk: InterviewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    typed = desk.type("reconnect", "--account", "acme", answers="")
    assert (typed.code, typed.err) == (2, "No token was typed. Nothing was changed.\n")


def test_alone_it_shows_what_is_mapped_and_with_history_every_version(desk: InterviewDesk) -> None:
    assert "Nothing is mapped, so nobody is invited." in _map(desk)[1]
    _map(desk, "--stage", "phone-screen", "--template", "tpl-general")
    _map(desk, "--pass-stage", "offer", "--pass-score", "70")
    _map(desk, "--job", desk.rig.job(), "--stage", "applied")
    lines = _map(desk)[1].splitlines()
    assert len(lines) == 3
    assert lines[0].split() == [
        "JOB",
        "STAGE",
        "STARTS",
        "ON",
        "INTERVIEW",
        "SCALE",
        "PASS",
        "MOVES",
        "TO",
        "COUNTS",
        "SINCE",
    ]
    assert lines[1].startswith(
        "(default)   Phone Screen  reaching it  General interview  stars  70    Offer / -"
    )
    versions = _map(desk, "--history")[1].splitlines()[1:]
    assert [line.split()[0] for line in versions] == ["2", "1"]
    assert versions[0].endswith("now")
    document = json.loads(_map(desk, "--json")[1])
    assert [one["job_shortcode"] for one in document["mappings"]] == ["", desk.rig.job()]


def test_a_saved_mapping_is_one_document_with_json(desk: InterviewDesk) -> None:
    out = _map(desk, "--stage", "phone-screen", "--template", "tpl-general", "--json")[1]
    document = json.loads(out)
    assert document["mapping"]["stage"]["slug"] == "phone-screen"
    assert document["reach"]["now"] == _in_stage(desk, "Phone Screen")
    assert document["says"][0].startswith("Candidates who reach")


def test_what_counts_for_the_whole_account_is_set_and_audited(desk: InterviewDesk) -> None:
    member = desk.rig.member()
    words = (
        "--member",
        member,
        "--days-between-invites",
        "90",
        "--invites-per-hour",
        "5",
        "--follow-employees",
    )
    typed = desk.type("account", "--account", "acme", *words, "--provision-members")
    assert typed.code == 0
    assert "An e-mail address is invited once in 90 days. At most 5 invites an hour." in typed.out
    account = desk.rig.account()
    assert (account.member_id, account.days_between_invites, account.invites_per_hour) == (member, 90, 5)
    assert (account.follows_employees, account.provisions_members) == (True, True)
    back = ("--member", "none", "--days-between-invites", "Each-Job", "--invites-per-hour", "DEFAULT")
    typed = desk.type("account", "--account", "acme", *back, "--no-follow-employees")
    assert "Each job invites. At most 100 (as set for all) invites an hour." in typed.out
    account = desk.rig.account()
    assert (account.member_id, account.days_between_invites, account.invites_per_hour) == (None, None, None)
    noted = desk.rig.from_ledger(lambda tx: tx.execute(schema.audit.select()).all())
    assert [row.action for row in noted][-2:] == ["account.changed", "account.changed"]
    assert noted[-1].detail["days_between_invites"] is None


def test_a_count_that_is_none_is_refused(desk: InterviewDesk) -> None:
    for typed in ("0", "-1", "often", "1.5"):
        found = desk.type("account", "--account", "acme", f"--invites-per-hour={typed}")
        assert found.code == 2
        assert "is neither a whole number above 0 nor 'default'" in found.err


def test_it_runs_as_a_process_of_its_own(desk: InterviewDesk) -> None:
    words = ("map", "--account", "acme", "--stage", "applied", "--template", "tpl-general", "--json", "--yes")
    process = desk.rig.start(*words)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["mapping"]["template_id"] == "tpl-general"
