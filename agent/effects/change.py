"""What every kind of change in the outside world looks like to whoever delivers it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from agent.budget import Lane
from agent.work import Work
from storage.ledger.invites import Invite
from storage.ledger.outbox import Effect, SendLane

Service = Literal["workable", "platform"]


class Parked(Exception):
    """The change must not be made as things stand; `sentence` tells staff why."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


@dataclass(frozen=True)
class Context:
    """One effect on its way. `candidate_id` is the present id ('' when it is about nobody in Workable).

    `template` is the interview's name for people; `member_id` is who acts, '' until that is chosen.
    """

    work: Work
    effect: Effect
    invite: Invite | None
    candidate_id: str
    template: str = ""
    member_id: str = ""

    @property
    def about(self) -> Invite:
        """The invite that the effect belongs to."""
        if self.invite is None:
            raise ValueError(f"effect {self.effect.effect_id} belongs to no invite")
        return self.invite

    @property
    def lane(self) -> Lane:
        return Lane.RESULTS if self.effect.lane == SendLane.RESULTS else Lane.INVITES


def _nothing(_tx: Connection, _now: datetime) -> None:
    """Most receipts change the effect's own row only."""


@dataclass(frozen=True)
class Receipt:
    """The change stands. `note` writes what follows from it into the ledger, in the same transaction."""

    remote_id: str | None = None
    sentence: str | None = None
    note: Callable[[Connection, datetime], None] = field(default=_nothing)


@dataclass(frozen=True)
class Change:
    """How one kind of change is looked for and made.

    `find` answers None only when the change is certainly not there. `send` makes one change, after whatever
    it has to read; its error says whether it may have been done. Both may raise Parked.
    """

    find: Callable[[Context], Receipt | None]
    send: Callable[[Context], Receipt]
    service: Service = "workable"
    by_member: bool = False
    needs_live_job: bool = False
