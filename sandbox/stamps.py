"""Times and ids in the notations that Workable writes and accepts."""

import re
import time
from datetime import UTC, datetime

from sandbox.errors import Refused

OFFSET = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")  # a plus sign that the query string turned into a space


def iso(seconds: int) -> str:
    """Whole seconds with Z, as candidates and jobs carry them."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def iso_ms(milliseconds: int) -> str:
    """Milliseconds with Z, as activities, subscriptions and webhooks carry them."""
    return f"{iso(milliseconds // 1000)[:-1]}.{milliseconds % 1000:03d}Z"


def hex_id(number: int) -> str:
    return f"{number:x}"


def from_hex(text: str) -> int | None:
    """The number behind an id, or None when it is no lower-case hex string."""
    if not text or text.lower() != text:
        return None
    try:
        return int(text, 16)
    except ValueError:
        return None


def parse_time(name: str, text: str) -> float:
    """Unix seconds from Unix seconds, ISO 8601 basic (20150708T115616Z) or ISO 8601 extended."""
    if text.isdigit() and len(text) <= 12:
        return float(text)
    try:
        moment = datetime.fromisoformat(OFFSET.sub(r"\1+\2", text))
    except ValueError:
        raise Refused(422, f"{name} is not a valid date") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
