"""Says what holds a push that has not gone out, as the ledger stands now."""

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from storage.ledger import schema
from storage.ledger.accounts import AccountState
from storage.ledger.outbox import EffectKind, EffectState, held_up

NOT_SYNCED = "The account is not synced now; this goes on once it is connected again."
EARLIER = "Waits until an earlier push of this candidate is done."
CAPPED = "Hourly cap reached: goes out as the hour passes."
LOST = "The answer was lost. It is looked for and sent again only if it is not there."
ASKED = "Waits for a person."
CAP = "invite_cap"  # the code of the problem that is open while the cap is reached
BY_THEMSELVES = (
    "job_not_live",
    "job_unknown",
    "invite_not_made",
    "gone",
)  # reasons that pass without a person
S = EffectState
QUEUED = (S.PLANNED, S.WAITING, S.UNKNOWN)


class Holds(msgspec.Struct, frozen=True):
    """Of one account. `behind`: pushes for which an earlier one of their candidate has to be over."""

    is_synced: bool
    is_capped: bool
    behind: frozenset[int]

    def is_behind(self, row: Any) -> bool:
        """True when an earlier push of the candidate has to be over first."""
        return row.effect_id in self.behind

    def of(self, row: Any) -> str | None:
        """What holds that row of `effects`, as a sentence; None when nothing does."""
        if row.state in QUEUED:
            return self._queued(row) or row.sentence or (LOST if row.state == S.UNKNOWN else None)
        if row.state == S.PARKED and row.reason not in BY_THEMSELVES:
            return f"{ASKED} {row.sentence}" if row.sentence else ASKED
        return row.sentence if row.state in (S.PARKED, S.FAILED) else None

    def _queued(self, row: Any) -> str | None:
        if not self.is_synced:
            return NOT_SYNCED
        if self.is_behind(row):
            return EARLIER
        return CAPPED if self.is_capped and row.kind == EffectKind.INVITE and row.state != S.UNKNOWN else None


def load(tx: Connection, account_id: str) -> Holds:
    a, p = schema.accounts.c, schema.problems.c
    state = tx.execute(select(a.state).where(a.account_id == account_id)).scalar()
    cap = (p.account_id == account_id, p.code == CAP, p.resolved_at.is_(None))
    return Holds(
        state == AccountState.ACTIVE,
        tx.execute(select(p.code).where(*cap).limit(1)).first() is not None,
        _behind(tx, account_id),
    )


def _behind(tx: Connection, account_id: str) -> frozenset[int]:
    e = schema.effects.c
    query = select(e.effect_id).where(e.account_id == account_id, e.state.in_(QUEUED), held_up())
    return frozenset(tx.execute(query).scalars())
