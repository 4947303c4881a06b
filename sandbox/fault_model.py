"""What can be made to go wrong, and which requests it happens to."""

import re
from random import Random
from typing import Any, Literal, get_args

import msgspec

from sandbox.errors import Refused

# instead of handling the request
Before = Literal[
    "rate_limited",  # 429; params: retry_after
    "server_error",  # params: status (500), html (false)
    "reset",  # the connection breaks before an answer
    "hang",  # nothing for params: seconds (30), then the connection breaks
    "html",  # an HTML page with 200
    "not_found",  # a 404 that is not true
    "unauthorized",
    "forbidden",
    "empty_page",  # a list without rows and without paging
]
# the request is handled, then its answer is spoiled
After = Literal[
    "answer_lost",  # the connection breaks although the work was done
    "error_after",  # params: status (504), although the work was done
    "reset_body",  # the connection breaks in the middle of the body
    "truncated",  # the body ends early, and the length says so too
    "slow_header",  # params: seconds (1)
    "slow_body",  # params: bytes_per_second (200)
    "content_type",  # params: type (text/html)
    "short_page",  # params: rows (1) that are silently missing at the end
    "empty_rows",  # no rows, but paging stays
    "duplicate_rows",  # the first row comes twice
    "foreign_next",  # params: host (elsewhere.example.com)
    "self_next",  # paging.next is this very page
    "unknown_fields",
    "unknown_enum",  # params: field (stage_kind), value
    "wrong_type",  # params: field (updated_at), value (12)
    "between_pages",  # params: do (move, create, delete, edit), count (1), job; after the answer was made
]
Kind = Before | After
BEFORE: tuple[str, ...] = get_args(Before)
AFTER: tuple[str, ...] = get_args(After)


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """`match` is a regular expression searched in the path; `after` requests pass unharmed.

    `times` None is for ever.
    """

    kind: str
    match: str = ""
    method: str | None = None
    times: int | None = 1
    probability: float = 1.0
    after: int = 0
    params: dict[str, Any] = {}
    id: int = 0
    hit: int = 0

    def number(self, name: str, default: float) -> float:
        value = self.params.get(name, default)
        return float(value)


class Faults:
    """The faults that are still active, oldest first."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0
        self.active: list[Fault] = []

    def add(self, spec: dict[str, Any]) -> Fault:
        """Raises a 422 refusal for an unknown kind or key, or an expression that is none."""
        try:
            fault = msgspec.convert(spec, Fault)
            re.compile(fault.match)
        except (msgspec.ValidationError, re.error) as error:
            raise Refused(422, str(error)) from None
        if fault.kind not in BEFORE + AFTER:
            raise Refused(422, f"no such fault: {fault.kind}")
        self._count += 1
        fault.id = self._count
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        self.active.clear()

    def strike(self, method: str, path: str) -> list[Fault]:
        """The faults that befall this request; counts them down."""
        return [fault for fault in list(self.active) if self._strikes(fault, method, path)]

    def _strikes(self, fault: Fault, method: str, path: str) -> bool:
        if fault.method not in (None, method) or not re.search(fault.match, path):
            return False
        if fault.after > 0:
            fault.after -= 1
            return False
        if self._random.random() >= fault.probability:
            return False
        fault.hit += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.active.remove(fault)
        return True
