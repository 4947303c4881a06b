"""Answers candidate lists quickly: by id, with filters served from indexes."""

from bisect import bisect_left
from collections.abc import Callable, Iterator

from starlette.responses import Response

from sandbox.account import Account
from sandbox.api import Call
from sandbox.errors import not_found
from sandbox.model import Candidate
from sandbox.paging import bound, limit_of, page
from sandbox.stamps import parse_time
from sandbox.views import candidate_json

SCAN_SHARE = (
    4  # when fewer than a quarter of the rows match a time filter, they are sorted instead of scanned
)


def candidate_page(call: Call, shortcode: str | None, path: str) -> Response:
    """One page of an account's or a job's candidates, ascending by id."""
    account, limit = call.account, limit_of(call)
    ordered = _chosen(call, account, shortcode)
    first, last = account.page(ordered, bound(call, "since_id"), bound(call, "max_id"))
    wanted = _filter(call, account, shortcode)
    found: list[Candidate] = []
    for place in range(first, last):
        candidate = account.candidates[ordered[place]]
        if wanted(candidate):
            found.append(candidate)
            if len(found) > limit:
                break
    following = found[limit].id if len(found) > limit else None
    return page(call, "candidates", [candidate_json(account, row) for row in found[:limit]], following, path)


def _chosen(call: Call, account: Account, shortcode: str | None) -> list[int]:
    """The smallest ordered list of ids at hand that holds every match."""
    if (email := call.text("email")) is not None:
        return sorted(account.with_email(email))
    ordered = account.ids if shortcode is None else account.job_ids.get(shortcode, [])
    for name, index in (("updated_after", account.updated), ("created_after", account.created)):
        if (text := call.text(name)) is not None:
            matching = account.since(index, parse_time(name, text), len(ordered) // SCAN_SHARE)
            if matching is not None:
                ordered = sorted(_known(ordered, matching))
    return ordered


def _known(ordered: list[int], numbers: list[int]) -> Iterator[int]:
    for number in numbers:
        place = bisect_left(ordered, number)
        if place < len(ordered) and ordered[place] == number:
            yield number


def _filter(call: Call, account: Account, shortcode: str | None) -> Callable[[Candidate], bool]:
    switches = account.context.switches
    moments = {
        name: parse_time(name, text)
        for name in ("updated_after", "created_after")
        if (text := call.text(name)) is not None
    }
    changed, made = moments.get("updated_after", 0), moments.get("created_after", 0)
    slug = call.text("stage")
    archived = {job.shortcode for job in account.jobs.values() if job.state == "archived"}

    def wanted(candidate: Candidate) -> bool:
        if candidate.updated_at < changed or candidate.created_at < made:
            return False
        if shortcode is not None and candidate.job != shortcode:
            return False
        if candidate.job is None and not switches.pool_in_list:
            return False
        if candidate.job in archived and shortcode is None and not switches.archived_in_list:
            return False
        return slug is None or account.stage(candidate.job, candidate.stage).slug == slug

    return wanted


def shortcode_of(call: Call) -> str | None:
    """The `shortcode` parameter; an unknown one is a 404."""
    shortcode = call.text("shortcode")
    if shortcode is not None and shortcode not in call.account.jobs:
        raise not_found()
    return shortcode
