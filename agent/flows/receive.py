"""Deals with what Workable sent by webhook: a hint to read now what the next poll would read anyway.

Nothing a message says is stored: the candidate is read as lists show it, so that the mirror is the same as if
there were no webhooks. Employees are the exception, because they cannot be polled.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from agent import webhooks
from agent.budget import Lane
from agent.errors import AgentError, NeedsPerson, NotFound, Stopped
from agent.flows import board, deletions, employees
from agent.flows.candidates import WATERMARK, baseline
from agent.flows.storing import store_rows
from agent.webhooks import Envelope
from agent.work import Work
from storage.ledger import inbox, outbox
from storage.ledger.inbox import Message
from storage.ledger.outbox import EffectKind, EffectState
from storage.mirror_walks import cursor
from storage.records import Candidate

log = logging.getLogger(__name__)
CREATED, MOVED, DELETED = "candidate_created", "candidate_moved", "candidate_deleted"
CHANGED = (CREATED, MOVED)
ECHO_WITHIN = timedelta(minutes=2)
SENT = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.CONFIRMED)
# More candidates than this are cheaper read as a list of what changed since.
ONE_BY_ONE = 8
LISTED_LATE = timedelta(minutes=1)
MOST_TROUBLES = 3
# A message that cannot be followed up for so long is left to the polls or, for deletions, to the sweeps.
PATIENCE = {CREATED: timedelta(minutes=10), MOVED: timedelta(minutes=10), DELETED: timedelta(days=1)}


class Parcel(msgspec.Struct, frozen=True):
    """A message and what it says."""

    message: Message
    envelope: Envelope

    @property
    def event(self) -> str:
        return self.message.event

    @property
    def candidate_id(self) -> str:
        return self.envelope.resource_id

    @property
    def happened_at(self) -> datetime:
        """Workable's time where it told it, else ours."""
        return self.envelope.fired_at or self.message.received_at


def receive(work: Work, limit: int = 200) -> int:
    """Deal with messages of the account, oldest first; how many are over.

    What cannot be read just now goes on waiting. Raises AgentError for what stops the account.
    """
    with work.tools.ledger.read() as tx:
        messages = inbox.waiting(tx, work.account_id, limit)
    parcels, unreadable = _unpacked(messages)
    settled = _end(work, unreadable, "unreadable")
    settled += _employees(work, [p for p in parcels if p.event in employees.EVENTS])
    settled += _deleted(work, [p for p in parcels if p.event == DELETED])
    return settled + _changed(work, [p for p in parcels if p.event in CHANGED])


def _unpacked(messages: Sequence[Message]) -> tuple[list[Parcel], list[Message]]:
    parcels, unreadable = [], []
    for message in messages:
        envelope = webhooks.read(message.body)
        if envelope is None or envelope.event != message.event or not _is_known(envelope.event):
            unreadable.append(message)
        else:
            parcels.append(Parcel(message, envelope))
    return parcels, unreadable


def _is_known(event: str) -> bool:
    return event in PATIENCE or event in employees.EVENTS


def _end(work: Work, messages: Iterable[Message], outcome: str) -> int:
    ended = list(messages)
    if ended:
        with work.ledger_write() as tx:
            for message in ended:
                inbox.done(tx, message.inbox_id, outcome, work.now())
    return len(ended)


def _end_parcels(work: Work, parcels: Iterable[Parcel], outcome: str) -> int:
    return _end(work, [parcel.message for parcel in parcels], outcome)


def _employees(work: Work, parcels: Sequence[Parcel]) -> int:
    if not parcels:
        return 0
    if not work.account.follows_employees:
        return _end_parcels(work, parcels, "dropped")
    employees.take(work, [parcel.envelope for parcel in parcels])
    return _end_parcels(work, parcels, "stored")


def _deleted(work: Work, parcels: Sequence[Parcel]) -> int:
    """Believed after two 404s in a row; a candidate that is there after all is none of ours to delete."""
    if not parcels:
        return 0
    verdicts: dict[str, str] = {}
    troubled: set[str] = set()
    for candidate_id in _ids(parcels):
        try:
            is_gone = deletions.is_gone(work, candidate_id, Lane.INVITES)
        except AgentError as error:
            _raise_what_ends_all(error)
            troubled.add(candidate_id)
            _tell(work, error)
            if len(troubled) == MOST_TROUBLES:
                break
            continue
        verdicts[candidate_id] = "deleted" if is_gone else "still_there"
    gone = [candidate_id for candidate_id, verdict in verdicts.items() if verdict == "deleted"]
    if gone and deletions.forget(work, gone):
        board.refresh(work)
    return _end_each(work, parcels, verdicts, troubled)


def _changed(work: Work, parcels: Sequence[Parcel]) -> int:
    """Read the candidates that changed and store them as a poll would."""
    settled, wanted = _without_echoes(work, parcels)
    done, wanted = _without_polled(work, wanted)
    settled += done
    if not wanted:
        return settled
    reading = _Reading(work)
    reading.read(wanted)
    reading.store()
    return settled + _end_each(work, wanted, reading.verdicts, reading.troubled)


