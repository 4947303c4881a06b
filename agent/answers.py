"""What an HTTP answer means: bytes that can be believed, or the error that says what to do next."""

from http import HTTPStatus
from typing import Any

import msgspec

from agent.errors import AgentError, BadAnswer, NeedsPerson, NotFound, Refused, TryLater
from agent.redaction import redact

LONGEST_MESSAGE = 200
WORKABLE = "Workable"  # its tokens belong to accounts, others to the deployment


class Answer(msgspec.Struct, frozen=True):
    """A whole answer: `body` is complete and decompressed; `retry_after` is in seconds."""

    status: int
    body: bytes
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_web_page(self) -> bool:
        """No JSON begins like that, whatever the content type says."""
        return self.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")

    def json(self) -> Any:
        """The parsed body; None for an empty, blank or plain-text one, as many writes are answered."""
        try:
            return msgspec.json.decode(self.body)
        except (ValueError, RecursionError):
            return None

    def message(self) -> str:
        """The other side's own words about an error, shortened, without addresses and secrets; may be ''."""
        parsed = self.json()
        if not isinstance(parsed, dict):
            return ""
        words = parsed.get("error") or parsed.get("message") or ""
        return redact(words).strip()[:LONGEST_MESSAGE] if isinstance(words, str) else ""


def believable(answer: Answer, service: str) -> bytes:
    """The body of a successful read: UTF-8 and not a web page; whether it is whole JSON shows in decoding."""
    if answer.is_web_page:
        raise BadAnswer(
            f"{service} sent a web page instead of data. This usually passes; "
            "if it does not, look whether it is under maintenance.",
            status=answer.status,
        )
    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadAnswer(f"{service} sent data that is not UTF-8 text. The agent will ask again.") from None
    return body


def error_for(answer: Answer, service: str, scope: str | None) -> AgentError:
    """The error for a status that is no success. A 5xx counts as a read's here: nothing was done."""
    status = answer.status
    if status in (401, 403) or status < 400:
        return _for_a_person(status, service, scope)
    if status == 404:
        is_bare = answer.body.strip() in (b"", b"{}")
        return NotFound(f"{service} does not have this (any more).", status=404, is_bare=is_bare)
    if status in (408, 425, 429) or status >= 500:
        return _transient(answer, service)
    said = answer.message() or _phrase(status)
    return Refused(f"{service} refused the request ({status}): {said}", status=status)


def _for_a_person(status: int, service: str, scope: str | None) -> NeedsPerson:
    if status == 401:
        return NeedsPerson(
            f"{service} refused the token: it was revoked or has expired. {_new_token(service)}",
            code="token_refused",
            status=status,
        )
    if status == 403:
        missing = f"the scope {scope}" if scope else "the right"
        return NeedsPerson(
            f"{service} does not allow this: the token lacks {missing}, or the acting member may not do it. "
            "Somebody must grant it there.",
            code="forbidden",
            status=status,
        )
    return NeedsPerson(
        f"{service} answered with a redirect ({status}), which is never followed. "
        "Check the account's subdomain and base URL.",
        code="redirected",
        status=status,
    )


def _new_token(service: str) -> str:
    if service == WORKABLE:
        return "Make a new token and reconnect."
    return "Get a new one and set IVW_PLATFORM_TOKEN."


def _transient(answer: Answer, service: str) -> TryLater:
    if answer.status == 429:
        return TryLater(
            f"{service} received too many requests with this token. The agent goes on by itself.",
            code="rate_limited",
            status=429,
            retry_after=answer.retry_after,
        )
    return TryLater(
        f"{service} has a problem of its own ({answer.status} {_phrase(answer.status)}). "
        "The agent will try again by itself.",
        code="server_error",
        status=answer.status,
        retry_after=answer.retry_after,
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no further word"
