"""Our webhook subscriptions at Workable: there once each, renewed with the token, others never touched."""

import pytest

from agent import wiring
from storage.ledger import schema
from storage.ledger.hooks import HookState
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.webhook_rig import follow_employees, listening, move, small, somebody

CANDIDATE_EVENTS = ["candidate_created", "candidate_deleted", "candidate_moved"]
EMPLOYEE_EVENTS = ["employee_created", "employee_updated", "onboarding_completed"]


def test_each_wanted_event_is_subscribed_once(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        assert sorted(site.targets().values()) == CANDIDATE_EVENTS
        assert all(target.startswith(f"{site.root}/hooks/workable/acme/") for target in site.targets())
        assert {event: hook.state for event, hook in site.hooks().items()} == dict.fromkeys(
            CANDIDATE_EVENTS, "active"
        )
        before = site.targets()
        assert site.heal() == 0
        assert site.targets() == before
        follow_employees(rig)
        assert site.heal() == 3
        assert sorted(site.targets().values()) == CANDIDATE_EVENTS + EMPLOYEE_EVENTS
        with wiring.opened_ledger(rig.settings) as ledger, ledger.write() as tx:
            tx.execute(schema.accounts.update().values(follows_employees=False))
        assert site.heal() == 3
        assert site.targets() == before


def test_a_subscription_that_vanished_is_made_again_and_others_are_not_touched(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        with rig.work() as work:
            for target in (
                f"{site.root}.example.com/hooks/workable/acme/x",
                f"{site.root}/hooks/workable/acme2/x",
            ):
                work.workable.subscribe("candidate_moved", target)
        before = site.targets()
        site.account.drop_subscription(min(site.account.subscriptions))
        assert site.heal() == 1
        assert site.targets() == before


def test_a_new_token_means_new_subscriptions_signed_with_it(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        before = site.targets()
        rig.connect(token=rig.running.world.reissue_token("acme").value)
        move(rig, somebody(rig))
        site.came(1)  # still signed with the former one
        assert site.heal() == 6
        assert not before.keys() & site.targets().keys()
        move(rig, somebody(rig, 1))
        site.came(2)
        assert {event: hook.refused for event, hook in site.hooks().items()} == dict.fromkeys(
            CANDIDATE_EVENTS, 0
        )


def test_a_changed_address_of_ours_takes_the_former_subscriptions_away(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        rig.changed_settings["public_url"] = "https://ivw.example.com/"
        assert site.heal() == 6
        assert all(
            target.startswith("https://ivw.example.com/hooks/workable/acme/") for target in site.targets()
        )


def test_a_subscription_whose_answer_was_lost_is_found_at_the_next_look(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    rig.fault("answer_lost", "/subscriptions$", method="POST")
    with listening(rig) as site:
        assert site.hooks()["candidate_created"].state == HookState.WANTED
        before = site.targets()
        assert site.heal() == 0
        assert site.targets() == before
        assert site.hooks()["candidate_created"].state == HookState.ACTIVE


@pytest.mark.parametrize(
    ("status", "event", "state", "word"),
    [
        (422, "candidate_deleted", HookState.NOT_ACCEPTED, "listings"),
        (422, "candidate_moved", HookState.REFUSED, "422"),
        (409, "candidate_moved", HookState.REFUSED, "409"),
        (403, "candidate_moved", HookState.FORBIDDEN, "polled"),
        (403, "employee_created", HookState.FORBIDDEN, "r_employees"),
    ],
)
def test_a_refused_subscription_leaves_the_others_and_says_what_it_means(
    make_rig: MakeRig, status: int, event: str, state: HookState, word: str
) -> None:
    rig = small(make_rig)
    follow_employees(rig)
    order = ["candidate_created", "candidate_moved", "candidate_deleted", *EMPLOYEE_EVENTS]
    rig.fault(
        "server_error", "/subscriptions$", method="POST", after=order.index(event), params={"status": status}
    )
    with listening(rig) as site:
        found = site.hooks()
        assert (found[event].state, found[event].subscription_id) == (state, None)
        assert word in (found[event].sentence or "")
        assert {hook.state for name, hook in found.items() if name != event} == {HookState.ACTIVE}
        assert site.heal() == 1
        assert site.hooks()[event].state == HookState.ACTIVE


def test_a_missing_scope_for_employees_leaves_candidates_subscribed(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    follow_employees(rig)
    rig.running.world.drop_scope("acme", "r_employees")
    with listening(rig) as site:
        states = {event: hook.state for event, hook in site.hooks().items()}
    assert states == dict.fromkeys(CANDIDATE_EVENTS, "active") | dict.fromkeys(EMPLOYEE_EVENTS, "forbidden")


@pytest.mark.parametrize("scope", ["account", "token", "event"])
def test_subscribing_works_however_unique_targets_have_to_be(make_rig: MakeRig, scope: str) -> None:
    rig = small(make_rig, switches={"target_unique_per": scope})
    with listening(rig) as site:
        assert sorted(site.targets().values()) == CANDIDATE_EVENTS


def test_without_an_address_of_ours_the_page_is_told_that_polling_does_it(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig) as site:
        rig.changed_settings.pop("public_url")
        rig.forget_requests()
        assert (site.heal(), rig.asked()) == (0, [])
        assert {hook.state for hook in site.hooks().values()} == {HookState.POLLING}
