"""The hiring team on the interview platform: previewed, provisioned, ended, and the last admin kept (B45)."""

from collections.abc import Sequence
from contextlib import suppress

import pytest

from agent import wiring
from agent.errors import BadAnswer
from agent.flows import provision
from agent.flows.deliver import deliver
from agent.flows.provision import Change
from sandbox.stamps import hex_id
from storage.ledger import interventions, outbox, platform_members
from storage.ledger.outbox import Effect
from storage.ledger.requests import Kind, State
from tests.agent.flows.conftest import MakeInterviews
from tests.agent.flows.interview_rig import InterviewRig

OLIVIA, BOT, SAM, PETRA, RAVI, GONE = (
    "Olivia Root",
    "Integration Bot",
    "Sam Hiring",
    "Petra Screens",
    "Ravi Reviews",
    "Gone Before",
)


@pytest.fixture
def rig(make_interviews: MakeInterviews) -> InterviewRig:
    return make_interviews(candidates=6, jobs=2, synced=False)


def _id(rig: InterviewRig, name: str) -> str:
    return next(hex_id(m.id) for m in rig.running.world.account("acme").members.values() if m.name == name)


def _on_platform(rig: InterviewRig) -> dict[str, str]:
    """Roles of the platform's active members, by name."""
    return {m.name: m.role for m in rig.running.world.platform.members.values() if m.active}


def _provision(rig: InterviewRig, *, recruiters: bool = False) -> list[str]:
    """Kinds of the changes planned, after they were carried out."""
    with rig.work() as work:
        planned = provision.provision(work, recruiters=recruiters, actor="a test")
        deliver(work)
    return [change.change for change in planned]


def _preview(rig: InterviewRig) -> dict[str, str]:
    with rig.work() as work:
        return {change.member_id: change.change for change in provision.preview(work)}


def _states(rig: InterviewRig) -> dict[str, str]:
    rows = rig.from_ledger(lambda tx: platform_members.listing(tx, "acme"))
    return {row.member_id: row.state for row in rows}


def _effects(rig: InterviewRig) -> Sequence[Effect]:
    """Those that are due; the clock has not been moved."""
    return rig.from_ledger(lambda tx: outbox.due(tx, "acme", rig.clock(), 100))


def test_b45_active_members_of_the_hiring_team_become_members_with_the_role_that_fits(
    rig: InterviewRig,
) -> None:
    rig.running.world.account("acme").add_member("Hana Hr", "hana@example.com", "simple")
    rig.running.world.account("acme").set_roles(_id(rig, "Hana Hr"), ["hris.admin"], None)
    assert _provision(rig) == ["add"] * 5
    assert _on_platform(rig) == {
        OLIVIA: "admin",
        BOT: "admin",
        SAM: "reviewer",
        PETRA: "reviewer",
        RAVI: "viewer",
    }
    assert set(_states(rig).values()) == {"active"}


def test_b45_a_preview_names_every_change_and_makes_none(rig: InterviewRig) -> None:
    with rig.work() as work:
        shown = provision.preview(work)
    assert Change(_id(rig, SAM), "ats.simple", "reviewer", "add") in shown
    assert Change(_id(rig, OLIVIA), "workable.superadmin", "admin", "add") in shown
    assert len(shown) == 5
    assert (_on_platform(rig), _effects(rig)) == ({}, [])


def test_b45_external_recruiters_come_only_when_asked_for_and_stay_without_being_asked_again(
    rig: InterviewRig,
) -> None:
    _provision(rig)
    assert "Rita Agency" not in _on_platform(rig)
    assert _provision(rig, recruiters=True) == ["add"]
    assert _on_platform(rig)["Rita Agency"] == "viewer"
    assert _provision(rig) == []
    rig.running.world.account("acme").info.recruiters.clear()
    assert _provision(rig) == ["remove"]
    assert "Rita Agency" not in _on_platform(rig)


def test_b45_who_becomes_inactive_is_taken_off_and_who_comes_back_is_taken_on_again(
    rig: InterviewRig,
) -> None:
    account = rig.running.world.account("acme")
    _provision(rig)
    for _ in range(2):
        account.deactivate_member(_id(rig, SAM))
        assert _provision(rig) == ["remove"]
        assert SAM not in _on_platform(rig)
        assert _states(rig)[_id(rig, SAM)] == "deactivated"
        account.enable_member(_id(rig, SAM))
        assert _provision(rig) == ["add"]
        assert _on_platform(rig)[SAM] == "reviewer"


