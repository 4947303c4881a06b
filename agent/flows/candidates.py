"""Reads candidates: what changed since the last time (poll), and complete listings (walk).

Watermarks are Workable's time at the start of a reading, never the newest value seen, and are read again with
an overlap (behaviours B20). A walk keeps its place with its rows: a killed one goes on from its last page.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from agent.budget import Lane
from agent.flows.run import Cancelled, Run, StreamResult
from agent.flows.storing import Batch, store
from agent.work import Work
from agent.workable import CandidatePage
from storage import mirror_walks
from storage.ledger import accounts
from storage.mirror import Transaction
from storage.mirror_staging import Changes
from storage.mirror_walks import Missing, cursor, set_cursor

WATERMARK = "candidates"
LISTED = "listed"


class WalkKind(StrEnum):
    FIRST = "first_sync"
    SWEEP = "sweep"
    BACKFILL = "backfill"


class Place(msgspec.Struct):
    """Where a walk stands. `since`: only candidates created after it, and then there is no `walk_id`, because
    a part proves nobody missing. `next_url` None: at the start.
    """

    walk_id: str | None
    since: datetime | None
    next_url: str | None = None
    rows: int = 0


Progress = Callable[[int, datetime | None], None]
"""Called after each stored batch with the rows read so far and the newest `created_at` among them; may raise
Cancelled."""


def poll(run: Run) -> StreamResult:
    """Read what changed since the last poll, with an overlap; the watermark moves at the very end."""
    work, start = run.work, run.work.server_now()
    first_read, changed, batch = baseline(work), 0, Batch()
    after = _watermark(work, start) - timedelta(seconds=work.tools.settings.overlap_seconds)
    for page in work.workable.candidates(updated_after=after, lane=Lane.READS):
        run.tally.bad_rows += page.bad_rows
        batch.add(page)
        if batch.is_full:
            changed += _written(store(run, batch.taken(), baseline=first_read, cursors={}))
    last = store(run, batch.taken(), baseline=first_read, cursors={WATERMARK: start.isoformat()})
    return StreamResult(changed + _written(last))


def _written(changes: Changes) -> int:
    return changes.inserted + changes.changed


def _watermark(work: Work, start: datetime) -> datetime:
    with work.tools.mirror.transaction() as tx:
        stored = cursor(tx, work.account_id, WATERMARK)
    return start if stored is None else datetime.fromisoformat(stored)


def baseline(work: Work) -> datetime:
    """Workable's time when this account was first read; candidates untouched since are no news."""
    with work.ledger_write() as tx:
        return accounts.baseline(tx, work.account_id, work.server_now())


def walk(run: Run, progress: Progress, *, since: datetime | None = None) -> Missing | None:
    """Read every candidate, from where a former walk was cut off.

    Ends with what a complete listing missed; None for a walk over a part (`since`).
    """
    place = _place(run.work, since)
    try:
        _read_all(run, place, progress)
    except Cancelled:
        _forget(run.work, place)
        raise
    return _end(run.work, place)


def in_progress(work: Work) -> bool:
    """True when a complete listing was cut off and waits to go on."""
    with work.tools.mirror.transaction() as tx:
        return cursor(tx, work.account_id, _slot(None)) is not None


def listed_at(work: Work) -> datetime | None:
    """When the last complete listing ended, in this machine's time."""
    with work.tools.mirror.transaction() as tx:
        stored = cursor(tx, work.account_id, LISTED)
    return None if stored is None else datetime.fromisoformat(stored)


def _slot(since: datetime | None) -> str:
    """Complete listings share one place, so that a backfill goes on with a first sync that was cut off."""
    return "place:all" if since is None else "place:since"


def _place(work: Work, since: datetime | None) -> Place:
    now = work.now()
    with work.tools.mirror.transaction() as tx:
        stored = cursor(tx, work.account_id, _slot(since))
        place = None if stored is None else msgspec.json.decode(stored, type=Place)
        if place is None or place.since != since or not _is_in_progress(tx, work.account_id, place):
            walk_id = mirror_walks.begin_walk(tx, work.account_id, now=now) if since is None else None
            place = Place(walk_id, since)
            set_cursor(tx, work.account_id, _slot(since), _text(place), now=now)
    return place


def _is_in_progress(tx: Transaction, account_id: str, place: Place) -> bool:
    if place.walk_id is None:
        return True
    walk_there = mirror_walks.walk_in_progress(tx, account_id)
    return walk_there is not None and walk_there.walk_id == place.walk_id


def _text(place: Place) -> str:
    return msgspec.json.encode(place).decode()


def _read_all(run: Run, place: Place, progress: Progress) -> None:
    first_read, batch, newest = baseline(run.work), Batch(), None
    for page in _pages(run.work, place):
        run.tally.bad_rows += page.bad_rows
        batch.add(page)
        # At the end the place stays on the last page: nowhere would mean the beginning.
        place.next_url, place.rows = page.next_url or place.next_url, place.rows + len(page.candidates)
        newest = max((c.created_at for c in page.candidates if c.created_at), default=newest)
        if batch.is_full or page.next_url is None:
            cursors = {_slot(place.since): _text(place)}
            store(run, batch.taken(), baseline=first_read, cursors=cursors, walk_id=place.walk_id)
            progress(place.rows, newest)
    if batch.rows:
        store(run, batch.taken(), baseline=first_read, cursors={}, walk_id=place.walk_id)


def _pages(work: Work, place: Place) -> Iterator[CandidatePage]:
    """Every page of the list. Its end is asked for once more: a list cut between two rows looks whole."""
    last: str | None = None
    more = work.workable.candidates(created_after=place.since, start_url=place.next_url, lane=Lane.BACKFILL)
    while True:
        known, has_more = last, False
        for page in more:
            if known is not None and all(c.candidate_id == known for c in page.candidates):
                continue
            if page.candidates:
                last, has_more = page.candidates[-1].candidate_id, True
            yield page
        if last is None or not has_more:
            return
        more = work.workable.candidates(created_after=place.since, since_id=last, lane=Lane.BACKFILL)


def _end(work: Work, place: Place) -> Missing | None:
    now = work.now()
    with work.tools.mirror.transaction() as tx:
        set_cursor(tx, work.account_id, _slot(place.since), None, now=now)
        if place.walk_id is None:
            return None
        set_cursor(tx, work.account_id, LISTED, now.isoformat(), now=now)
        return mirror_walks.end_walk(tx, work.account_id, place.walk_id, now=now)


def _forget(work: Work, place: Place) -> None:
    with work.tools.mirror.transaction() as tx:
        set_cursor(tx, work.account_id, _slot(place.since), None, now=work.now())
        if place.walk_id is not None:
            mirror_walks.walk_cleanup(tx, work.account_id)
