"""What people type wrongly, and what they are told: one sentence, the right exit code, nothing lost."""

import ctypes
import io
import json
import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from agent.cli import main
from tests.agent.flows.conftest import MakeRig
from tests.agent.flows.rig import Rig

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # of linux/prctl.h and linux/capability.h
WRONG_TOKEN = "invented-token-that-nobody-made"


@dataclass
class Desk:
    """Types commands into the agent's command line, in this process."""

    rig: Rig
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def type(self, *words: str, token: str = "", **settings: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error; `token` goes to standard input."""
        environment = self.rig.environment | {f"IVW_{k.upper()}": v for k, v in settings.items()}
        for name, value in environment.items():
            if name.startswith("IVW_"):
                self.monkeypatch.setenv(name, value)
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(token))
        self.capsys.readouterr()
        code = main(words)
        said = self.capsys.readouterr()
        assert self.rig.running.token("acme") not in said.out + said.err
        return code, said.out, said.err

    def connect(
        self, *words: str, token: str | None = None, subdomain: str = "acme", **settings: str
    ) -> tuple[int, str, str]:
        base_url = self.rig.running.base_url("acme").replace("/acme/", f"/{subdomain}/")
        wanted = words if "--base-url" in words else (*words, "--base-url", base_url)
        given = self.rig.running.token("acme") if token is None else token
        return self.type("connect", "--token-stdin", *wanted, token=given, **settings)


@pytest.fixture
def desk(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(make_rig(candidates=20, jobs=2), monkeypatch, capsys)


def is_one_sentence(said: str) -> bool:
    return said.count("\n") == 1 and "Traceback" not in said and said.rstrip().endswith((".", "?", "acme"))


def test_an_address_pasted_for_the_subdomain_is_understood(desk: Desk) -> None:
    code, out, err = desk.connect("--subdomain", "https://acme.workable.com/backend/jobs")

    assert (code, err) == (0, "Taking 'acme' as the subdomain.\n")
    assert out.startswith("Reconnected Acme Ltd (acme): account token")


def test_the_last_day_of_a_token_is_kept_with_the_token_and_goes_with_it(desk: Desk) -> None:
    desk.connect("--subdomain", "acme", "--expires", "2099-05-31")
    code, out, err = desk.connect("--subdomain", "acme")
    assert (code, err) == (0, "")
    assert "until 2099-06-01" in out

    desk.rig.running.world.reissue_token("acme")
    code, out, err = desk.connect("--subdomain", "acme")
    assert (code, "expiry not given" in out) == (0, True)
    assert (
        err == "The old token's last day, 2099-05-31, was removed. Give the new one's with --expires DATE.\n"
    )


@pytest.mark.parametrize("around", ['"{}"', "  {}\n", "{}\r\n", "Bearer {}"])
def test_what_copying_leaves_around_a_token_is_taken_off(desk: Desk, around: str) -> None:
    code, _, err = desk.connect("--subdomain", "acme", token=around.format(desk.rig.running.token("acme")))

    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    ("words", "token", "code", "said"),
    [
        (["--subdomain", "a cme"], None, 2, "is no Workable subdomain"),
        (["--subdomain", "www"], None, 2, "is no Workable subdomain"),
        (["--subdomain", "acme"], "", 2, "The token is empty"),
        (["--subdomain", "acme"], "two words", 2, "blanks, line breaks or characters"),
        (["--subdomain", "acme"], WRONG_TOKEN, 4, "does not accept the token for acme"),
        (["--subdomain", "acme", "--region", "eu"], None, 2, "Connect it in the eu deployment"),
        (["--subdomain", "acme", "--expires", "2020-01-31"], None, 2, "The token expired on 2020-01-31"),
        (["--subdomain", "acme", "--expires", "soon"], None, 2, "write it like 2026-01-31"),
        (["--subdomain", "acme", "--member", "nobody"], None, 2, "is no active member of this account"),
        (["--subdomain", "acme", "--base-url", "http://elsewhere.example.com/spi/v3"], None, 1, "add elsewhere.example.com:80"),
    ],
)  # fmt: skip
def test_a_connection_that_cannot_be_says_why_and_changes_nothing(
    desk: Desk, words: list[str], token: str | None, code: int, said: str
) -> None:
    before = desk.rig.account()
    ended, out, err = desk.connect(*words, token=token)

    assert ended == code
    assert said in err
    assert is_one_sentence(err)
    assert out == ""
    assert WRONG_TOKEN not in err
    assert desk.rig.account() == before


def test_a_wrong_subdomain_says_which_part_to_check(desk: Desk) -> None:
    code, _, err = desk.connect("--subdomain", "nosuch", subdomain="nosuch")

    assert (code, is_one_sentence(err)) == (4, True)
    assert "does not accept the token for nosuch" in err
    assert "Check the subdomain" in err


def test_a_host_that_does_not_answer_is_named_as_unreachable(desk: Desk) -> None:
    words = ["--subdomain", "acme", "--base-url", "http://127.0.0.1:1/spi/v3"]
    code, _, err = desk.connect(*words, allow_hosts="127.0.0.1:1")

    assert (code, is_one_sentence(err)) == (1, True)
    assert "could not be reached" in err


def test_a_missing_scope_is_named(desk: Desk) -> None:
    desk.rig.running.world.drop_scope("acme", "r_candidates")
    code, _, err = desk.connect("--subdomain", "acme")

    assert (code, is_one_sentence(err)) == (4, True)
    assert "The token lacks r_candidates" in err


def test_an_expired_token_asks_for_a_new_one(desk: Desk) -> None:
    desk.rig.running.world.expire_token("acme")
    code, _, err = desk.connect("--subdomain", "acme")

    assert (code, is_one_sentence(err)) == (4, True)
    assert "wrong, expired, revoked or another account's" in err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"secret_key": ""}, "IVW_SECRET_KEY is not set"),
        ({"secret_key": "short"}, "IVW_SECRET_KEY is not a valid key"),
        ({"secret_key": Fernet.generate_key().decode()}, "IVW_SECRET_KEY is not the key"),
        ({"pol_seconds": "5"}, "did you mean IVW_POLL_SECONDS?"),
        ({"poll_seconds": "often"}, "IVW_POLL_SECONDS"),
        ({"region": "eu"}, "belongs to the us deployment"),
    ],
)
def test_a_set_up_that_cannot_work_ends_every_command_with_its_sentence(
    desk: Desk, settings: dict[str, str], said: str
) -> None:
    code, out, err = desk.type("sync", **settings)

    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


def test_a_clock_that_is_off_is_told_by_how_much(desk: Desk) -> None:
    desk.rig.clock.forward(hours=2)  # Workable's clock, as the command line goes by the machine's
    code, _, err = desk.connect("--subdomain", "acme")

    assert code == 0
    assert re.match(r"This machine's clock is 7,[12]\d\d s behind Workable's\. Set it", err)


def test_an_account_that_is_not_connected_is_told_with_those_that_are(desk: Desk) -> None:
    code, _, err = desk.type("sync", "--account", "globex")

    assert (code, is_one_sentence(err)) == (2, True)
    assert "No account 'globex' is connected (connected: acme)" in err


def test_json_is_one_document_for_an_answer_and_for_an_error(desk: Desk) -> None:
    assert json.loads(desk.type("status", "--json")[1])["accounts"][0]["account_id"] == "acme"
    assert json.loads(desk.type("accounts", "--json")[1])[0]["account_id"] == "acme"
    assert json.loads(desk.type("sync", "--json")[1])["accounts"] == {"acme": {"state": "ok"}}
    assert json.loads(desk.type("doctor", "--json")[1])[0]["what"] == "settings"
    assert json.loads(desk.type("sync", "--json", "--account", "x")[1])["error"]["code"] == "no_such_account"


def _without_the_superusers_rights() -> None:
    """The superuser may write anywhere unless the right is taken out of what a started program can have."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def test_a_data_folder_that_cannot_be_written_is_told_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    ended = subprocess.run(
        [sys.executable, "-m", "agent", "sync"],
        env=desk.rig.environment | {"IVW_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_without_the_superusers_rights,
    )

    assert ended.returncode == 1
    assert is_one_sentence(ended.stderr)
    assert "cannot be written" in ended.stderr
    assert "Set IVW_DATA_DIR to a folder that this user may write to" in ended.stderr
    assert list(folder.iterdir()) == []


def test_a_damaged_mirror_is_put_aside_and_read_again(desk: Desk) -> None:
    assert desk.type("sync")[0] == 0
    desk.rig.settings.mirror_path.write_bytes(b"not a database" * 1_000)
    code, out, err = desk.type("sync")

    assert (code, out) == (0, "acme: synced\n")
    assert "The mirror was damaged and is put aside" in err
    assert "Traceback" not in err
    assert desk.rig.live_rows() == desk.rig.expected_rows()


def test_a_damaged_ledger_is_left_as_it_is_for_a_person(desk: Desk) -> None:
    damaged = b"not a database" * 1_000
    desk.rig.settings.ledger_path.write_bytes(damaged)
    code, _, err = desk.type("sync")

    assert (code, is_one_sentence(err)) == (1, True)
    assert "restore it from a backup" in err
    assert desk.rig.settings.ledger_path.read_bytes() == damaged


def test_a_disk_that_fills_up_ends_a_sync_with_a_sentence_and_loses_nothing(desk: Desk) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    command = [sys.executable, "-m", "agent", "sync"]
    ended = subprocess.run(
        command, env=desk.rig.environment, capture_output=True, text=True, check=False, preexec_fn=small_files
    )

    assert ended.returncode == 1
    assert "is full" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert desk.type("sync")[0] == 0
    assert desk.rig.live_rows() == desk.rig.expected_rows()


def test_a_sync_of_an_unchanged_account_with_100_jobs_takes_at_most_8_requests(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=3000, jobs=100)
    rig.turn()
    rig.clock.forward(hours=7)  # every seldom stream is due
    run = rig.poll()

    assert run.tally.requests <= 8
    assert run.tally.rows_changed == 0


def test_one_percent_changed_is_read_with_its_pages_alone_and_only_that_is_written(make_rig: MakeRig) -> None:
    rig = make_rig(candidates=20_000, jobs=100)
    rig.turn()
    rig.clock.forward(minutes=20)
    rig.running.world.account("acme").touch(200)
    run = rig.poll()

    assert run.tally.requests <= 2 + 5
    assert run.tally.rows_changed == 200
