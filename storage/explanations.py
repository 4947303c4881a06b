"""Everything known about one candidate's interviews, with the answer to why there was an invite, or none."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from storage.ledger import decisions, invites, mappings, outbox, schema
from storage.ledger.decisions import Decision
from storage.ledger.invites import Invite
from storage.ledger.mappings import DEFAULT, Rule
from storage.ledger.outbox import Effect, EffectKind
from storage.why import Facts, Sent, answer


class Send(msgspec.Struct, frozen=True):
    """One attempt at a push; `outcome` is None while no answer has come."""

    effect_id: int
    number: int
    sent_at: datetime
    ended_at: datetime | None
    outcome: str | None
    status: int | None
    sentence: str | None


class Seen(msgspec.Struct, frozen=True):
    """Something that happened to the candidate, as comparing snapshots told it."""

    kind: str
    job_shortcode: str
    from_stage: str
    to_stage: str
    occurred_at: datetime


class Waiting(msgspec.Struct, frozen=True):
    """The candidate's timeline is to be read; `last_error` says why that failed so far."""

    noticed_at: datetime
    not_before: datetime
    tries: int
    last_error: str | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`answer` is the sentence to read first; `known_as` begins with the present id.

    `rule` is the mapping that counts for the job now. No list holds what people said or are called, save
    the invites' `result` and the pushes' `payload`, which are left empty.
    """

    answer: str
    account_id: str
    candidate_id: str
    known_as: list[str]
    job_shortcode: str | None
    job_title: str | None
    stage_name: str | None
    rule: Rule | None
    decisions: list[Decision]
    invites: list[Invite]
    effects: list[Effect]
    attempts: list[Send]
    events: list[Seen]
    look: Waiting | None


def explain(tx: Connection, account_id: str, candidate_id: str) -> Explanation:
    """An unknown candidate, too, gets an answer. `account_id` must be connected."""
    ids = decisions.known_as(tx, account_id, candidate_id)
    state = _first(tx, schema.trigger_states, account_id, ids)
    job = state.job_shortcode if state else None
    rule = mappings.effective(tx, account_id, job) if job else None
    effects = outbox.of_candidate(tx, account_id, ids)
    told = Explanation(
        answer="",
        account_id=account_id,
        candidate_id=ids[0],
        known_as=ids,
        job_shortcode=job,
        job_title=_title(tx, account_id, job),
        stage_name=state.stage_name if state else None,
        rule=rule,
        decisions=decisions.of_candidate(tx, account_id, ids),
        invites=[_without_person(invite) for invite in invites.of_candidate(tx, account_id, ids)],
        effects=[msgspec.structs.replace(effect, payload={}) for effect in effects],
        attempts=_attempts(tx, [effect.effect_id for effect in effects]),
        events=_events(tx, account_id, ids),
        look=_look(tx, account_id, ids),
    )
    return msgspec.structs.replace(told, answer=answer(_facts(tx, told, is_known=state is not None)))


def _without_person(invite: Invite) -> Invite:
    return msgspec.structs.replace(invite, result=None, interview_url=None, email_digest=None)


def _first(tx: Connection, table: Any, account_id: str, ids: Sequence[str]) -> Row[Any] | None:
    """The row of the first of the ids that has one."""
    query = select(table).where(table.c.account_id == account_id, table.c.candidate_id.in_(ids))
    found = {row.candidate_id: row for row in tx.execute(query)}
    return next((found[one] for one in ids if one in found), None)


def _title(tx: Connection, account_id: str, job: str | None) -> str | None:
    if job is None:
        return None
    j = schema.board_jobs.c
    title = tx.execute(select(j.title).where(j.account_id == account_id, j.shortcode == job)).scalar()
    return (title or "").strip() or job


def _attempts(tx: Connection, effect_ids: Sequence[int]) -> list[Send]:
    t = schema.attempts
    query = select(t).where(t.c.effect_id.in_(effect_ids)).order_by(t.c.sent_at, t.c.attempt_id)
    return [Send(*(getattr(row, name) for name in Send.__struct_fields__)) for row in tx.execute(query)]


def _events(tx: Connection, account_id: str, ids: Sequence[str]) -> list[Seen]:
    e = schema.events
    query = select(e).where(e.c.account_id == account_id, e.c.candidate_id.in_(ids)).order_by(e.c.event_id)
    return [Seen(*(getattr(row, name) for name in Seen.__struct_fields__)) for row in tx.execute(query)]


def _look(tx: Connection, account_id: str, ids: Sequence[str]) -> Waiting | None:
    row = _first(tx, schema.looks, account_id, ids)
    return row and Waiting(*(getattr(row, name) for name in Waiting.__struct_fields__))


def _facts(tx: Connection, told: Explanation, *, is_known: bool) -> Facts:
    job, mapped = told.job_shortcode, _mapped_name(tx, told)
    counted = mappings.watched_from(tx, told.account_id, [job]) if job else {}
    a = schema.accounts.c
    state = tx.execute(select(a.state).where(a.account_id == told.account_id)).scalar_one()
    entries = [e.occurred_at for e in told.events if e.to_stage == mapped and e.job_shortcode == job]
    return Facts(
        candidate_id=told.candidate_id,
        is_known=is_known,
        is_deleted=not is_known and any(event.kind == "deleted" for event in told.events),
        account_state=state,
        job=told.job_title,
        stage=told.stage_name,
        rule=told.rule,
        mapped_stage=mapped,
        counts_from=counted.get(job) if job else None,
        entered_at=max(entries, default=None),
        invite=_sent(tx, told),
        decision=told.decisions[-1] if told.decisions else None,
        look_error=told.look.last_error if told.look else None,
        is_looked_at=told.look is not None,
    )


def _mapped_name(tx: Connection, told: Explanation) -> str | None:
    """What the mapped stage is called in the job today: names change, and the default's is another's."""
    if told.rule is None or told.rule.stage is None:
        return None
    s, stage = schema.board_stages.c, told.rule.stage
    query = select(s.job_shortcode, s.stage_id, s.slug, s.name).where(
        s.account_id == told.account_id, s.job_shortcode.in_((told.job_shortcode, DEFAULT))
    )
    found = tx.execute(query.order_by(s.job_shortcode.desc())).all()
    by_id = (row.name for row in found if row.stage_id == stage.stage_id)
    by_slug = (row.name for row in found if row.slug == stage.slug)
    return next(by_id, None) or next(by_slug, None) or stage.name


def _sent(tx: Connection, told: Explanation) -> Sent | None:
    if not told.invites:
        return None
    last = told.invites[-1]
    asks = [e for e in told.effects if e.invite_id == last.invite_id and e.kind == EffectKind.INVITE]
    return Sent(
        state=last.state,
        job=_title(tx, told.account_id, last.job_shortcode) or last.job_shortcode,
        stage=last.stage_name,
        planned_at=last.planned_at,
        invited_at=last.invited_at,
        score=last.score,
        push_state=asks[-1].state if asks else None,
        push_sentence=asks[-1].sentence if asks else None,
    )
