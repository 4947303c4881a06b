"""Workable's endpoints as methods that give records."""

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeVar

import msgspec

from agent import parsing
from agent.addresses import Params
from agent.answers import Answer
from agent.budget import Lane
from agent.errors import BadAnswer, NeedsPerson, NotFound, Refused, TryLater, UnknownOutcome
from agent.paging import page_of
from agent.parsing import Parsed, Reader, Subscription
from agent.transport import Ids, OnRequest, Transport
from storage.records import Account, Activity, Candidate, Job, Member, Recruiter, Stage

R = TypeVar("R")
TokenKind = Literal["account", "oauth", "partner"]

R_JOBS = "r_jobs"
R_CANDIDATES = "r_candidates"
W_CANDIDATES = "w_candidates"
R_EMPLOYEES = "r_employees"
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


class Attachment(msgspec.Struct, frozen=True):
    name: str
    data: bytes


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

    def listed_candidate(self, candidate_id: str, *, lane: Lane = Lane.READS) -> Candidate | None:
        """The record as lists give it, which is how it is mirrored; None when they do not show it."""
        params: Params = {"limit": 1, "since_id": candidate_id, "max_id": candidate_id}
        for page in self._transport.pages("/candidates", params, "candidates", lane=lane, scope=R_CANDIDATES):
            found = parsing.CANDIDATES.read(page.rows)
            if found.bad_rows:
                raise BadAnswer("Workable sent a candidate that cannot be read.")
            return next((one for one in found.records if one.candidate_id == candidate_id), None)
        return None

    def activities(
        self, candidate_id: str, *, updated_after: datetime | None = None, lane: Lane = Lane.INVITES
    ) -> list[Activity]:
        """The whole timeline, oldest first. Raises NotFound.

        Raises BadAnswer when any entry cannot be read: an incomplete timeline proves nothing.
        """
        ids = {"id": candidate_id}
        since = _moments(updated_after=updated_after)
        path = "/candidates/{id}/activities"
        found = self._walk(path, "activities", parsing.ACTIVITIES, since, R_CANDIDATES, ids=ids, lane=lane)
        if found.bad_rows or any(name.startswith("type:") for name in found.drift):
            raise BadAnswer("Workable sent a timeline with entries that cannot be read.")
        entries = {entry.activity_id: entry for entry in found}
        return sorted(entries.values(), key=lambda entry: entry.created_at)

    def find_candidates(self, email: str, shortcode: str, lane: Lane = Lane.INVITES) -> list[Candidate]:
        """Those of the job with this address. Raises BadAnswer when a row cannot be read."""
        params = {"email": email, "shortcode": shortcode}
        found = self._walk("/candidates", "candidates", parsing.CANDIDATES, params, R_CANDIDATES, lane=lane)
        if found.bad_rows:
            raise BadAnswer("Workable sent candidates that cannot be read.")
        wanted = (shortcode, email.casefold())
        return [one for one in found if (one.job_shortcode, (one.email or "").casefold()) == wanted]

    def comment(
        self,
        candidate_id: str,
        *,
        member_id: str,
        body: str,
        policy: Sequence[str] | None = None,
        attachment: Attachment | None = None,
        lane: Lane = Lane.RESULTS,
    ) -> str | None:
        """The new activity's id, None when Workable did not tell. Nobody outside the hiring team sees it.

        `policy` lists the roles that may see it; admins always may. Twice sent, it stands there twice.
        """
        comment: dict[str, Any] = {"body": body}
        if policy is not None:
            comment["policy"] = list(policy)
        if attachment is not None:
            data = base64.b64encode(attachment.data).decode()
            comment["attachment"] = {"name": attachment.name, "data": data}
        sent = {"member_id": member_id, "comment": comment}
        return self._create("/candidates/{id}/comments", sent, {"id": candidate_id}, lane)

    def rate(
        self,
        candidate_id: str,
        *,
        member_id: str,
        scale: str,
        grade: int,
        comment: str,
        stage_id: str | None,
        lane: Lane = Lane.RESULTS,
    ) -> None:
        """Make or replace the member's one rating of the stage (None: the present one).

        `grade` counts from 0: thumbs to 2, stars to 4, numbers to 9.
        """
        sent = {"member_id": member_id, "scale": scale, "grade": grade, "comment": comment}
        place = {} if stage_id is None else {"stage_id": _stage_number(stage_id)}
        self._write("PUT", "/candidates/{id}/ratings", sent | place, {"id": candidate_id}, lane)

    def move(self, candidate_id: str, *, member_id: str, target_slug: str, lane: Lane = Lane.RESULTS) -> None:
        """Raises Refused for a stage that the job does not have, and where Workable minds the present one."""
        sent = {"member_id": member_id, "target_stage": target_slug}
        self._write("POST", "/candidates/{id}/move", sent, {"id": candidate_id}, lane)

    def create_candidate(
        self, shortcode: str, person: Mapping[str, str], *, sourced: bool, lane: Lane = Lane.INVITES
    ) -> str | None:
        """The new id, None when Workable did not tell. Unless `sourced`, Workable mails the person.

        Raises Refused when the address is in the job already.
        """
        sent = {"sourced": sourced, "candidate": dict(person)}
        return self._create("/jobs/{shortcode}/candidates", sent, {"shortcode": shortcode}, lane, "candidate")

    def subscribe(self, event: str, target: str, *, lane: Lane = Lane.READS) -> str:
        """The subscription's id. Raises Refused (409) for a `target` that has one already."""
        args = {"account_id": self._subdomain or "", "job_shortcode": "", "stage_slug": ""}
        is_hiring = event.startswith(("candidate_", "job_"))
        sent: dict[str, Any] = {"target": target, "event": event}
        if event.startswith("candidate_"):
            sent["args"] = args
        scope = R_CANDIDATES if is_hiring else R_EMPLOYEES
        answer = self._transport.write("POST", "/subscriptions", sent, lane=lane, scope=scope)
        subscription_id = parsing.CREATED.one(msgspec.Raw(answer.body))
        if subscription_id is None:
            raise UnknownOutcome(
                "Workable did not say whether it subscribed. The agent looks before it sends again.",
                status=answer.status,
            )
        return subscription_id

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

    def _write(self, method: str, path: str, body: Mapping[str, Any], ids: Ids, lane: Lane) -> Answer:
        return self._transport.write(method, path, body, ids=ids, lane=lane, scope=W_CANDIDATES)

    def _create(
        self, path: str, body: Mapping[str, Any], ids: Ids, lane: Lane, wrapper: str | None = None
    ) -> str | None:
        """The id of what was made; a blank or unreadable answer to a write that was done has none."""
        made = self._write("POST", path, body, ids, lane).json()
        if wrapper is not None:
            made = made.get(wrapper) if isinstance(made, dict) else None
        return parsing.CREATED.one(msgspec.Raw(msgspec.json.encode(made)))

    def _list(
        self, path: str, key: str, reader: Reader[Any, R], scope: str, ids: Ids | None = None
    ) -> Listing[R]:
        """A list that is never paged."""
        rows = self._transport.read(path, lambda body: page_of(body, key, path).rows, ids=ids, scope=scope)
        return Listing(reader.read(rows))

    def _walk(
        self,
        path: str,
        key: str,
        reader: Reader[Any, R],
        params: Params,
        scope: str = R_JOBS,
        *,
        ids: Ids | None = None,
        lane: Lane = Lane.READS,
    ) -> Listing[R]:
        """Every page of a list that fits in memory."""
        whole: Parsed[R] = Parsed()
        params = {"limit": PAGE_ROWS, **params}
        for page in self._transport.pages(path, params, key, ids=ids, scope=scope, lane=lane):
            found = reader.read(page.rows)
            whole.records += found.records
            whole.bad_rows += found.bad_rows
            whole.drift += found.drift
        return Listing(whole)


def _one_candidate(body: bytes) -> Candidate:
    found = parsing.CANDIDATES.one(parsing.unwrapped(body, "candidate"))
    if found is None:
        raise BadAnswer("Workable sent a candidate without an id. The agent will ask again.")
    return found


def _stage_number(stage_id: str) -> int | str:
    """As Workable spells it: its own ids are numbers, the words that stand for them are not."""
    return int(stage_id) if stage_id.isascii() and stage_id.isdecimal() else stage_id


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
