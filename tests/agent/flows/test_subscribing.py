"""Our webhook subscriptions at Workable: there once each, renewed with the token, others never touched."""

import httpx
import pytest

from agent import wiring
from agent.flows import account as turns
from storage.ledger import schema
from storage.ledger.hooks import HookState
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig, taken
from tests.agent.flows.webhook_rig import Hooked, follow_employees, listening, move, small, somebody, until

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


def of_kind(make_rig: MakeRig, kind: str, **settings: str) -> Rig:
    ours = {"workable_client_id": "sandbox-client-id"} | settings
    rig = make_rig(accounts=f"acme:{kind}", candidates=6, jobs=1, settings=ours)
    rig.connect(kind=kind)  # it cannot be told without a rate limit
    return rig


def test_an_oauth_account_is_not_subscribed_while_the_secret_of_its_signatures_is_missing(
    make_rig: MakeRig,
) -> None:
    rig = of_kind(make_rig, "oauth")
    with listening(rig, heals=False) as site:
        rig.poll()
        assert site.targets() == {}
        found = site.hooks().values()
        assert [(hook.event, hook.state) for hook in found] == [(e, "no_secret") for e in CANDIDATE_EVENTS]
        assert all("IVW_WORKABLE_CLIENT_SECRET is not set" in (hook.sentence or "") for hook in found)
        rig.changed_settings["workable_client_secret"] = "sandbox-oauth-application-secret"
        rig.poll()
        assert sorted(site.targets().values()) == CANDIDATE_EVENTS
        rig.changed_settings.pop("workable_client_secret")
        rig.poll()
        assert site.targets() == {}
        assert {hook.state for hook in site.hooks().values()} == {HookState.NO_SECRET}


def post_unsigned(site: Hooked, event: str, times: int) -> None:
    before = site.hooks()[event].refused
    target = next(target for target, one in site.targets().items() if one == event)
    for _ in range(times):
        headers = {"X-Workable-Signature": "00"}
        assert httpx.post(target, content=b"{}", headers=headers, trust_env=False).status_code == 401
    until(lambda: site.hooks()[event].refused == before + times)


@pytest.mark.parametrize(
    ("kind", "settings", "remedy"),
    [
        ("account", {}, "reconnect --account acme"),
        ("partner", {}, "Set IVW_WORKABLE_CLIENT_SECRET"),
        ("partner", {"workable_client_secret": "x"}, "Compare IVW_WORKABLE_CLIENT_SECRET"),
    ],
)
def test_webhooks_refused_again_and_again_are_told_until_one_is_accepted(
    make_rig: MakeRig, kind: str, settings: dict[str, str], remedy: str
) -> None:
    rig = of_kind(make_rig, kind, **settings)
    with listening(rig) as site:
        post_unsigned(site, "candidate_moved", 4)
        post_unsigned(site, "candidate_created", 4)
        rig.poll()
        assert "webhooks_refused" not in rig.problems()
        post_unsigned(site, "candidate_moved", 1)
        rig.poll()
        told = rig.problems()["webhooks_refused"]
        assert "(candidate_moved)" in told
        assert remedy in told
        move(rig, somebody(rig))
        site.came(1)
        rig.poll()
        assert "webhooks_refused" not in rig.problems()


def test_webhooks_begin_with_the_first_poll_after_an_address_is_set(make_rig: MakeRig) -> None:
    rig = small(make_rig)
    with listening(rig, heals=False) as site:
        rig.poll()
        assert sorted(site.targets().values()) == CANDIDATE_EVENTS
        rig.changed_settings.pop("public_url")
        rig.poll()
        assert {hook.state for hook in site.hooks().values()} == {HookState.POLLING}
        rig.changed_settings["public_url"] = site.root
        rig.poll()
        assert {hook.state for hook in site.hooks().values()} == {HookState.ACTIVE}


def test_a_daemon_that_listens_looks_at_the_subscriptions_at_its_first_poll_and_then_now_and_then(
    make_rig: MakeRig,
) -> None:
    rig = small(make_rig)
    rig.changed_settings["listen"] = "127.0.0.1:0"
    with listening(rig, heals=False) as site:
        rig.poll()
        site.account.drop_subscription(min(site.account.subscriptions))
        rig.poll()
        assert len(site.targets()) == 2
        with wiring.agent_process(rig.settings, "run", rig.clock) as engine:
            turns.poll(taken(engine), every=None)
            assert len(site.targets()) == 3
            rig.forget_requests()
            turns.poll(taken(engine), every=None)
        assert not any(one["path"].endswith("/subscriptions") for one in rig.asked())
