"""Reads what a webhook says: which event it is, of whom, and when it was fired."""

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from agent.jsontext import decode, drop_nuls

T = TypeVar("T")
NUL = rb"\u0000"
ID = re.compile(r"[\w-]{1,64}", re.ASCII)  # ends up in paths of requests


class Envelope(msgspec.Struct, frozen=True):
    """One message of Workable's. `data` is the resource as it was when sent, which may be after the event."""

    event: str
    resource_id: str
    data: dict[str, Any]
    fired_at: datetime | None

    @property
    def stage_name(self) -> str | None:
        """The display name of the stage in which the candidate stood."""
        name = self.data.get("stage")
        return name if isinstance(name, str) else None


class _Wire(msgspec.Struct):
    data: dict[str, Any] = {}
    id: Any = None
    event_type: str = ""
    fired_at: Any = None


class _Interview(msgspec.Struct):
    interview_id: str | int = ""


def read(body: bytes) -> Envelope | None:
    """None for what is no message about anything; never raises for what a body holds."""
    found = _decoded(body, _Wire)
    if found is None:
        return None
    resource_id = str(found.data.get("id") or found.id or "")
    if not found.event_type or not ID.fullmatch(resource_id):
        return None
    return Envelope(found.event_type, resource_id, found.data, _moment(found.fired_at))


def interview_id(body: bytes) -> str:
    """Which interview a callback of the platform is about; '' when it does not tell."""
    found = _decoded(body, _Interview)
    return "" if found is None else str(found.interview_id)


def _decoded(body: bytes, kind: type[T]) -> T | None:
    try:
        found: T = decode(drop_nuls(body) if NUL in body else body, kind)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found


def _moment(value: Any) -> datetime | None:
    try:
        found: datetime = msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError:
        return None
    return found
