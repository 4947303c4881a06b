"""The whole pretend outside world: accounts with their tokens, the postman, and the interview platform."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request

from sandbox.account import Account
from sandbox.context import Context, guarded
from sandbox.errors import Refused, not_found
from sandbox.fault_model import Faults
from sandbox.model import AccountInfo, Counters, Token, TokenKind
from sandbox.platform import Platform
from sandbox.rate import Windows
from sandbox.seed import new_info, populate
from sandbox.store import FileStore, MemoryStore
from sandbox.switches import Switches
from sandbox.webhooks import Postman

CLIENT_ID = "sandbox-client-id"  # what partners send as X-WORKABLE-CLIENT-ID
SCOPES = [
    "r_jobs",
    "r_candidates",
    "w_candidates",
    "w_comments",
    "r_employees",
    "w_employees",
    "r_account",
    "w_departments",
    "w_members",
]
MOVERS = frozenset({"admin", "hiring_manager", "recruiting_admin", "simple"})
PERMISSIONS = {
    "comment": MOVERS | {"recruiter", "reviewer"},
    "evaluate": MOVERS | {"reviewer"},
    "move": MOVERS,
    "disqualify": MOVERS,
    "revert": MOVERS,
    "copy": MOVERS | {"recruiter"},
    "relocate": MOVERS,
}


class World:
    """Thread-safe; `account(subdomain)` has the verbs on an account, the world those on tokens and switches.

    `accounts` is `subdomain:kind` separated by commas, kind being account, oauth or partner. With `data`
    an earlier world is continued and the numbers of jobs and candidates are ignored.
    """

    def __init__(
        self,
        accounts: str = "acme:account",
        *,
        candidates: int = 60,
        jobs: int = 6,
        seed: int = 1,
        interview_seconds: float = 5.0,
        data: Path | None = None,
        switches: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.seed = seed
        self.context = Context(FileStore(data) if data else MemoryStore(), seed, clock)
        self.permissions = PERMISSIONS
        self.postman = Postman(self.context, self)
        self.windows = Windows(self.context)
        self.faults = Faults(self.context.random)
        self.tokens = {token.value: token for token in self.context.store.load("token", Token)}
        self.accounts: dict[str, Account] = {}
        self.platform = Platform(self.context, seed, interview_seconds)
        with self.context.guard:
            self._load()
            for part in accounts.split(","):
                subdomain, _, kind = part.partition(":")
                if subdomain not in self.accounts:
                    self._found(
                        subdomain, msgspec.convert(kind or "account", TokenKind), jobs, candidates, seed
                    )
            self.set_switches(switches or {})

    def account(self, subdomain: str) -> Account:
        if subdomain not in self.accounts:
            raise not_found()
        return self.accounts[subdomain]

    def token(self, subdomain: str) -> Token:
        """The newest usable token of an account, else the newest."""
        self.account(subdomain)
        own = [token for token in self.tokens.values() if token.subdomain == subdomain]
        return ([token for token in own if not token.revoked] or own)[-1]

    def authenticate(self, subdomain: str, headers: Headers) -> Token:
        """The token of a request; 401 unless it lives and belongs to the account ('www' fits all)."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        token = self.tokens.get(value)
        if scheme != "Bearer" or token is None or token.revoked or subdomain not in ("www", token.subdomain):
            raise Refused(401, "Not authorized")
        if token.expires_at is not None and token.expires_at <= self.context.time():
            raise Refused(401, "Not authorized")
        if token.kind == "partner" and headers.get("x-workable-client-id") != CLIENT_ID:
            raise Refused(401, "Not authorized")
        return token

    def note_request(self, request: Request, status: int, token: str | None) -> None:
        what: dict[str, object] = {"method": request.method, "path": request.url.path, "status": status}
        if request.url.query:
            what["query"] = request.url.query
        self.context.note("request", **what, token=token)

    @guarded
    def set_switches(self, changes: dict[str, Any]) -> Switches:
        """Changes named switches; raises a 422 refusal for a wrong name or value."""
        try:
            self.context.switches = self.context.switches.changed(changes)
        except msgspec.ValidationError as error:
            raise Refused(422, str(error)) from None
        self.context.store.put("switches", "switches", self.context.switches)
        for account in self.accounts.values():
            account.rows.clear()
        if changes:
            self.context.note("change", cause="control", verb="switches", names=sorted(changes))
        return self.context.switches

    @guarded
    def revoke_token(self, subdomain: str) -> Token:
        token = self.token(subdomain)
        token.revoked = True
        if self.context.switches.revocation_kills_subscriptions:
            account = self.account(subdomain)
            for one in [s for s in account.subscriptions.values() if s.token == token.value]:
                account.drop_subscription(one.id)
        return self._save_token(token, "revoke_token")

    @guarded
    def expire_token(self, subdomain: str, *, in_seconds: float = 0.0) -> Token:
        token = self.token(subdomain)
        token.expires_at = self.context.time() + in_seconds
        return self._save_token(token, "expire_token")

    @guarded
    def reissue_token(self, subdomain: str, *, scopes: list[str] | None = None) -> Token:
        """A new token beside the old one, of the same kind."""
        old = self.token(subdomain)
        number = sum(token.subdomain == subdomain for token in self.tokens.values()) + 1
        return self._issue(subdomain, old.kind, scopes or SCOPES, suffix=f"-{number}")

    @guarded
    def drop_scope(self, subdomain: str, scope: str) -> Token:
        token = self.token(subdomain)
        token.scopes = [kept for kept in token.scopes if kept != scope]
        return self._save_token(token, "drop_scope")

    def close(self) -> None:
        """Ends the threads and closes the file."""
        self.context.scheduler.stop()
        self.postman.close()
        self.platform.callbacks.close()
        self.context.store.close()

    def _load(self) -> None:
        counters = list(self.context.store.load("counters", Counters))
        for info, numbers in zip(self.context.store.load("account", AccountInfo), counters, strict=True):
            self.accounts[info.subdomain] = Account(self.context, info, numbers, self.postman.fire)
            self.accounts[info.subdomain].load()

    def _found(self, subdomain: str, kind: TokenKind, jobs: int, candidates: int, seed: int) -> None:
        if not subdomain.isalnum():
            raise Refused(422, f"not a subdomain: {subdomain!r}")
        info, counters = new_info(subdomain, len(self.accounts) + 1)
        account = Account(self.context, info, counters, self.postman.fire)
        self.accounts[subdomain] = account
        self._issue(subdomain, kind, SCOPES)
        populate(account, jobs=jobs, candidates=candidates, seed=seed)

    def _issue(self, subdomain: str, kind: TokenKind, scopes: list[str], suffix: str = "") -> Token:
        value = f"sandbox-{kind}-token-{subdomain}{suffix}"
        token = Token(value, subdomain, kind, list(scopes), f"{kind} {subdomain} {len(self.tokens) + 1}")
        self.tokens[value] = token
        return self._save_token(token, "issue_token")

    def _save_token(self, token: Token, verb: str) -> Token:
        self.context.store.put("token", token.value, token)
        self.context.note("change", account=token.subdomain, cause="control", verb=verb, token=token.label)
        return token
