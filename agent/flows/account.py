"""One account's whole turn: poll what changed, list completely when that is due, settle deletions."""

from datetime import datetime, timedelta
from functools import partial

from agent.effects import resuming
from agent.flows import board, candidates, catalogue, deletions, drift, provision, subscribe, verify
from agent.flows.candidates import Progress, WalkKind
from agent.flows.run import Run, StreamResult, running
from agent.rules.deletion import sweep_is_due
from agent.work import Work
from storage import mirror_walks
from storage.ledger import invites, runs
from storage.mirror_walks import Missing

VERIFY = "verify"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def poll(work: Work, *, every: timedelta | None, new_at_once: int = catalogue.NEW_AT_ONCE) -> Run:
    """Read what changed. `every` tells when the next poll is planned, None that nobody knows."""
    started = work.now()
    with running(work, "sync") as run:
        catalogue.read_catalogue(run, new_at_once=new_at_once)
        seconds = int(every.total_seconds()) if every else work.tools.settings.poll_seconds
        is_good = run.part("candidates", seconds, lambda: candidates.poll(run))
        _keep_up(run)
    _conclude(run, started, every, is_good=is_good)
    return run


def _keep_up(run: Run) -> None:
    """What interviews need besides candidates: mapped stages that are there, webhooks, members over there."""
    work, every = run.work, run.work.settings.metadata_seconds
    drift.watch(work)
    resuming.resume(work)  # what waited for a job to open or a member to be chosen
    resuming.tell(work, is_news=False)
    work.budget.has_urgent_work = drift.can_invite(work)
    heals = run.part if subscribe.is_behind(work) else partial(catalogue.when_due, run)
    heals(subscribe.STREAM, every, lambda: StreamResult(subscribe.heal(work)))
    if work.account.provisions_members and work.tools.platform is not None:
        catalogue.when_due(run, "provisioning", every, lambda: _provisioned(work))


def _provisioned(work: Work) -> StreamResult:
    return StreamResult(0, len(provision.provision(work)))


def usual_gap(work: Work) -> timedelta | None:
    """How long the time between two syncs has been, for judging whether cron is late; None when not known."""
    with work.tools.ledger.read() as tx:
        gap = runs.usual_gap(tx, work.account_id)
    return gap if gap is not None and MINUTE <= gap <= DAY else None


def _conclude(run: Run, started: datetime, every: timedelta | None, *, is_good: bool) -> None:
    status: dict[str, datetime | None] = {"last_run_at": started}
    if is_good:
        status["last_good_at"] = run.work.now()
    status["next_run_at"] = None if every is None else started + every
    board.conclude(run, **status)


def walk_is_due(work: Work) -> WalkKind | None:
    """The complete listing that the account needs now: its first one, or a sweep."""
    with work.tools.ledger.read() as tx:
        first_done = runs.status(tx, work.account_id)["first_sync_done_at"]
    listed = candidates.listed_at(work)
    if first_done is None or listed is None:  # listed is None too after a mirror was lost
        return WalkKind.FIRST
    with work.tools.mirror.transaction() as tx:
        missed = mirror_walks.first_missed_at(tx, work.account_id)
    every = timedelta(seconds=work.tools.settings.sweep_seconds)
    if candidates.in_progress(work):
        return WalkKind.SWEEP
    due = sweep_is_due(listed_at=listed, first_missed_at=missed, every=every, now=work.now())
    return WalkKind.SWEEP if due else None


def walk(work: Work, kind: WalkKind, progress: Progress, *, since: datetime | None = None) -> Run:
    """List candidates completely (or those created after `since`) and settle what is gone."""
    every = work.tools.settings.sweep_seconds if since is None else None
    with running(work, kind.value) as run:
        run.part("listing", every, lambda: _listing(run, progress, since))
    board.refresh(work)
    return run


def _listing(run: Run, progress: Progress, since: datetime | None) -> StreamResult:
    missing = candidates.walk(run, progress, since=since)
    if missing is not None:
        _note_first_sync(run.work)
        deletions.settle(run, missing)
    tally = run.tally
    return StreamResult(tally.rows_inserted + tally.rows_changed + tally.rows_deleted, tally.rows_read)


def _note_first_sync(work: Work) -> None:
    with work.ledger_write() as tx:
        if runs.status(tx, work.account_id)["first_sync_done_at"] is None:
            runs.set_status(tx, work.account_id, first_sync_done_at=work.now())


def verify_is_due(work: Work) -> bool:
    """Once a day, for accounts that have anything to compare."""
    with work.tools.ledger.read() as tx:
        has_invites = invites.any_of(tx, work.account_id)
        return has_invites and runs.due(tx, work.account_id, VERIFY, DAY, work.now())


def verify_all(work: Work) -> Run:
    """Compare what was written with the timelines (the nightly verify)."""
    with running(work, VERIFY) as run:
        run.part(VERIFY, int(DAY.total_seconds()), lambda: _verified(run.work))
    return run


def _verified(work: Work) -> StreamResult:
    verify.verify(work, goes_back=2 * DAY)  # the night before is compared again, older nights are not
    return StreamResult()


def confirm_deletions(work: Work) -> int:
    """A person has said that the missing candidates are really gone; the number deleted."""
    with running(work, "deletions") as run:
        with work.tools.mirror.transaction() as tx:
            missing = mirror_walks.still_missing(tx, work.account_id)
        run.part("deletions", None, lambda: _settled(run, missing))
    board.refresh(work)
    return run.tally.rows_deleted


def _settled(run: Run, missing: Missing) -> StreamResult:
    deletions.settle(run, missing, confirmed=True)
    return StreamResult(run.tally.rows_deleted)