def _end_each(work: Work, parcels: Sequence[Parcel], verdicts: dict[str, str], troubled: set[str]) -> int:
    settled = 0
    for verdict in sorted(set(verdicts.values())):
        settled += _end_parcels(
            work, [p for p in parcels if verdicts.get(p.candidate_id) == verdict], verdict
        )
    late = [p for p in parcels if p.candidate_id in troubled and _is_late(work, p)]
    return settled + _end_parcels(work, late, "left_to_polls")


def _is_late(work: Work, parcel: Parcel) -> bool:
    return work.now() - parcel.message.received_at > PATIENCE[parcel.event]


def _without_echoes(work: Work, parcels: Sequence[Parcel]) -> tuple[int, list[Parcel]]:
    """Our own moves come back as messages; they tell us nothing (behaviours B15)."""
    ours = [parcel for parcel in parcels if parcel.event == MOVED and _is_ours(work, parcel)]
    numbers = {parcel.message.inbox_id for parcel in ours}
    left = [parcel for parcel in parcels if parcel.message.inbox_id not in numbers]
    return _end_parcels(work, ours, "ours"), left


def _is_ours(work: Work, parcel: Parcel) -> bool:
    """Its stage is where a move of ours has just put the candidate."""
    with work.tools.ledger.read() as tx:
        effects = outbox.of_candidate(tx, work.account_id, [parcel.candidate_id])
    came = parcel.message.received_at
    for effect in effects:
        is_sent = effect.kind == EffectKind.MOVE and effect.state in SENT and effect.sent_at is not None
        if not is_sent or abs(came - (effect.sent_at or came)) > ECHO_WITHIN:
            continue
        if parcel.envelope.stage_name == effect.payload.get("stage", {}).get("name"):
            return True
    return False


def _without_polled(work: Work, parcels: Sequence[Parcel]) -> tuple[int, list[Parcel]]:
    """What happened before the last complete poll began was read by it."""
    if not parcels:
        return 0, []
    with work.tools.mirror.transaction() as tx:
        watermark = cursor(tx, work.account_id, WATERMARK)
    if watermark is None:
        return 0, list(parcels)
    polled_at = datetime.fromisoformat(watermark)
    is_new = [p.envelope.fired_at is None or p.envelope.fired_at >= polled_at for p in parcels]
    new = [parcel for parcel, news in zip(parcels, is_new, strict=True) if news]
    old = [parcel for parcel, news in zip(parcels, is_new, strict=True) if not news]
    return _end_parcels(work, old, "polled"), new


def _ids(parcels: Iterable[Parcel]) -> list[str]:
    """Each candidate once, in the order of the messages."""
    return list(dict.fromkeys(parcel.candidate_id for parcel in parcels))


def _raise_what_ends_all(error: AgentError) -> None:
    """Anything else is trouble with one message, which waits for another try."""
    if isinstance(error, Stopped) or error.code == "token_refused":
        raise error


def _tell(work: Work, error: AgentError) -> None:
    log.warning("%s: a webhook waits: %s", work.account_id, error.sentence)


class _Reading:
    """Candidates as lists show them now. `troubled` could not be read; the others have a verdict."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rows: dict[str, Candidate] = {}
        self.verdicts: dict[str, str] = {}
        self.troubled: set[str] = set()

    def read(self, parcels: Sequence[Parcel]) -> None:
        ids = _ids(parcels)
        if len(ids) > ONE_BY_ONE:
            self._read_list(min(parcel.happened_at for parcel in parcels), ids)
            return
        for candidate_id in ids:
            self._read_one(candidate_id)
            if len(self.troubled) == MOST_TROUBLES:
                break

    def store(self) -> None:
        rows = list(self._rows.values())
        if not rows:
            return
        first_read = baseline(self._work)
        changes = store_rows(self._work, rows, set(), baseline=first_read, cursors={})
        if changes.inserted + changes.changed:
            board.refresh(self._work)

    def _read_list(self, since: datetime, ids: Sequence[str]) -> None:
        """Whoever is not in it has not changed since, as far as lists show; a poll would say the same."""
        try:
            for page in self._work.workable.candidates(updated_after=since - LISTED_LATE, lane=Lane.INVITES):
                self._rows |= {row.candidate_id: row for row in page.candidates}
        except AgentError as error:
            _raise_what_ends_all(error)
            _tell(self._work, error)
            self.troubled.update(set(ids) - self._rows.keys())
        self.verdicts |= {one: "read" for one in ids if one not in self.troubled}

    def _read_one(self, candidate_id: str) -> None:
        try:
            row = self._work.workable.listed_candidate(candidate_id, lane=Lane.INVITES)
            self.verdicts[candidate_id] = self._unlisted(candidate_id) if row is None else "read"
        except AgentError as error:
            _raise_what_ends_all(error)
            self.troubled.add(candidate_id)
            _tell(self._work, error)
            return
        if row is not None:
            self._rows[candidate_id] = row

    def _unlisted(self, candidate_id: str) -> str:
        """Gone, or not listed (yet): the sweeps and the polls settle that."""
        try:
            self._work.workable.candidate(candidate_id, lane=Lane.INVITES)
        except NotFound:
            return "gone"
        except NeedsPerson as error:
            if error.code != "forbidden":
                raise
        return "unlisted"
