"""Time passes in the pretend accounts."""

from sandbox import World
from sandbox.life import Life
from tests.sandbox.conftest import Start
from tests.sandbox.site import Clock


def lived(seed: int, events: int = 300) -> tuple[list[str], World]:
    world = World("acme:account,globex:oauth", candidates=60, seed=seed, clock=Clock())
    life = Life(world, seed)
    return [life.step() for _ in range(events)], world


def test_the_same_seed_lives_the_same_life() -> None:
    (first, world), (second, twin) = lived(3), lived(3)
    assert first == second
    assert world.context.journal.lines() == twin.context.journal.lines()
    assert lived(4)[0] != first


def test_people_apply_move_change_leave_and_come_back() -> None:
    events, world = lived(5, 1500)
    assert {"apply", "move", "edit", "disqualify", "relocate", "delete", "publish", "applicant"} <= set(
        events
    )
    verbs = {
        entry["verb"] for entry in world.context.journal.entries(kind="change") if entry["cause"] == "life"
    }
    assert {"create", "move", "edit", "disqualify", "relocate", "delete", "set_job_state"} <= verbs
    assert any(c.hired_at for account in world.accounts.values() for c in account.candidates.values())


def test_a_served_world_lives_by_itself(start: Start) -> None:
    site = start(life=0.001)
    for _ in range(5000):
        if len(site.world.context.journal.entries(kind="change")) > 40:
            return
        site.settle()
    raise AssertionError("nothing happened")


def test_one_event_can_be_asked_for(start: Start) -> None:
    site = start()
    assert {site.control("life/step") for _ in range(60)} >= {"apply", "move"}
