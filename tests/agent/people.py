"""What the tests of writing share: somebody to write about, somebody who writes, and scripted answers."""

from agent.workable import Workable
from tests.agent.conftest import Scripted
from tests.agent.doors import Door, says


def bot(door: Door) -> str:
    """The id of a member who may do everything."""
    members = door.world.account("acme").members.values()
    return next(f"{member.id:x}" for member in members if member.name == "Integration Bot")


def somebody(door: Door, stage: str = "applied") -> str:
    account = door.world.account("acme")
    job = next(job.shortcode for job in account.jobs.values() if job.state == "published")
    return f"{account.create_candidate(job, stage=stage).id:x}"


def workable_of(scripted: Scripted, body: bytes, status: str = "200 OK") -> Workable:
    return Workable(scripted(says(body, status)).transport(max_attempts=1), "acme")
