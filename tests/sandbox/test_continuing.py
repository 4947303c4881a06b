"""A world outlives its process, and the command line starts and ends it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import World
from tests.sandbox.conftest import Start


def state_of(world: World) -> Any:
    accounts = {
        name: (
            account.candidates,
            account.ids,
            account.updated,
            account.jobs,
            account.members,
            account.counters,
        )
        for name, account in world.accounts.items()
    }
    return accounts, world.tokens, world.context.switches, world.context.journal.lines()


def test_a_closed_world_continues_as_it_was(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "world.db"
    first = start("acme:account,globex:partner", data=path)
    number = first.new_candidate()
    first.account.relocate(number, list(first.account.jobs)[1], member_id=first.bot)
    first.world.reissue_token("acme")
    first.post("/subscriptions", {"target": "https://example.com/a", "event": "candidate_moved"})
    first.account.delete(f"{first.account.ids[0]:x}")
    with first.world.context.guard:
        before = state_of(first.world)
    second = World("acme:account", data=path, candidates=0)
    with second.context.guard:
        after = state_of(second)
    second.close()
    assert after[:3] == before[:3]
    assert after[3][: len(before[3])] == before[3]
    assert [one.target for one in second.account("acme").subscriptions.values()] == ["https://example.com/a"]


def test_interviews_go_on_after_a_restart(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "world.db"
    first = World(data=path, interview_seconds=0.02, candidates=0)
    first.platform.configure({"bounce_share": 0, "expire_share": 0})
    body = {
        "template_id": "tpl-tech",
        "candidate": {"first_name": "A", "last_name": "B", "email": "c@example.com"},
    }
    interview, _ = first.platform.create(body, "key")
    first.close()
    second = start(data=path)
    for _ in range(2000):
        if second.world.platform.interviews[interview.id].status == "completed":
            break
        second.settle()
    assert second.world.platform.interviews[interview.id].status == "completed"
    assert second.world.platform.create(body, "key") == (
        second.world.platform.interviews[interview.id],
        False,
    )


def begin(tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """The command line, once it has said that it listens."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        "0",
        "--data",
        "world.db",
        "--candidates",
        "30",
        *more,
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_a_killed_run_is_continued(tmp_path: Path) -> None:
    process, ready = begin(tmp_path, "--ready-file", "ready.json")
    assert json.loads((tmp_path / "ready.json").read_text()) == ready
    assert list(tmp_path.glob("*.part")) == []
    account = ready["accounts"]["acme"]
    headers = {"Authorization": f"Bearer {account['token']}"}
    jobs = httpx.get(account["base_url"] + "/jobs", headers=headers).json()["jobs"]
    person = {"candidate": {"name": "Ann One", "email": "ann@example.com"}}
    url = f"{account['base_url']}/jobs/{jobs[0]['shortcode']}/candidates"
    made = httpx.post(url, json=person, headers=headers).json()["candidate"]["id"]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    process, ready = begin(tmp_path)
    found = httpx.get(f"{ready['accounts']['acme']['base_url']}/candidates/{made}", headers=headers)
    assert found.json()["candidate"]["name"] == "Ann One"
    process.terminate()
    assert process.communicate()[1] == ""
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(tmp_path: Path, number: signal.Signals) -> None:
    process, ready = begin(tmp_path, "--life", "0.01", "--rate", "off")
    with httpx.Client() as client:  # a connection that is still open must not keep it
        assert client.get(ready["control"] + "/state").status_code == 200
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "", "")


def test_the_ready_line_says_where_everything_is(tmp_path: Path) -> None:
    process, ready = begin(tmp_path, "--accounts", "acme:account,hooli:partner")
    assert {name: account["kind"] for name, account in ready["accounts"].items()} == {
        "acme": "account",
        "hooli": "partner",
    }
    assert ready["accounts"]["acme"]["token"] == "sandbox-account-token-acme"
    assert httpx.get(ready["platform"]["base_url"] + "/interviews").status_code == 401
    process.terminate()
    process.communicate()


@pytest.mark.parametrize("wrong", [["--accounts", "acme:king"], ["--accounts", "a/b"], ["--port", "{taken}"]])
def test_what_cannot_be_served_is_said_in_a_sentence(wrong: list[str], start: Start) -> None:
    taken = start().running.port
    words = [part.format(taken=taken) for part in wrong]
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sandbox: ")
