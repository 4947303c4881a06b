"""What analysts read is what Workable has, row by row, whatever people do there."""

import shutil
import subprocess
import sys
from typing import Any

from sqlalchemy import Connection, text

from sandbox.account import Account
from sandbox.stamps import hex_id
from storage.publish import LINK
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig

ASK = """
import sys
import duckdb
print(duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).fetchone()[0])
"""


def test_the_first_sync_publishes_every_candidate_as_the_api_gives_it(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    assert len(rig.live_rows()) == 230
    assert rig.live_rows() == rig.expected_rows()
    assert _jobs(rig) == _expected_jobs(rig)
    assert _stages(rig) == _expected_stages(rig)
    assert _members(rig) == _expected_members(rig)


def test_after_moves_edits_deletions_and_all_else_two_listings_bring_the_copy_up_to_date(
    make_rig: MakeRig,
) -> None:
    rig = make_rig()
    rig.turn()
    live_before = rig.live_rows()
    _a_busy_day(rig.running.world.account("acme"))
    rig.turn()
    rig.two_sweeps()
    rig.clock.forward(hours=25)  # by then every list has been read again
    rig.turn()
    assert rig.live_rows() == rig.expected_rows()
    assert rig.live_rows() != live_before
    assert _jobs(rig) == _expected_jobs(rig)
    assert _stages(rig) == _expected_stages(rig)
    assert _members(rig) == _expected_members(rig)


def test_a_poll_alone_brings_moves_edits_and_new_candidates(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    acme = rig.running.world.account("acme")
    ids = _ids(acme)
    acme.move(ids[0], "interview")
    acme.edit(ids[1], {"headline": "Häuptling ⚡"})
    acme.disqualify(ids[2], reason="Not now")
    acme.copy(ids[3], acme.candidate(ids[7]).job or "")
    acme.create_candidate(acme.candidate(ids[3]).job)
    rig.turn()
    assert rig.runs()[0]["kind"] == "sync"
    assert rig.live_rows() == rig.expected_rows()


def test_what_a_deleted_person_left_is_blank_in_the_copy(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.turn()
    acme = rig.running.world.account("acme")
    gone = _ids(acme)[5]
    acme.delete(gone)
    rig.two_sweeps()
    rig.turn()
    found = rig.published(
        "SELECT name, email, phone, profile_url, raw FROM workable.candidates"
        f" WHERE candidate_id = '{gone}' AND is_deleted"
    )
    assert found == [(None, None, None, None, None)]
    assert rig.from_ledger(_event_kinds) == ["deleted"]


def test_the_published_file_opens_with_the_engine_alone(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=20)
    rig.turn()
    with rig.agent():
        found = _asked_from_outside(rig, "SELECT count(*) FROM workable.candidates")
    assert found == "20"


def _asked_from_outside(rig: Rig, sql: str) -> str:
    """By the engine's own command line where there is one, else by its library in another process."""
    path = str(rig.settings.published_dir / LINK)
    if client := shutil.which("duckdb"):
        command = [client, "-readonly", "-csv", "-noheader", path, sql]
    else:
        command = [sys.executable, "-c", ASK, path, sql]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _ids(account: Account) -> list[str]:
    """Of live, named candidates in jobs, spread over the account."""
    found = [
        hex_id(c.id)
        for c in account.candidates.values()
        if c.job is not None and not c.anonymized and not c.disqualified
    ]
    return found[::5]


def _a_busy_day(acme: Account) -> None:
    ids = _ids(acme)
    jobs = [job.shortcode for job in acme.jobs.values() if job.state == "published"]
    new = acme.create_job("Lighthouse keeper", state="published").shortcode
    acme.move(ids[0], "interview")
    acme.move(ids[1], "offer")
    acme.move(ids[2], "hired")
    acme.edit(ids[3], {"headline": "'; DROP TABLE candidates; --", "phone": "+351 1"})
    acme.disqualify(ids[4], reason="Too far away")
    acme.disqualify(ids[5], withdrew=True)
    acme.revert(ids[5])
    acme.delete(ids[6])
    acme.delete(ids[7])
    acme.relocate(ids[8], new)
    acme.relocate(ids[9], jobs[0], stage="interview")
    acme.copy(ids[10], new)
    acme.anonymize(ids[11])
    acme.create_candidate(new)
    acme.create_candidate(jobs[1], sourced=False)
    acme.rename_stage(jobs[0], "interview", "Long talk")
    acme.add_stage(jobs[1], "Trial day", position=3)
    acme.delete_stage(jobs[1], "assessment", move_to="interview")
    acme.edit_job(jobs[1], title="Something better")
    acme.set_job_state(jobs[0], "archived")
    acme.deactivate_member(hex_id(next(iter(acme.members.values())).id))
    acme.add_member("Nora New", "nora@example.com")


def _event_kinds(tx: Connection) -> list[str]:
    return [row.kind for row in tx.execute(text("SELECT kind FROM events ORDER BY event_id"))]


def _jobs(rig: Rig) -> set[tuple[Any, ...]]:
    return set(
        rig.published(
            "SELECT job_shortcode, job_id, title, state, department, is_sample FROM workable.jobs"
            " WHERE NOT is_deleted"
        )
    )


def _expected_jobs(rig: Rig) -> set[tuple[Any, ...]]:
    jobs = rig.running.world.account("acme").jobs.values()
    return {(j.shortcode, hex_id(j.id), j.title, j.state, j.department, j.sample or False) for j in jobs}


def _stages(rig: Rig) -> set[tuple[Any, ...]]:
    return set(
        rig.published("SELECT job_shortcode, slug, name, kind FROM workable.stages WHERE NOT is_deleted")
    )


def _expected_stages(rig: Rig) -> set[tuple[Any, ...]]:
    acme = rig.running.world.account("acme")
    pipelines = {"": acme.info.pipeline} | {job.shortcode: job.stages for job in acme.jobs.values()}
    return {(shortcode, s.slug, s.name, s.kind) for shortcode, found in pipelines.items() for s in found}


def _members(rig: Rig) -> set[tuple[Any, ...]]:
    return set(rig.published("SELECT member_id, name, email, is_active FROM workable.members"))


def _expected_members(rig: Rig) -> set[tuple[Any, ...]]:
    members = rig.running.world.account("acme").members.values()
    return {(hex_id(m.id), m.name, m.email, m.active) for m in members}
