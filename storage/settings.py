"""Settings: every `IVW_*` variable, read once, typed, with a sentence when a value is wrong."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from dotenv import dotenv_values

PREFIX = "IVW_"
SECRETS = ("secret_key", "platform_token")

Seconds = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class SettingsProblem(Exception):
    """A setting is wrong; the message says which and what to do. Never holds a secret's value."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field for each variable: `IVW_DATA_DIR` is `data_dir`. Units are in the names or in `.env.example`."""

    data_dir: Path = Path("data")
    region: Literal["eu", "us"] = "us"
    secret_key: str = ""
    allow_hosts: str = ""
    public_url: str = ""
    platform_url: str = ""
    platform_token: str = ""
    workable_client_id: str = ""
    poll_seconds: Seconds = 60
    metadata_seconds: Seconds = 900
    pipeline_seconds: Seconds = 21_600
    sweep_seconds: Seconds = 86_400
    overlap_seconds: Seconds = 300
    publish_seconds: Seconds = 60
    rate_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8
    accounts_at_once: Count = 8
    memory_mb: Annotated[int, msgspec.Meta(ge=64)] = 192
    keep_published: Annotated[int, msgspec.Meta(ge=2)] = 3
    keep_runs_days: Count = 14
    dashboard_host: str = "127.0.0.1"
    dashboard_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8501
    log_format: Literal["auto", "text", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

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


def _variables(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    below = dotenv_values(dotenv) if dotenv is not None and dotenv.is_file() else {}
    merged = {k: v for k, v in below.items() if v is not None} | dict(environ)
    return {k: v for k, v in merged.items() if k.startswith(PREFIX)}


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
        except msgspec.ValidationError as error:
            shown = "" if name in SECRETS else f" is {value!r}"
            reason = str(error).split(" - at ", maxsplit=1)[0].lower()
            raise SettingsProblem(f"{PREFIX}{name.upper()}{shown}: {reason}.") from None
    return msgspec.convert(given, Settings, strict=False, dec_hook=_hook)


def _hook(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value)).expanduser()
    raise NotImplementedError(kind)
