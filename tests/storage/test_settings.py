"""Settings: what is read from where, and the sentence with which each wrong value stops the start."""

from pathlib import Path

import msgspec
import pytest
from dotenv import dotenv_values

from storage.settings import PREFIX, SECRETS, Settings, SettingsProblem, load

HOSTS = "host:port pairs with commas between them, such as 127.0.0.1:8080, no port above 65535"
ADDRESS = "host:port, such as 127.0.0.1:8600, the port not above 65535"


def sentence(**variables: str) -> str:
    """What the person reads when the start is refused; `region="EU"` stands for `IVW_REGION=EU`."""
    with pytest.raises(SettingsProblem) as problem:
        load({PREFIX + name.upper(): value for name, value in variables.items()})
    return str(problem.value)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load({}) == Settings()


def test_values_are_typed_and_blanks_around_them_do_not_matter() -> None:
    given = load({"IVW_POLL_SECONDS": " 30 ", "IVW_RATE_SHARE": "1", "IVW_DATA_DIR": "elsewhere"})
    assert (given.poll_seconds, given.rate_share, given.data_dir) == (30, 1.0, Path("elsewhere"))


def test_an_empty_variable_keeps_the_default() -> None:
    assert load({"IVW_REGION": "", "IVW_POLL_SECONDS": "  "}) == Settings()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load({"POLL_SECONDS": "1", "WORKABLE_TOKEN": "not-ours"}) == Settings()


def test_the_environment_is_read_when_none_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVW_REGION", "eu")
    assert load().region == "eu"


def test_the_file_dotenv_of_the_working_folder_is_read_and_the_environment_wins() -> None:
    Path(".env").write_text("IVW_REGION=eu\nIVW_POLL_SECONDS=30\nOTHER=1\n", encoding="utf-8")
    given = load({"IVW_POLL_SECONDS": "45"})
    assert (given.region, given.poll_seconds) == ("eu", 45)


def test_a_misspelled_variable_in_dotenv_is_refused_too() -> None:
    Path(".env").write_text("IVW_REGOIN=eu\n", encoding="utf-8")
    assert sentence() == "IVW_REGOIN is not a setting; did you mean IVW_REGION?"


def test_a_dotenv_that_is_not_text_stops_the_start_with_its_name() -> None:
    Path(".env").write_bytes(b"IVW_REGION=\xff\xfe")
    assert sentence().startswith("The settings file .env cannot be read: ")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("region", "EU", "eu or us"),
        ("poll_seconds", "soon", "a whole number of seconds, 1 or more"),
        ("poll_seconds", "0", "a whole number of seconds, 1 or more"),
        ("metadata_seconds", "1.5", "a whole number of seconds, 1 or more"),
        ("pipeline_seconds", "-1", "a whole number of seconds, 1 or more"),
        ("sweep_seconds", "1d", "a whole number of seconds, 1 or more"),
        ("overlap_seconds", "5m", "a whole number of seconds, 1 or more"),
        ("publish_seconds", "never", "a whole number of seconds, 1 or more"),
        ("rate_share", "0", "a number above 0 and not above 1"),
        ("rate_share", "80", "a number above 0 and not above 1"),
        ("rate_share", "nan", "a number above 0 and not above 1"),
        ("accounts_at_once", "0", "a whole number, 1 or more"),
        ("keep_runs_days", "all", "a whole number, 1 or more"),
        ("keep_published", "1", "a whole number, 2 or more"),
        ("memory_mb", "16", "a whole number of megabytes, 64 or more"),
        ("dashboard_port", "70000", "a port from 0 to 65535"),
        ("log_format", "xml", "auto, text or json"),
        ("log_level", "INFO", "debug, info, warning or error"),
        ("allow_hosts", "localhost", HOSTS),
        ("allow_hosts", "http://127.0.0.1:80", HOSTS),
        ("allow_hosts", "127.0.0.1:80,b.example.com:65536", HOSTS),
        ("listen", "8600", ADDRESS),
        ("listen", "127.0.0.1:65536", ADDRESS),
        ("listen", "[::1]:99999", ADDRESS),
        ("public_url", "hooks.example.com", "an address with https:// or http://"),
        ("platform_url", "ftp://example.com", "an address with https:// or http://"),
        ("data_dir", "~nobody-of-that-name/data", "the path of a folder"),
    ],
)
def test_a_wrong_value_stops_with_what_is_wanted(name: str, value: str, wanted: str) -> None:
    assert sentence(**{name: value}) == f"IVW_{name.upper()} is {value!r}; it must be {wanted}."


