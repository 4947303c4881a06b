"""Workable's endpoints as methods that give records."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeVar

import msgspec

from agent import parsing
from agent.addresses import Params
from agent.budget import Lane
from agent.errors import BadAnswer, NeedsPerson, NotFound, Refused, TryLater, UnknownOutcome
from agent.paging import page_of
from agent.parsing import Parsed, Reader, Subscription
from agent.transport import Ids, OnRequest, Transport
from storage.records import Account, Candidate, Job, Member, Recruiter, Stage

R = TypeVar("R")
TokenKind = Literal["account", "oauth", "partner"]

R_JOBS = "r_jobs"
R_CANDIDATES = "r_candidates"
W_CANDIDATES = "w_candidates"
PAGE_ROWS = 100
ACCOUNT_LIMIT = 10
PARTNER_LIMIT = 50
# No candidate has this id: a write to it changes nothing, and the answer tells whether writing is allowed.
NOBODY = "0"


class Listing(list[R]):
    """Records of a whole list. With `bad_rows` it is not whole: what is missing from it may still exist."""

    def __init__(self, parsed: Parsed[R]) -> None:
        super().__init__(parsed.records)
        self.bad_rows = parsed.bad_rows
        self.drift = parsed.drift


class CandidatePage(msgspec.Struct, frozen=True):
    """`drift` counts departures from the known format; `next_url` is where to go on after this page."""

    candidates: list[Candidate]
    bad_rows: int
    drift: Counter[str]
    next_url: str | None


class Workable:
    """`subdomain` picks the account where a token can see several."""

    def __init__(self, transport: Transport, subdomain: str | None = None) -> None:
        self._transport = transport
        self._subdomain = subdomain

    def close(self) -> None:
        self._transport.close()

    def counting(self, on_request: OnRequest) -> Self:
        """The same account, with `on_request` told of every try that is made through it."""
        return type(self)(self._transport.counting(on_request), self._subdomain)

    def account(self) -> Account:
        """Raises NeedsPerson (`wrong_account`) when the token belongs to another account."""
        accounts = self._list("/accounts", "accounts", parsing.ACCOUNTS, R_JOBS)
        wanted = (self._subdomain or "").lower()
        for account in accounts:
            if account.subdomain.lower() == wanted or (not wanted and len(accounts) == 1):
                return account
        seen = ", ".join(account.subdomain for account in accounts) or "none"
        raise NeedsPerson(
            f"The token does not belong to the account {wanted or '(none was named)'}; it can see: {seen}.",
            code="wrong_account",
        )

    def members(self, status: Literal["active", "inactive", "all"] = "all") -> Listing[Member]:
        """Raises NeedsPerson (`forbidden`) for a partner token: those may not see members."""
        return self._walk("/members", "members", parsing.MEMBERS, {"status": status})

    def recruiters(self) -> Listing[Recruiter]:
        """External agencies' recruiters; closed to partner tokens like `members`."""
        return self._list("/recruiters", "recruiters", parsing.RECRUITERS, R_JOBS)

    def stages(self) -> Listing[Stage]:
        """The account's default pipeline."""
        return self._list("/stages", "stages", parsing.STAGES, R_JOBS)

    def job_stages(self, shortcode: str) -> Listing[Stage]:
        ids = {"shortcode": shortcode}
        return self._list("/jobs/{shortcode}/stages", "stages", parsing.STAGES, R_JOBS, ids)

    def jobs(self, updated_after: datetime | None = None) -> Listing[Job]:
        """Jobs in every state, oldest first."""
        return self._walk("/jobs", "jobs", parsing.JOBS, _moments(updated_after=updated_after))

    def candidates(
        self,
        *,
        updated_after: datetime | None = None,
        created_after: datetime | None = None,
        since_id: str | None = None,
        start_url: str | None = None,
        limit: int = PAGE_ROWS,
        lane: Lane = Lane.READS,
    ) -> Iterator[CandidatePage]:
        """Pages in ascending order of id, from `since_id` on, which is among them.

        `start_url` goes on from a stored `next_url` and its filters.
        """
        params = {"limit": limit} | ({"since_id": since_id} if since_id else {})
        params |= _moments(updated_after=updated_after, created_after=created_after)
        pages = self._transport.pages(
            "/candidates", params, "candidates", lane=lane, scope=R_CANDIDATES, start_url=start_url
        )
        for page in pages:
            found = parsing.CANDIDATES.read(page.rows)
            yield CandidatePage(found.records, found.bad_rows, found.drift, page.next_url)

    def candidate(self, candidate_id: str, *, lane: Lane = Lane.READS) -> Candidate:
        """The full record, whose `raw` has what lists leave out. Raises NotFound."""
        return self._transport.read(
            "/candidates/{id}", _one_candidate, ids={"id": candidate_id}, lane=lane, scope=R_CANDIDATES
        )

    def subscriptions(self) -> Listing[Subscription]:
        """Workable answers 404 `{}` when there are none."""
        try:
            return self._list("/subscriptions", "subscriptions", parsing.SUBSCRIPTIONS, R_CANDIDATES)
        except NotFound as nothing:
            if not nothing.is_bare:
                raise
            return Listing(Parsed())

    def delete_subscription(self, subscription_id: str | int) -> None:
        """Raises NotFound when it is gone already, UnknownOutcome when the answer was lost."""
        self._transport.write(
            "DELETE", "/subscriptions/{id}", ids={"id": subscription_id}, lane=Lane.READS, scope=R_CANDIDATES
        )

    def probe_scopes(self) -> dict[str, bool | None]:
        """Which scopes the token has; None where Workable's answer did not tell. Changes nothing.

        Raises NeedsPerson (`token_refused`) when the token as a whole is refused.
        """
        return {
            R_JOBS: _allows(lambda: self._transport.get("/jobs", params={"limit": 1})),
            R_CANDIDATES: _allows(lambda: self._transport.get("/candidates", params={"limit": 1})),
            W_CANDIDATES: self._may_write(),
        }

    def token_kind(self) -> TokenKind | None:
        """Inferred from the rate limit that answers have shown, and from whether members are closed."""
        if not self._transport.usage().is_measured:
            _allows(lambda: self._transport.get("/accounts"))
        usage = self._transport.usage()
        if usage.is_measured and usage.limit == ACCOUNT_LIMIT:
            return "account"
        if usage.limit != PARTNER_LIMIT:
            return None
        sees_members = _allows(lambda: self._transport.get("/members", params={"limit": 1}))
        if sees_members is False:
            return "partner" if _allows(lambda: self._transport.get("/accounts")) else None
        return "oauth" if sees_members else None

    def _may_write(self) -> bool | None:
        try:
            self._transport.write("POST", "/candidates/{id}/revert", ids={"id": NOBODY}, lane=Lane.READS)
        except NotFound:
            return True
        except Refused as refusal:
            return True if refusal.status == 422 else None
        except NeedsPerson as refusal:
            return _no_scope(refusal)
        except (TryLater, UnknownOutcome):
            return None
        return None

    def _list(
        self, path: str, key: str, reader: Reader[Any, R], scope: str, ids: Ids | None = None
    ) -> Listing[R]:
        """A list that is never paged."""
        rows = self._transport.read(path, lambda body: page_of(body, key, path).rows, ids=ids, scope=scope)
        return Listing(reader.read(rows))

    def _walk(self, path: str, key: str, reader: Reader[Any, R], params: Params) -> Listing[R]:
        """Every page of a list that fits in memory."""
        whole: Parsed[R] = Parsed()
        params = {"limit": PAGE_ROWS, **params}
        for page in self._transport.pages(path, params, key, scope=R_JOBS):
            found = reader.read(page.rows)
            whole.records += found.records
            whole.bad_rows += found.bad_rows
            whole.drift += found.drift
        return Listing(whole)


def _one_candidate(body: bytes) -> Candidate:
    found = parsing.CANDIDATES.read([parsing.unwrapped(body, "candidate")])
    if not found.records:
        raise BadAnswer("Workable sent a candidate without an id. The agent will ask again.")
    return found.records[0]


def _moments(**instants: datetime | None) -> dict[str, str | int]:
    """Query values in Workable's own spelling, to the second and rounded down, for those that are given."""
    given = {name: value.astimezone(UTC) for name, value in instants.items() if value is not None}
    return {name: value.strftime("%Y%m%dT%H%M%SZ") for name, value in given.items()}


def _allows(call: Callable[[], object]) -> bool | None:
    try:
        call()
    except NeedsPerson as refusal:
        return _no_scope(refusal)
    except (TryLater, NotFound, Refused):
        return None
    return True


def _no_scope(refusal: NeedsPerson) -> bool | None:
    """False for 403. A token that is refused as a whole, or a redirect, is no answer to the question."""
    if refusal.code != "forbidden":
        raise refusal
    return False
