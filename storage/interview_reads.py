"""What page and command line read of interviews: templates, invites, pushes with their attempts, counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Select, func, select

from storage import holds
from storage.explanations import Explanation, explain
from storage.holds import Holds
from storage.ledger import mappings, schema
from storage.ledger.mappings import DEFAULT, Rule
from storage.ledger.outbox import EffectState

__all__ = [
    "Attempt", "Counts", "Explanation", "InviteRow", "Member", "Push", "Reach", "Template", "Today",
    "attempts", "counts", "explain", "invites", "members", "provisioned", "pushes", "reach", "rules",
    "templates", "today",
]  # fmt: skip

S = TypeVar("S", bound=msgspec.Struct)
PROBLEMS = (EffectState.FAILED, EffectState.PARKED)
UNDER_WAY = (EffectState.PLANNED, EffectState.SENDING, EffectState.WAITING, EffectState.UNKNOWN)
OVER = (EffectState.CONFIRMED, EffectState.CANCELLED)
RECENT = timedelta(days=30)


class Template(msgspec.Struct, frozen=True):
    """An interview of the platform; `gone_at` since when it is no longer listed."""

    template_id: str
    name: str
    gone_at: datetime | None


class Member(msgspec.Struct, frozen=True):
    member_id: str
    name: str
    role: str | None
    is_active: bool


class InviteRow(msgspec.Struct, frozen=True, kw_only=True):
    """An invite as lists show it.

    `problem` is what keeps it from being sent, `asks` the push that sends it once a person agrees; both None
    when not so.
    """

    invite_id: int
    candidate_id: str
    job_shortcode: str
    template_id: str
    round: int
    state: str
    stage_name: str
    entered_at: datetime
    planned_at: datetime
    invited_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    bounced_at: datetime | None
    ended_at: datetime | None
    revision: int
    score: int | None
    grade: str | None
    actor: str
    problem: str | None = None
    asks: int | None = None


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One change in the outside world, without what it carries.

    `hold` says what keeps it from being done, `is_held_up` that it is an earlier one of the same candidate.
    """

    effect_id: int
    kind: str
    mark: str
    candidate_id: str | None
    invite_id: int | None
    revision: int
    state: str
    reason: str | None
    sentence: str | None
    attempts: int
    planned_at: datetime
    due_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    actor: str
    hold: str | None = None
    is_held_up: bool = False


class Attempt(msgspec.Struct, frozen=True):
    """One send of a push. `outcome` is the state that it led to, None while no answer has come."""

    effect_id: int
    number: int
    sent_at: datetime
    ended_at: datetime | None
    outcome: str | None
    status: int | None
    sentence: str | None


class Counts(msgspec.Struct, frozen=True):
    """Days begin at midnight UTC; the others are pushes by how they stand, `waiting` those on their way."""

    invited_today: int
    results_today: int
    waiting: int
    parked: int
    failed: int
    unknown: int


class Today(msgspec.Struct, frozen=True):
    """Of one customer, since midnight UTC."""

    invited: int = 0
    results: int = 0


class Reach(msgspec.Struct, frozen=True):
    """Candidates in a stage now, and entries into it within the last 30 days, over `jobs` jobs.

    `since`: when the account was first read, if that is less than 30 days ago: nothing was seen before.
    """

    now: int
    recently: int
    jobs: int
    since: datetime | None = None

    def told(self) -> str:
        """The entries as a sentence."""
        if self.since is None:
            return f"{self.recently:,} reached it in the last 30 days."
        return f"{self.recently:,} reached it since the account was connected on {self.since:%d %b %Y}."


def _rows(tx: Connection, kind: type[S], query: Select[Any]) -> list[S]:
    names = [name for name in kind.__struct_fields__ if name in query.selected_columns]
    return [kind(**{n: getattr(row, n) for n in names}) for row in tx.execute(query)]


def templates(tx: Connection) -> list[Template]:
    """By name, those that are gone last; empty as long as the platform was never read."""
    t = schema.templates
    return _rows(tx, Template, select(t).order_by(t.c.gone_at.is_not(None), t.c.name))


def members(tx: Connection, account_id: str) -> list[Member]:
    m = schema.board_members
    return _rows(tx, Member, select(m).where(m.c.account_id == account_id).order_by(m.c.name, m.c.member_id))


def provisioned(tx: Connection, account_id: str) -> dict[str, str]:
    """How members stand on the interview platform, by member id."""
    p = schema.platform_members.c
    query = select(p.member_id, p.state).where(p.account_id == account_id)
    return {row.member_id: row.state for row in tx.execute(query)}


def rules(tx: Connection, account_id: str) -> dict[str, Rule]:
    """The mappings that count now, by job ('' the account's default)."""
    m = schema.mappings.c
    query = select(m.mapping_id).where(m.account_id == account_id, m.replaced_at.is_(None))
    found = [mappings.get(tx, mapping_id) for mapping_id in tx.execute(query).scalars().all()]
    return {rule.job_shortcode: rule for rule in found}


def invites(
    tx: Connection, account_id: str, *, states: Iterable[str] | None = None, limit: int = 200
) -> list[InviteRow]:
    """The newest first."""
    i = schema.invites
    query = select(i).where(i.c.account_id == account_id).order_by(i.c.invite_id.desc()).limit(limit)
    if states is not None:
        query = query.where(i.c.state.in_(list(states)))
    held = _held(tx, account_id)
    return [
        msgspec.structs.replace(row, **held.get(row.invite_id, {})) for row in _rows(tx, InviteRow, query)
    ]


