"""Says what holds a push that has not gone out, as the ledger stands now."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from storage.ledger import schema
from storage.ledger.accounts import AccountState
from storage.ledger.outbox import OPEN, EffectKind, EffectState

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
    """Of one account. `first_open` and `first_failed`: each candidate's earliest push of that kind, by id."""

    is_synced: bool
    is_capped: bool
    first_open: Mapping[str, int]
    first_failed: Mapping[str, int]

    def is_behind(self, row: Any) -> bool:
        """True when an earlier push of the candidate has to be over first."""
        if row.state not in QUEUED or not row.candidate_id:
            return False
        first = min(self.first_open.get(row.candidate_id, row.effect_id), row.effect_id)
        if row.kind == EffectKind.MOVE:
            first = min(self.first_failed.get(row.candidate_id, first), first)
        return bool(first < row.effect_id)

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
        _earliest(tx, account_id, OPEN),
        _earliest(tx, account_id, (S.FAILED,)),
    )


def _earliest(tx: Connection, account_id: str, states: tuple[EffectState, ...]) -> dict[str, int]:
    e = schema.effects.c
    query = select(e.candidate_id, e.effect_id).where(e.account_id == account_id, e.state.in_(states))
    first: dict[str, int] = {}
    for candidate_id, effect_id in tx.execute(query):
        key = candidate_id or ""
        first[key] = min(effect_id, first.get(key, effect_id))
    return first
