"""Counts requests in fixed ten-second windows that are aligned to the clock."""

from dataclasses import dataclass

from sandbox.context import Context
from sandbox.model import Token

WINDOW = 10
UNLIMITED = 1_000_000
LIMITS = {"account": 10, "oauth": 50, "partner": 50}


@dataclass(frozen=True)
class Spent:
    """How the request fared; `headers` are the ones Workable sends."""

    allowed: bool
    headers: dict[str, str]


class Windows:
    """One counter per client: an account token, an OAuth application or a partner."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._used: dict[str, tuple[int, int]] = {}

    def spend(self, token: Token, *, with_client_id: bool) -> Spent:
        switches = self._context.switches
        now = self._context.time()
        window = int(now // WINDOW)
        limit = self._limit(token, with_client_id=with_client_id)
        client = self._client(token)
        started, used = self._used.get(client, (window, switches.other_software_use))
        if started != window:
            used = switches.other_software_use
        allowed = used < limit or switches.rate == "off"
        used += allowed
        self._used[client] = (window, used)
        left = max(0, limit - used)
        return Spent(allowed, self._headers(limit, left, int(now) + WINDOW))

    def _limit(self, token: Token, *, with_client_id: bool) -> int:
        rate = self._context.switches.rate
        if rate == "off":
            return UNLIMITED
        return 50 if rate == "partner" or with_client_id else LIMITS[token.kind]

    def _client(self, token: Token) -> str:
        if token.kind == "oauth" and self._context.switches.oauth_limit_scope == "global":
            return "oauth application"
        return token.value if token.kind == "account" else f"{token.kind} {token.subdomain}"

    @staticmethod
    def _headers(limit: int, left: int, reset: int) -> dict[str, str]:
        """`Reset` is the request's time plus ten seconds, not the edge of the window."""
        return {
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(left),
            "X-Rate-Limit-Reset": str(reset),
        }
