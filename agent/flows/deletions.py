"""Decides which candidates are gone, and marks them: never on the word of one listing (behaviours B21)."""

import logging
from collections.abc import Sequence

from agent.budget import Lane
from agent.errors import NeedsPerson, NotFound
from agent.flows.run import Run
from agent.rules.deletion import is_suspicious
from agent.work import Work
from storage import mirror_walks
from storage.ledger import events, problems
from storage.mirror_walks import Missing

log = logging.getLogger(__name__)
FROZEN = "deletions_frozen"


def settle(run: Run, missing: Missing, *, confirmed: bool = False) -> None:
    """Delete what two complete listings missed and Workable then says twice is not there.

    Too much at once waits for a person, who answers with `confirmed`.
    """
    work = run.work
    if not missing.confirmed:
        _unfreeze(run)
        return
    if not confirmed and is_suspicious(len(missing.confirmed), missing.live_before):
        _freeze(run, len(missing.confirmed), missing.live_before)
        return
    gone = [one for one in missing.confirmed if is_gone(work, one, Lane.BACKFILL)]
    forget(work, gone)
    with work.tools.mirror.transaction() as mirror:
        still_there = sorted(set(missing.confirmed) - set(gone))
        mirror_walks.forget_missing(mirror, work.account_id, still_there)
    run.tally.rows_deleted += len(gone)
    log.info("%s: %d candidates are gone from Workable", work.account_id, len(gone))
    _unfreeze(run)


def forget(work: Work, gone: Sequence[str]) -> int:
    """Note that these candidates are deleted in Workable; how many were live here before."""
    now = work.now()
    with work.ledger_write() as tx:
        events.forget(tx, work.account_id, gone, now)
    with work.tools.mirror.transaction() as mirror:
        return mirror_walks.mark_deleted(mirror, work.account_id, gone, now=now)


def is_gone(work: Work, candidate_id: str, lane: Lane) -> bool:
    """A single 404 may be spurious, so it takes two; what may not be seen is not gone."""
    return all(_is_404(work, candidate_id, lane) for _ in range(2))


def _is_404(work: Work, candidate_id: str, lane: Lane) -> bool:
    try:
        work.workable.candidate(candidate_id, lane=lane)
    except NotFound:
        return True
    except NeedsPerson as error:
        if error.code != "forbidden":
            raise
    return False


def _freeze(run: Run, gone: int, live: int) -> None:
    work = run.work
    sentence = (
        f"{gone:,} of {live:,} candidates are no longer listed by Workable. Nothing was deleted here. "
        f"If that is right, run 'python -m agent confirm-deletions --account {work.account_id}'."
    )
    with work.ledger_write() as tx:
        problems.report(tx, work.account_id, FROZEN, sentence, now=work.now(), needs_person=True)


def _unfreeze(run: Run) -> None:
    with run.work.ledger_write() as tx:
        problems.resolve(tx, run.work.account_id, FROZEN, now=run.work.now())