def test_a_changed_role_is_followed_there_and_back(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    _provision(rig)
    for role, expected in (
        ("ats.reviewer", "viewer"),
        ("ats.simple", "reviewer"),
        ("ats.reviewer", "viewer"),
    ):
        account.set_roles(_id(rig, PETRA), [role], None)
        assert _provision(rig) == ["change"]
        assert _on_platform(rig)[PETRA] == expected


def test_a_changed_address_ends_the_old_membership_and_begins_a_new_one(rig: InterviewRig) -> None:
    _provision(rig)
    members = rig.running.world.account("acme").members.values()
    petra = next(member for member in members if member.name == PETRA)
    before, petra.email = petra.email, "petra.moved@example.com"
    assert _provision(rig) == ["change"]
    known = rig.running.world.platform.members
    assert (known[before].active, known[petra.email].active) == (False, True)
    assert _states(rig)[_id(rig, PETRA)] == "active"
    assert _provision(rig) == []


def test_who_comes_back_under_another_id_with_the_same_address_stays(rig: InterviewRig) -> None:
    account = rig.running.world.account("acme")
    _provision(rig)
    sam = next(member for member in account.members.values() if member.name == SAM)
    former, sam.email, sam.active = hex_id(sam.id), "gone@example.com", False
    address = f"{SAM.lower().replace(' ', '.')}@acme.example.com"
    account.add_member(SAM, address, "simple")
    assert sorted(_provision(rig)) == ["add", "remove"]
    states = _states(rig)
    assert (states.pop(former), set(states.values())) == ("deactivated", {"active"})
    assert _on_platform(rig)[SAM] == "reviewer"
    assert _provision(rig) == []


def test_nothing_is_planned_twice_while_it_is_on_its_way(rig: InterviewRig) -> None:
    with rig.work() as work:
        changes = provision.provision(work)
        assert provision.provision(work) == changes, "what is on its way is wanted still"
    assert len(_effects(rig)) == 5


def _drop_first(rig: InterviewRig) -> None:
    """A person drops the first change that waits."""
    with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
        first = outbox.due(tx, "acme", rig.clock(), 1)[0]
        interventions.drop(tx, first.effect_id, actor="a test", now=rig.clock())


def test_a_change_that_was_dropped_is_wanted_still_and_made_when_somebody_asks_again(
    rig: InterviewRig,
) -> None:
    for _ in range(2):
        with rig.work() as work:
            provision.provision(work, actor="a test")
        _drop_first(rig)
    assert len(_effects(rig)) == 4
    with rig.work() as work:
        assert len(provision.provision(work)) == 5
        deliver(work)
    assert len(_on_platform(rig)) == 4, "what a person dropped is not repeated by itself"
    assert rig.obeyed(Kind.PROVISION, preview=True).note == "Members: 1 to add. Nothing was changed."
    asked = rig.obeyed(Kind.PROVISION)
    assert asked.note == "Members: 1 to add. They are on their way to the interview platform."
    rig.go_on()
    assert len(_on_platform(rig)) == 5


def test_a_change_that_the_platform_refused_is_tried_again_when_somebody_asks_again(
    rig: InterviewRig,
) -> None:
    rig.fault("not_found", "/platform/members/", times=1)
    _provision(rig)
    assert len(_on_platform(rig)) == 4
    with rig.work() as work:
        assert [change.change for change in provision.provision(work)] == ["add"]
        assert deliver(work) == 0
    asked = rig.obeyed(Kind.PROVISION)
    assert asked.note == "Members: 1 to add. They are on their way to the interview platform."
    rig.go_on()
    assert len(_on_platform(rig)) == 5
    assert rig.obeyed(Kind.PROVISION).note == "Everybody stands on the interview platform as they should."


@pytest.mark.parametrize(
    ("fault", "params", "times"),
    [
        ("truncated", {}, None),
        ("empty_rows", {}, None),
        ("wrong_type", {"field": "id", "value": {}}, None),
        ("wrong_type", {"field": "active", "value": "perhaps"}, None),
        ("short_page", {"rows": 3}, 1),
    ],
)
def test_b45_nobody_is_ended_by_a_list_that_is_not_whole(
    rig: InterviewRig, fault: str, params: dict[str, object], times: int | None
) -> None:
    _provision(rig)
    before = _on_platform(rig)
    rig.fault(fault, r"/members$", times=times, params=params)
    with rig.work() as work, suppress(BadAnswer):
        provision.provision(work)
        deliver(work)
    assert _on_platform(rig) == before


def test_b45_the_last_admin_known_here_stays_and_goes_once_there_is_another(rig: InterviewRig) -> None:
    _provision(rig)
    account = rig.running.world.account("acme")
    account.set_roles(_id(rig, OLIVIA), ["ats.simple"], None)
    assert _provision(rig) == ["change"]
    next(m for m in account.members.values() if m.name == BOT).active = False
    assert _provision(rig) == []
    assert _preview(rig)[_id(rig, BOT)] == "keep"
    assert _on_platform(rig)[BOT] == "admin"
    account.set_roles(_id(rig, SAM), ["ats.admin"], None)
    assert _provision(rig) == ["change"]
    assert _provision(rig) == ["remove"]
    assert BOT not in _on_platform(rig)


@pytest.mark.parametrize("roles", [["ats.simple"], ["hris.admin"]])
def test_b45_all_admins_losing_their_rights_at_once_leaves_one_on_the_platform(
    rig: InterviewRig, roles: list[str]
) -> None:
    _provision(rig)
    for name in (OLIVIA, BOT):
        rig.running.world.account("acme").set_roles(_id(rig, name), roles, None)
    for _ in range(3):
        _provision(rig)
        assert list(_on_platform(rig).values()).count("admin") == 1
    assert len(set(_preview(rig).values()) & {"keep"}) == 1


def test_b45_an_admin_whom_the_platform_will_not_lose_is_noted_and_not_tried_again_and_again(
    rig: InterviewRig,
) -> None:
    _provision(rig)
    platform = rig.running.world.platform
    for member in platform.members.values():
        member.active = member.active and member.name == BOT  # somebody ended the others over there
    account = rig.running.world.account("acme")
    next(m for m in account.members.values() if m.name == BOT).active = False
    assert _provision(rig) == ["remove"]
    assert _on_platform(rig) == {BOT: "admin"}
    assert _states(rig)[_id(rig, BOT)] == "kept_last_admin"


def test_b45_who_works_for_another_account_too_stays_on_the_platform(make_interviews: MakeInterviews) -> None:
    rig = make_interviews(accounts="acme:account,globex:account", candidates=4, jobs=2, synced=False)
    rig.connect("globex")
    address = "sam.shared@example.com"
    for name in ("acme", "globex"):
        rig.running.world.account(name).add_member("Sam Shared", address)
        with rig.work(name) as work:
            provision.provision(work)
            deliver(work)
    rig.running.world.account("acme").deactivate_member(_id(rig, "Sam Shared"))
    _provision(rig)
    assert rig.running.world.platform.members[address].active
    assert _states(rig)[_id(rig, "Sam Shared")] == "deactivated"


def test_the_button_previews_or_provisions_and_has_it_repeated_from_then_on(rig: InterviewRig) -> None:
    preview = rig.ask(Kind.PROVISION, preview=True)
    rig.turn()
    done = rig.request(preview.request_id)
    assert (done.state, done.note) == (State.DONE, "Members: 5 to add. Nothing was changed.")
    assert done.result is not None
    assert {"member_id", "role_there", "role_here", "change"} == set(done.result["changes"][0])
    assert not rig.account().provisions_members
    rig.ask(Kind.PROVISION, preview=False)
    rig.turn()
    assert len(_on_platform(rig)) == 5
    assert rig.account().provisions_members


def test_without_a_platform_provisioning_says_what_to_set(make_interviews: MakeInterviews) -> None:
    rig = make_interviews(candidates=4, jobs=2, settings={"platform_url": "", "platform_token": ""})
    asked = rig.ask(Kind.PROVISION, preview=False)
    rig.turn()
    done = rig.request(asked.request_id)
    assert done.state == State.FAILED
    assert "IVW_PLATFORM_URL" in (done.note or "")


def test_a_partner_token_may_not_see_members_and_that_is_said(make_interviews: MakeInterviews) -> None:
    rig = make_interviews(
        accounts="acme:partner", candidates=4, jobs=2, settings={"workable_client_id": "sandbox-client-id"}
    )
    asked = rig.ask(Kind.PROVISION, preview=True)
    rig.turn()
    assert rig.request(asked.request_id).state == State.FAILED
