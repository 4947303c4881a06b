"""The interview platform's endpoints as methods that give records."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import msgspec

from agent import platform_wire as wire
from agent.addresses import Params, parsed
from agent.budget import Budget, Lane
from agent.errors import BadAnswer, UnknownOutcome, UsageProblem
from agent.jsontext import decode, split_rows
from agent.parsing import Reader
from agent.platform_wire import Applicant, Callback, Created, Interview, Line, Result, Template, Trait
from agent.transport import Transport
from agent.workable import Listing
from storage.settings import Settings

__all__ = [
    "Applicant",
    "Created",
    "Interview",
    "Line",
    "Platform",
    "Result",
    "Template",
    "Trait",
    "open_platform",
    "read_callback",
]

R = TypeVar("R")
Role = Literal["viewer", "reviewer", "admin"]

SERVICE = "The interview platform"
PAGE_ROWS = 100
# The platform documents no limit; it says 429 when there is one.
ASSUMED_LIMIT = 1000


class Platform:
    """Used by any number of threads. Errors are those of Transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def close(self) -> None:
        self._transport.close()

    def server_now(self) -> datetime | None:
        """The platform's clock at the earliest; None until an answer has shown it."""
        seconds = self._transport.server_seconds()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def templates(self) -> list[Template]:
        """Raises BadAnswer when one cannot be read: what is missing would look as if it were gone."""
        found, _ = self._rows("/interview-templates", "interview_templates", wire.TEMPLATES, {})
        if found.bad_rows:
            raise BadAnswer(f"{SERVICE} sent templates that cannot be read.")
        return found

    def create(self, body: Mapping[str, Any], key: str) -> Created:
        """Invite somebody; the same `key` and body again give the same interview.

        Raises Refused (409) when the key stood for another body. After UnknownOutcome the same call may be
        sent again.
        """
        sent = {"Idempotency-Key": key}
        answer = self._transport.write("POST", "/interviews", body, headers=sent, lane=Lane.INVITES)
        created = wire.CREATED.one(msgspec.Raw(answer.body))
        if created is None:
            raise UnknownOutcome(
                f"{SERVICE} answered an invite without saying which interview it made. "
                "The agent looks before it sends again.",
                status=answer.status,
            )
        return created

    def find(self, external_id: str) -> Interview | None:
        """Raises BadAnswer when the answer does not tell, such as rows of others only."""
        rows, _ = self._rows(
            "/interviews", "interviews", wire.INTERVIEWS, {"external_id": external_id}, Lane.INVITES
        )
        for interview in rows:
            if interview.external_id == external_id:
                return interview
        if rows or rows.bad_rows:
            raise BadAnswer(f"{SERVICE} was asked for one interview and answered with others.")
        return None

    def changed(self, updated_after: datetime | None) -> Iterator[Listing[Interview]]:
        """Pages of the interviews that changed at or after the moment, in the order of their last change.

        Rows that cannot be read are missing and counted in `bad_rows`.
        """
        since = _moment("updated_after", updated_after)
        return self._pages("/interviews", "interviews", wire.INTERVIEWS, since)

    def cancel(self, interview_id: str) -> None:
        """Raises Refused (409) when it is completed already, NotFound when there is none."""
        self._transport.write("DELETE", "/interviews/{id}", ids={"id": interview_id})

    def applicants(self, created_after: datetime | None) -> Iterator[Listing[Applicant]]:
        """Pages like those of `changed`."""
        since = _moment("created_after", created_after)
        return self._pages("/applicants", "applicants", wire.APPLICANTS, since)

    def put_member(self, email: str, name: str, role: Role | str) -> None:
        """Make or change a member; the same call again changes nothing."""
        body = {"name": name, "role": role, "source": "workable"}
        self._transport.write("PUT", "/members/{email}", body, ids={"email": email}, lane=Lane.READS)

    def deactivate_member(self, email: str) -> None:
        """Raises Refused (409) for the last admin, NotFound for nobody's address."""
        self._transport.write("DELETE", "/members/{email}", ids={"email": email}, lane=Lane.READS)

    def erase(self, external_id: str) -> None:
        """Ask that the person's data be removed; the platform does it in its own time."""
        params = {"external_id": external_id}
        self._transport.write("DELETE", "/candidates", params=params, lane=Lane.READS)

    def _pages(
        self, path: str, key: str, reader: Reader[Any, R], since: Mapping[str, str]
    ) -> Iterator[Listing[R]]:
        seen: set[str] = set()
        params: dict[str, str | int] = {**since, "limit": PAGE_ROWS}
        while True:
            rows, cursor = self._rows(path, key, reader, params)
            yield rows
            if cursor is None:
                return
            if cursor in seen:
                raise BadAnswer(f"{SERVICE}'s list of {key} leads back to a page that was read already.")
            seen.add(cursor)
            params["cursor"] = cursor

    def _rows(
        self, path: str, key: str, reader: Reader[Any, R], params: Params, lane: Lane = Lane.READS
    ) -> tuple[Listing[R], str | None]:
        """The rows of one page, and the cursor of the next."""
        rows, cursor = self._transport.read(path, lambda body: _page(body, key), params=params, lane=lane)
        return Listing(reader.read(rows)), cursor


def open_platform(settings: Settings, *, stop: threading.Event) -> Platform | None:
    """None when no platform is configured. Raises Blocked or UsageProblem for unusable settings."""
    if not settings.platform_url:
        return None
    if not settings.platform_token:
        raise UsageProblem("IVW_PLATFORM_URL is set and IVW_PLATFORM_TOKEN is not; set the platform's token.")
    return Platform(
        Transport(
            settings.platform_url,
            settings.platform_token,
            budget=Budget(share=1.0, assumed_limit=ASSUMED_LIMIT, stop=stop),
            allow_hosts=settings.allowed_hosts,
            own_host=parsed(settings.platform_url).host,
            stop=stop,
            service=SERVICE,
        )
    )


def read_callback(body: bytes) -> Callback:
    """Interview id, status, revision and, as far as it can be read, the result. Raises BadAnswer."""
    found = wire.CALLBACKS.one(msgspec.Raw(body))
    if found is None:
        raise BadAnswer("A callback names no interview and status.")
    return found


def _page(body: bytes, key: str) -> tuple[list[msgspec.Raw], str | None]:
    try:
        rows, members = split_rows(body, key)
        cursor = decode(members.get("next_cursor", b"null"), str | None)
    except KeyError:
        raise BadAnswer(f"The answer has no list of {key}. The agent will ask again.") from None
    return rows, cursor or None


def _moment(name: str, value: datetime | None) -> dict[str, str]:
    """In RFC 3339, rounded down to the millisecond."""
    if value is None:
        return {}
    return {name: value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
