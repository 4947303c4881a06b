"""What happened to candidates, each thing once: rows compared with what was last known of them.

The same page seen again, by another path or after a crash, adds nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, select
from sqlalchemy.dialects.sqlite import insert

from storage.ledger import looks, schema
from storage.records import Candidate

E = schema.events
S = schema.trigger_states
NEW = ("created", "appeared")  # whoever was there before the account's first walk is neither
Known = Row[Any] | Candidate  # what was last known of a candidate: its place and when it was touched


def observe(
    tx: Connection,
    account_id: str,
    rows: Sequence[Candidate],
    *,
    baseline_before: datetime,
    now: datetime,
) -> int:
    """Add what the rows tell of, remember them, note whom to look at; the number of new events.

    A candidate never seen before is news only if it was touched at or after `baseline_before` (the start of
    the account's first walk): what was there before that is the baseline (behaviours B01).
    """
    known: dict[str, Known] = {**_states(tx, account_id, [c.candidate_id for c in rows])}
    news: list[dict[str, Any]] = []
    states: dict[str, Candidate] = {}
    for candidate in sorted(rows, key=_updated):  # one after the other, so that batches make no difference
        state = known.get(candidate.candidate_id)
        if state is not None and not _is_newer(candidate, state):
            continue
        known[candidate.candidate_id] = states[candidate.candidate_id] = candidate
        if event := _event(candidate, state, baseline_before):
            news.append(event | {"account_id": account_id, "seen_at": now})
    if states:
        _remember(tx, [_state_values(account_id, c) for c in states.values()])
        newcomers = {str(event["candidate_id"]) for event in news if event["kind"] in NEW}
        looks.notice(tx, account_id, list(states.values()), now, newcomers=newcomers)
    return _add(tx, news)


def _updated(candidate: Candidate) -> float:
    return candidate.updated_at.timestamp() if candidate.updated_at else 0.0


def _is_newer(candidate: Candidate, state: Known) -> bool:
    """A list page may be older than what is known; rows of the same second are compared by stage."""
    if state.updated_at is None or candidate.updated_at is None:
        return True
    if candidate.updated_at != state.updated_at:
        return bool(candidate.updated_at > state.updated_at)
    return not _same_place(candidate, state)


def _same_place(candidate: Candidate, state: Known) -> bool:
    return (candidate.job_shortcode, candidate.stage_name) == (state.job_shortcode, state.stage_name)


def _event(candidate: Candidate, state: Known | None, baseline_before: datetime) -> dict[str, Any] | None:
    base = {
        "candidate_id": candidate.candidate_id,
        "job_shortcode": candidate.job_shortcode or "",
        "to_stage": candidate.stage_name or "",
        "from_stage": "",
    }
    updated = candidate.updated_at or candidate.created_at or baseline_before
    if state is None:
        created = candidate.created_at or updated
        if not any(at and at >= baseline_before for at in (candidate.created_at, candidate.updated_at)):
            return None  # nor is a row without any time news: it proves nothing
        if created >= baseline_before:
            return base | {"kind": "created", "occurred_at": created}
        return base | {"kind": "appeared", "occurred_at": updated}
    if _same_place(candidate, state):
        return None
    return base | {"kind": "moved", "from_stage": state.stage_name or "", "occurred_at": updated}


def _states(tx: Connection, account_id: str, ids: list[str]) -> dict[str, Row[Any]]:
    found = tx.execute(select(S).where(S.c.account_id == account_id, S.c.candidate_id.in_(ids)))
    return {row.candidate_id: row for row in found}


def _state_values(account_id: str, candidate: Candidate) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "candidate_id": candidate.candidate_id,
        "job_shortcode": candidate.job_shortcode,
        "stage_name": candidate.stage_name,
        "updated_at": candidate.updated_at,
    }


def _remember(tx: Connection, states: list[dict[str, Any]]) -> None:
    row = insert(S)
    kept = {name: row.excluded[name] for name in ("job_shortcode", "stage_name", "updated_at")}
    key = ["account_id", "candidate_id"]
    tx.execute(row.on_conflict_do_update(index_elements=key, set_=kept), states)


def _add(tx: Connection, news: list[dict[str, Any]]) -> int:
    added = 0
    for event in news:  # one by one, because only then the database says which were new
        added += tx.execute(insert(E).values(**event).on_conflict_do_nothing()).rowcount
    return added


def rename_stages(tx: Connection, account_id: str, job_shortcode: str, names: Mapping[str, str]) -> None:
    """Stages got other names, old to new: the candidates in them have not moved (behaviours B08).

    All at once, so that two stages may swap their names.
    """
    if not names:
        return
    where = (S.c.account_id == account_id, S.c.job_shortcode == job_shortcode, S.c.stage_name.in_(names))
    tx.execute(S.update().where(*where).values(stage_name=case(names, value=S.c.stage_name)))


def forget(tx: Connection, account_id: str, candidate_ids: Sequence[str], now: datetime) -> None:
    """The candidates are deleted in Workable: note it once and drop what is remembered of them."""
    for candidate_id, state in _states(tx, account_id, list(candidate_ids)).items():
        values = {"account_id": account_id, "candidate_id": candidate_id, "kind": "deleted"}
        values |= {"job_shortcode": state.job_shortcode or "", "from_stage": state.stage_name or ""}
        times = {"occurred_at": now, "seen_at": now}
        tx.execute(insert(E).values(**values, to_stage="", **times).on_conflict_do_nothing())
    gone = (S.c.account_id == account_id, S.c.candidate_id.in_(list(candidate_ids)))
    tx.execute(S.delete().where(*gone))
