"""What `doctor` says of interviews and webhooks, and what `status` tells of one account."""

import base64

import pytest

from agent import wiring
from storage.ledger import hooks, problems, schema
from storage.ledger.hooks import HookState
from storage.vault import Vault
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.desk import InterviewDesk
from tests.agent.flows.interview_rig import InterviewRig

REACHED = {"public_url": "https://ivw.example.com", "listen": "127.0.0.1:8600"}


@pytest.fixture
def desk(
    make_interviews: MakeInterviews, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> InterviewDesk:
    return InterviewDesk(make_interviews(candidates=6, jobs=2), monkeypatch, capsys)


def lines(desk: InterviewDesk, **settings: str) -> dict[str, tuple[bool, str]]:
    """Whether each thing is good, and what is said of it; the exit code tells whether all are."""
    typed = desk.type("doctor", **settings)
    found = {}
    for line in typed.out.splitlines():
        mark, _, rest = line.partition("  ")
        what, _, says = rest.strip().partition(": ")
        found[what] = (mark.strip() == "ok", says)
    assert (typed.code == 0) == all(is_good for is_good, _ in found.values())
    return found


def test_all_is_well_with_a_platform_that_answers_and_an_active_member_who_writes(
    desk: InterviewDesk,
) -> None:
    desk.rig.map()
    found = lines(desk)
    assert all(is_good for is_good, _ in found.values())
    assert found["interview platform"][1].endswith("answers and accepts the token; interview templates: 3")
    assert "polling finds everything" in found["webhooks"][1]
    assert "every 15 s" in found["callback secret"][1]
    assert found["acme member of the default mapping"][1] == f"{desk.rig.member()} writes"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"platform_token": "wrong"}, "set IVW_PLATFORM_TOKEN"),
        ({"platform_token": ""}, "IVW_PLATFORM_TOKEN is not"),
        ({"platform_url": ""}, "set IVW_PLATFORM_URL"),
    ],
)
def test_a_platform_that_cannot_be_used_is_told_with_the_setting_to_look_at(
    desk: InterviewDesk, settings: dict[str, str], said: str
) -> None:
    desk.rig.map()
    is_good, says = lines(desk, **settings)["interview platform"]
    assert (is_good, said in says) == (False, True), says


def test_no_platform_is_needed_as_long_as_nobody_is_to_be_interviewed(desk: InterviewDesk) -> None:
    is_good, says = lines(desk, platform_url="")["interview platform"]
    assert (is_good, "none is set" in says) == (True, True)


def test_a_callback_secret_is_looked_at_and_not_shown(desk: InterviewDesk) -> None:
    good = "whsec_" + base64.b64encode(b"invented").decode()
    assert lines(desk, platform_callback_secret=good)["callback secret"] == (True, "looks like one")
    is_good, says = lines(desk, platform_callback_secret="hush-hush")["callback secret"]
    assert (is_good, "whsec_" in says, "hush" in says) == (False, True, False)


@pytest.mark.parametrize(
    ("settings", "is_good", "said"),
    [
        (REACHED, True, "taken at 127.0.0.1:8600, reached at https://ivw.example.com"),
        (REACHED | {"listen": ""}, False, "IVW_LISTEN is not"),
        (REACHED | {"public_url": ""}, False, "IVW_PUBLIC_URL is not"),
        (REACHED | {"public_url": "http://ivw.example.com"}, False, "Use an https:// address"),
        (REACHED | {"public_url": "http://127.0.0.1:8600"}, True, "reached at http://127.0.0.1:8600"),
    ],
)
def test_the_two_addresses_of_webhooks_belong_together(
    desk: InterviewDesk, settings: dict[str, str], *, is_good: bool, said: str
) -> None:
    found = lines(desk, **settings)["webhooks"]
    assert (found[0], said in found[1]) == (is_good, True), found


def note_hooks(rig: InterviewRig, state: HookState, sentence: str | None, refused: int) -> None:
    vault = Vault(rig.settings.secret_key)
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        hooks.ensure(tx, vault, "acme", "candidate_moved", rig.clock())
        hooks.count(tx, "acme", "candidate_moved", came=0, refused=refused, now=rig.clock())
        hooks.set_state(tx, "acme", "candidate_moved", state, sentence=sentence, now=rig.clock())


@pytest.mark.parametrize(
    ("state", "sentence", "refused", "is_good", "said"),
    [
        (HookState.ACTIVE, None, 4, True, "candidate_moved active; 0 came, 4 refused"),
        (HookState.ACTIVE, None, 5, False, "the last 5 were refused"),
        (HookState.NO_SECRET, "Set it.", 0, False, "Set it."),
        (HookState.FORBIDDEN, "No right.", 0, False, "No right."),
        (HookState.NOT_ACCEPTED, "Never mind.", 0, True, "not_accepted"),
    ],
)
def test_subscriptions_that_somebody_must_look_at_are_told(
    desk: InterviewDesk, state: HookState, sentence: str | None, *, refused: int, is_good: bool, said: str
) -> None:
    assert lines(desk, **REACHED)["acme webhooks"] == (
        True,
        "not subscribed yet; the agent's next poll does it",
    )
    note_hooks(desk.rig, state, sentence, refused)
    found = lines(desk, **REACHED)["acme webhooks"]
    assert (found[0], said in found[1]) == (is_good, True), found
    assert "acme webhooks" not in lines(desk, public_url="", listen="")


def test_a_mapping_needs_an_active_member_who_writes(desk: InterviewDesk) -> None:
    desk.rig.map(member_id=None)
    what = "acme member of the default mapping"
    assert "Nobody is chosen" in lines(desk)[what][1]
    assert not lines(desk)[what][0]
    member = desk.rig.member()
    desk.rig.account_setting(member_id=member, fallback_member_id="4f3e")
    assert lines(desk)[what] == (True, f"{member} writes")
    with wiring.opened_ledger(desk.rig.settings) as ledger, ledger.write() as tx:
        tx.execute(schema.board_members.update().values(is_active=False))
    assert lines(desk)[what] == (True, f"4f3e writes; {member} is inactive")
    desk.rig.account_setting(fallback_member_id=None)
    is_good, says = lines(desk)[what]
    assert (is_good, f"{member} left or is switched off" in says) == (False, True)


def test_the_status_of_one_account_tells_its_streams_and_open_problems(desk: InterviewDesk) -> None:
    with wiring.opened_ledger(desk.rig.settings) as ledger, ledger.write() as tx:
        problems.report(tx, "acme", "invented", "Something is off. Mend it.", now=desk.rig.clock())
        members = schema.streams.update().where(schema.streams.c.stream == "members")
        tx.execute(members.values(last_error="Members could not be read."))
    told = desk.type("status", "--account", "acme").out
    assert "STREAM" in told
    assert [word for word in ("candidates", "members", "pipelines") if f"\n{word} " not in told] == []
    assert "Members could not be read." in told
    assert "Something is off. Mend it." in told
    shorter = desk.type("status").out
    assert "STREAM" not in shorter