@pytest.mark.parametrize("port", ["0", "8600", "10000", "59999", "64999", "65499", "65529", "65535"])
def test_every_port_there_is_can_be_listened_on(port: str) -> None:
    assert load({"IVW_LISTEN": f"127.0.0.1:{port}"}).listen == f"127.0.0.1:{port}"


def test_hosts_are_taken_apart_at_commas_whatever_their_case() -> None:
    given = load({"IVW_ALLOW_HOSTS": "Localhost:80, [::1]:8080 ,b.example.com:443,"})
    assert given.allowed_hosts == {"localhost:80", "[::1]:8080", "b.example.com:443"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("IVW_POLL_SECOND", "did you mean IVW_POLL_SECONDS?"),
        ("IVW_SECRETKEY", "did you mean IVW_SECRET_KEY?"),
        ("IVW_PLATFORM_TOKEN_FIEL", "did you mean IVW_PLATFORM_TOKEN_FILE?"),
        ("IVW_QQQ", "see .env.example for the list."),
    ],
)
def test_an_unknown_variable_suggests_the_near_one_without_its_value(name: str, hint: str) -> None:
    with pytest.raises(SettingsProblem) as problem:
        load({name: "hush-hush"})
    assert str(problem.value) == f"{name} is not a setting; {hint}"


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_can_stand_in_a_file(secret: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush-hush\n", encoding="utf-8")
    assert getattr(load({f"IVW_{secret.upper()}_FILE": str(path)}), secret) == "hush-hush"


def test_a_secret_file_that_is_missing_is_named() -> None:
    assert sentence(secret_key_file="nowhere/key").startswith(
        "IVW_SECRET_KEY_FILE names nowhere/key, which cannot be read: "
    )


def test_a_secret_file_that_is_not_text_is_named_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"hush\xff")
    said = sentence(secret_key_file=str(tmp_path / "key"))
    assert said.startswith("IVW_SECRET_KEY_FILE names ")
    assert "hush" not in said


def test_a_secret_given_twice_is_refused_without_showing_it() -> None:
    said = sentence(platform_token="hush-hush", platform_token_file="somewhere")
    assert said == "IVW_PLATFORM_TOKEN and IVW_PLATFORM_TOKEN_FILE are both set; keep one of them."


@pytest.mark.parametrize("secret", SECRETS)
def test_printed_settings_hide_secrets(secret: str) -> None:
    given = load({f"IVW_{secret.upper()}": "hush-hush"})
    for shown in (repr(given), str(given), f"{given}", repr(list(given.__rich_repr__()))):
        assert "hush" not in shown
        assert "hidden" in shown


def test_the_private_and_the_published_folder_lie_apart() -> None:
    given = Settings(data_dir=Path("d"))
    assert given.ledger_path == Path("d/private/ledger.sqlite3")
    assert given.mirror_path == Path("d/private/mirror.duckdb")
    assert given.published_dir == Path("d/published")


def test_the_example_file_lists_every_setting(root: Path) -> None:
    listed = dotenv_values(root / ".env.example").keys()
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__}
    assert listed == known | {f"{PREFIX}{secret.upper()}_FILE" for secret in SECRETS}


def test_the_example_file_shows_the_defaults_of_the_code(root: Path) -> None:
    shown = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in dotenv_values(root / ".env.example").items()
    }
    defaults = msgspec.to_builtins(Settings(), enc_hook=str)
    assert {name: shown[name] for name in defaults} == {name: str(value) for name, value in defaults.items()}


def test_every_line_of_the_example_file_is_explained(root: Path) -> None:
    blocks = (root / ".env.example").read_text(encoding="utf-8").strip().split("\n\n")[1:]
    for block in blocks:
        *comments, variable = block.splitlines()
        assert comments
        assert all(line.startswith("# ") for line in comments)
        assert variable.startswith(PREFIX)


def test_the_example_file_copied_as_it_is_gives_the_defaults(root: Path) -> None:
    assert load({}, dotenv=root / ".env.example") == Settings()