def _held(tx: Connection, account_id: str) -> dict[int, dict[str, Any]]:
    """What there is to say of invites that were not sent yet."""
    e = schema.effects.c
    query = select(e.effect_id, e.kind, e.candidate_id, e.invite_id, e.state, e.reason, e.sentence).where(
        e.account_id == account_id, e.state.in_([*PROBLEMS, *UNDER_WAY]), e.kind == "invite"
    )
    held = holds.load(tx, account_id)
    return {
        row.invite_id: {"problem": held.of(row), "asks": row.effect_id if row.state in PROBLEMS else None}
        for row in tx.execute(query)
    }


def pushes(
    tx: Connection, account_id: str, *, states: Sequence[str] | None = None, limit: int = 200
) -> list[Push]:
    """What has a problem first, then what is under way, then what is over; the newest of each first."""
    found: list[Push] = []
    for group in (PROBLEMS, UNDER_WAY, OVER):
        of_group: list[Push] = []
        for state in group:
            if (states is None or state in states) and len(found) < limit:
                of_group += _newest(tx, account_id, state, limit - len(found))
        found += sorted(of_group, key=lambda push: -push.effect_id)[: limit - len(found)]
    held = holds.load(tx, account_id)
    return [_with_hold(push, held) for push in found]


def _newest(tx: Connection, account_id: str, state: str, limit: int) -> list[Push]:
    """Of one state, which the index gives in order; of several, all would be sorted."""
    e = schema.effects
    query = select(e).where(e.c.account_id == account_id, e.c.state == state)
    return _rows(tx, Push, query.order_by(e.c.effect_id.desc()).limit(limit))


def _with_hold(push: Push, held: Holds) -> Push:
    return msgspec.structs.replace(push, hold=held.of(push), is_held_up=held.is_behind(push))


def attempts(tx: Connection, effect_ids: Sequence[int]) -> list[Attempt]:
    """Of these pushes, in the order of sending."""
    t = schema.attempts
    query = select(t).where(t.c.effect_id.in_(effect_ids)).order_by(t.c.sent_at, t.c.attempt_id)
    return _rows(tx, Attempt, query)


def counts(tx: Connection, account_id: str, now: datetime) -> Counts:
    e = schema.effects.c
    open_ones = select(e.state, func.count()).where(
        e.account_id == account_id, e.state.in_([*PROBLEMS, *UNDER_WAY])
    )
    by_state = _counted(tx, open_ones.group_by(e.state))
    day = today(tx, now).get(account_id, Today())
    return Counts(
        invited_today=day.invited,
        results_today=day.results,
        waiting=sum(by_state.get(state, 0) for state in UNDER_WAY if state != EffectState.UNKNOWN),
        parked=by_state.get(EffectState.PARKED, 0),
        failed=by_state.get(EffectState.FAILED, 0),
        unknown=by_state.get(EffectState.UNKNOWN, 0),
    )


def today(tx: Connection, now: datetime) -> dict[str, Today]:
    """Of every customer to whom something happened since midnight UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    i = schema.invites.c
    invited = _by_account(tx, i.invited_at >= midnight)
    results = _by_account(tx, i.ended_at >= midnight, i.state == "completed")
    return {one: Today(invited.get(one, 0), results.get(one, 0)) for one in invited.keys() | results.keys()}


def _by_account(tx: Connection, *which: Any) -> dict[str, int]:
    """Counted here: grouped by the database, every invite would be read along another index."""
    return Counter(tx.execute(select(schema.invites.c.account_id).where(*which)).scalars())


def _counted(tx: Connection, query: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in tx.execute(query)}


def reach(tx: Connection, account_id: str, job_shortcode: str, stage_name: str, now: datetime) -> Reach:
    """Whom a mapping of that stage concerns: of the job; for '' of live jobs that follow the default."""
    j = schema.board_jobs.c
    query = select(j.shortcode, j.stage_counts).where(j.account_id == account_id)
    if job_shortcode:
        query = query.where(j.shortcode == job_shortcode)
    else:
        own = rules(tx, account_id).keys() - {DEFAULT}
        query = query.where(j.state.in_(("published", "closed")), j.is_sample.is_(False))
        query = query.where(j.shortcode.not_in(own))
    in_stage = {row.shortcode: row.stage_counts.get(stage_name, 0) for row in tx.execute(query)}
    entered = _entered(tx, account_id, in_stage, stage_name, now)
    return Reach(sum(in_stage.values()), entered, len(in_stage), _young_since(tx, account_id, now))


def _young_since(tx: Connection, account_id: str, now: datetime) -> datetime | None:
    a = schema.accounts.c
    first = func.coalesce(a.baseline_at, a.connected_at, type_=a.connected_at.type)
    since: datetime = tx.execute(select(first).where(a.account_id == account_id)).scalar_one()
    return since if since > now - RECENT else None


def _entered(tx: Connection, account_id: str, jobs: Iterable[str], stage_name: str, now: datetime) -> int:
    e = schema.events.c
    query = select(func.count()).where(
        e.account_id == account_id, e.to_stage == stage_name, e.job_shortcode.in_(list(jobs)),
        e.occurred_at >= now - RECENT,
    )  # fmt: skip
    return int(tx.execute(query).scalar_one())
