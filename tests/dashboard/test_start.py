"""Starting the dashboard: where it listens, what it refuses, and what it answers to programs."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from bench.serving import ROOT, Dashboard, running


def refused(data_dir: Path, **environment: str) -> str:
    """What a start that must fail says on stderr."""
    given = {"IVW_DATA_DIR": str(data_dir), "IVW_DASHBOARD_PORT": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "dashboard"],
        env=os.environ | given | environment,
        cwd=data_dir,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def answer(address: str) -> tuple[int, Any, dict[str, str]]:
    try:
        with urllib.request.urlopen(address, timeout=20) as response:  # noqa: S310 -- our own address
            return response.status, json.load(response), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), dict(error.headers)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "example.com", "::"])  # noqa: S104 -- must be refused
def test_an_address_that_others_can_reach_is_refused(tmp_path: Path, host: str) -> None:
    sentence = refused(tmp_path, IVW_DASHBOARD_HOST=host)

    assert "no sign-in yet" in sentence
    assert "\n" not in sentence


def test_a_wrong_setting_is_refused_with_its_name(tmp_path: Path) -> None:
    assert refused(tmp_path, IVW_DASHBOARD_PORT="ninety").startswith("IVW_DASHBOARD_PORT is 'ninety'")


def test_an_unusable_ledger_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "ledger.sqlite3").write_bytes(b"this was never a database" * 100)

    assert "restore it from a backup" in refused(tmp_path)


def test_a_port_in_use_is_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refused(tmp_path, IVW_DASHBOARD_PORT=str(port))

    assert str(port) in sentence
    assert "IVW_DASHBOARD_PORT" in sentence


def test_ready_counts_customers_and_tells_whether_an_agent_lives(dashboard: Dashboard) -> None:
    status, body, _ = answer(dashboard.address("api/ready"))

    assert status == 200
    assert body["ok"] is True
    assert body["customers"] > 0


def test_every_answer_carries_the_security_headers(dashboard: Dashboard) -> None:
    _, _, headers = answer(dashboard.address("api/ready"))

    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def handshake(port: int, name: str) -> int:
    """The status with which the page's socket answers a visitor who reached it under that name."""
    address = f"ws://{name}:{port}/_stcore/stream"
    with socket.create_connection(("127.0.0.1", port)) as door:
        try:
            with connect(address, sock=door, origin=Origin(f"http://{name}:{port}"), proxy=None):
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code


def test_a_foreign_name_for_this_machine_does_not_reach_the_page(dashboard: Dashboard) -> None:
    port = int(dashboard.url.rsplit(":", 1)[1])

    assert handshake(port, "127.0.0.1") == 101
    assert handshake(port, "evil.example") == 403


def test_a_ledger_that_breaks_while_it_runs_is_not_ready(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        found.ledger_path.unlink()
        status, body, _ = answer(found.address("api/ready"))

    assert status == 503
    assert "is gone now" in body["why"]
