"""Settings: every `IVW_*` variable, read once, typed, with a sentence when a value is wrong."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import msgspec
from dotenv import dotenv_values

PREFIX = "IVW_"
SECRETS = ("secret_key", "platform_token", "platform_callback_secret", "workable_client_secret")

# The description ends the sentence "IVW_X is 'value'; it must be ...".
Meta = msgspec.Meta
PORT = r"(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
HOST_AND_PORT = rf"([\w.-]+|\[[\da-fA-F:]+\]):{PORT}"
Folder = Annotated[Path, Meta(description="the path of a folder")]
Region = Annotated[Literal["eu", "us"], Meta(description="eu or us")]
Hosts = Annotated[
    str,
    Meta(
        pattern=rf"^((^|,)\s*{HOST_AND_PORT}\s*)*,?$",
        description="host:port pairs with commas between them, such as 127.0.0.1:8080, no port above 65535",
    ),
]
Address = Annotated[
    str,
    Meta(
        pattern=rf"^({HOST_AND_PORT})?$",
        description="host:port, such as 127.0.0.1:8600, the port not above 65535",
    ),
]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s/]\S*$", description="an address with https:// or http://")]
Seconds = Annotated[int, Meta(ge=1, description="a whole number of seconds, 1 or more")]
Count = Annotated[int, Meta(ge=1, description="a whole number, 1 or more")]
Share = Annotated[float, Meta(gt=0, le=1, description="a number above 0 and not above 1")]
Megabytes = Annotated[int, Meta(ge=64, description="a whole number of megabytes, 64 or more")]
Copies = Annotated[int, Meta(ge=2, description="a whole number, 2 or more")]
Port = Annotated[int, Meta(ge=0, le=65_535, description="a port from 0 to 65535")]
LogFormat = Annotated[Literal["auto", "text", "json"], Meta(description="auto, text or json")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], Meta(description="debug, info, warning or error")
]


class SettingsProblem(Exception):
    """A setting is wrong; the message says which and what to do. Never holds a secret's value."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field for each variable: `IVW_DATA_DIR` is `data_dir`. Units: in the names or in `.env.example`."""

    data_dir: Folder = Path("data")
    region: Region = "us"
    secret_key: str = ""
    allow_hosts: Hosts = ""
    public_url: Url = ""
    platform_url: Url = ""
    platform_token: str = ""
    platform_callback_secret: str = ""
    workable_client_id: str = ""
    workable_client_secret: str = ""
    listen: Address = ""
    poll_seconds: Seconds = 60
    platform_seconds: Seconds = 15
    invites_per_hour: Count = 100
    invite_age_hours: Count = 24
    metadata_seconds: Seconds = 900
    pipeline_seconds: Seconds = 21_600
    sweep_seconds: Seconds = 86_400
    overlap_seconds: Seconds = 300
    publish_seconds: Seconds = 60
    rate_share: Share = 0.8
    accounts_at_once: Count = 8
    memory_mb: Megabytes = 96
    keep_published: Copies = 3
    keep_runs_days: Count = 14
    dashboard_host: str = "127.0.0.1"
    dashboard_port: Port = 8501
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """A printed or logged object must not tell a secret."""
        given = msgspec.structs.asdict(self)
        return [(n, "(hidden)" if value and n in SECRETS else value) for n, value in given.items()]

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    @property
    def private_dir(self) -> Path:
        return self.data_dir / "private"

    @property
    def published_dir(self) -> Path:
        return self.data_dir / "published"

    @property
    def ledger_path(self) -> Path:
        return self.private_dir / "ledger.sqlite3"

    @property
    def mirror_path(self) -> Path:
        return self.private_dir / "mirror.duckdb"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`host:port` pairs that may be contacted besides https hosts of Workable."""
        return frozenset(h.strip().lower() for h in self.allow_hosts.split(",") if h.strip())


def load(environ: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")) -> Settings:
    """Read the environment, and below it the file `.env` of the working directory.

    Raises SettingsProblem for an unknown variable, a value of the wrong type, or an unreadable secret file.
    """
    values = _variables(os.environ if environ is None else environ, dotenv)
    _refuse_unknown(values)
    fields = {name.removeprefix(PREFIX).lower(): value.strip() for name, value in values.items()}
    for secret in SECRETS:
        _read_secret_file(fields, secret)
    return _convert(fields)


def changed(settings: Settings, **values: str) -> Settings:
    """The settings with some of them as a command says. Raises SettingsProblem."""
    checked = _convert(values)
    return msgspec.structs.replace(settings, **{name: getattr(checked, name) for name in values})


def _variables(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    below = _dotenv(dotenv) if dotenv is not None and dotenv.is_file() else {}
    merged = {k: v for k, v in below.items() if v is not None} | dict(environ)
    return {k: v for k, v in merged.items() if k.startswith(PREFIX)}


def _dotenv(path: Path) -> dict[str, str | None]:
    try:
        return dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsProblem(f"The settings file {path} cannot be read: {error}.") from None


def _refuse_unknown(values: Mapping[str, str]) -> None:
    known = [PREFIX + f.upper() for f in Settings.__struct_fields__]
    known += [f"{PREFIX}{s.upper()}_FILE" for s in SECRETS]
    for name in sorted(values.keys() - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "see .env.example for the list."
        raise SettingsProblem(f"{name} is not a setting; {hint}")


def _read_secret_file(fields: dict[str, str], secret: str) -> None:
    path = fields.pop(f"{secret}_file", "")
    if not path:
        return
    name = PREFIX + secret.upper()
    if fields.get(secret):
        raise SettingsProblem(f"{name} and {name}_FILE are both set; keep one of them.")
    try:
        fields[secret] = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsProblem(f"{name}_FILE names {path}, which cannot be read: {error}.") from None


def _convert(fields: Mapping[str, str]) -> Settings:
    given = {k: v for k, v in fields.items() if v != ""}
    for name, value in given.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False, dec_hook=_hook)
        except msgspec.ValidationError:
            wanted = _wanted(name)
            raise SettingsProblem(f"{PREFIX}{name.upper()} is {value!r}; it must be {wanted}.") from None
    return msgspec.convert(given, Settings, strict=False, dec_hook=_hook)


def _wanted(name: str) -> str:
    """The description of the field's type. Secrets take any text, so that none of them is ever shown here."""
    described = get_type_hints(Settings, include_extras=True)[name]
    return next(str(meta.description) for meta in described.__metadata__)


def _hook(kind: type, value: object) -> object:
    if kind is not Path:
        raise NotImplementedError(kind)
    try:
        return Path(str(value)).expanduser()
    except RuntimeError as error:  # there is no such user
        raise ValueError(str(error)) from None
