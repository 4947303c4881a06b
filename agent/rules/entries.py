"""Makes what people type into what Workable knows: subdomains, tokens, dates."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from agent.errors import UsageProblem

SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
DOMAIN = ".workable.com"
NOT_ACCOUNTS = ("www", "help", "api", "jobs", "apply")


def subdomain(typed: str) -> str:
    """The account's subdomain, also out of an address that was pasted for it.

    >>> subdomain(" Acme "), subdomain("https://acme.workable.com/backend/jobs")
    ('acme', 'acme')
    """
    text = typed.strip().strip("\"'").lower()
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    name = host.removesuffix(DOMAIN)
    if not SUBDOMAIN.fullmatch(name) or name in NOT_ACCOUNTS:
        raise UsageProblem(
            f"{typed.strip()!r} is no Workable subdomain. Type the part before .workable.com "
            "in the customer's Workable address, for example: acme"
        )
    return name


def token(typed: str) -> str:
    r"""The token without what copying leaves around it.

    >>> token(' "abc123"\n'), token("Bearer abc123")
    ('abc123', 'abc123')
    """
    text = typed.strip().strip("\"'").strip()
    text = re.sub(r"^bearer\s+", "", text, flags=re.IGNORECASE)
    if not text:
        raise UsageProblem("The token is empty. Copy it from Workable once more and hand it over.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise UsageProblem(
            "The token has blanks, line breaks or characters in it that no token has. "
            "Copy it from Workable once more, nothing before or after it."
        )
    return text


def expiry(typed: str, now: datetime) -> datetime:
    """The end of that day, UTC. Raises UsageProblem for what is no date or is past.

    >>> expiry("2026-01-31", datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
    '2026-02-01T00:00:00+00:00'
    """
    try:
        day = datetime.strptime(typed.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageProblem(f"{typed!r} is not a date; write it like 2026-01-31.") from None
    end = day + timedelta(days=1)
    if end <= now:
        raise UsageProblem(f"The token expired on {typed}. Make a new one in Workable and connect with that.")
    return end
