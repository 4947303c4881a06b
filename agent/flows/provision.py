"""Makes members of the hiring team members of the interview platform, and ends those who are gone (B45)."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import Connection

from agent.errors import BadAnswer
from agent.flows.pipelines import whole
from agent.work import Work
from agent.workable import Listing
from storage import references
from storage.ledger import interventions, outbox, platform_members
from storage.ledger.audit import SYSTEM
from storage.ledger.outbox import EffectKind, EffectState, NewEffect, SendLane
from storage.ledger.platform_members import PlatformMember
from storage.records import Member, Recruiter

T = TypeVar("T")
RECRUITER = "recruiter:"  # begins the id here of people of an external agency
# The strongest first. Roles of the HR product open no door to interviews.
ROLES = {
    "workable.superadmin": "admin",
    "ats.admin": "admin",
    "ats.simple": "reviewer",
    "ats.reviewer": "viewer",
}
ADMIN = "admin"
STUCK = (EffectState.FAILED, EffectState.PARKED)
STAYS = ("none", "keep")  # changes that need nothing to be done


class Change(msgspec.Struct, frozen=True):
    """What is to happen to one person; no name, so that it may be stored and published.

    `role_there` is Workable's, `role_here` the platform's once it is done; keep: the last admin stays.
    """

    member_id: str
    role_there: str | None
    role_here: str
    change: Literal["add", "change", "remove", "keep", "none"]


class Person(msgspec.Struct, frozen=True):
    """Somebody who belongs on the platform."""

    member_id: str
    email: str
    name: str
    role_there: str
    role: str


class Step(msgspec.Struct, frozen=True):
    """A change with what it takes: who is wanted (None: nobody any more) and who is on the platform."""

    change: Change
    person: Person | None
    present: PlatformMember | None


def preview(work: Work, *, recruiters: bool = False) -> list[Change]:
    """What `provision` would do now. Raises AgentError when the members cannot all be read."""
    people = _people(work, with_recruiters=recruiters)
    with work.tools.ledger.read() as tx:
        return [step.change for step in _steps(tx, work.account_id, people)]


def provision(work: Work, *, recruiters: bool = False, actor: str = SYSTEM) -> list[Change]:
    """Plan what is to be done on the platform; every change that is wanted, those under way too.

    External recruiters only when asked for; those who were asked for before stay without being asked again.
    A change that was dropped or refused is tried again when somebody asks, not when the agent repeats it.
    """
    _ = work.platform  # raises when there is none
    people = _people(work, with_recruiters=recruiters)
    with work.ledger_write() as tx:
        steps = [step for step in _steps(tx, work.account_id, people) if step.change.change not in STAYS]
        stays = {_same(person.email) for person in people}
        for step in steps:
            _plan(tx, work, step, stays, actor)
        return [step.change for step in steps]


def _people(work: Work, *, with_recruiters: bool) -> list[Person]:
    """Each address once; a member counts before a recruiter."""
    with work.tools.ledger.read() as tx:
        known = {row.member_id for row in platform_members.listing(tx, work.account_id) if row.is_active}
    agents = {one.removeprefix(RECRUITER) for one in known if one.startswith(RECRUITER)}
    staff = {one for one in known if not one.startswith(RECRUITER)}
    members = _listed(work.workable.members, "members", staff, lambda one: one.member_id)
    if not members:
        raise BadAnswer("Workable listed no members at all, which cannot be. Nothing was changed.")
    found = [person for member in members if (person := _person(member))]
    if with_recruiters or agents:
        everyone = _listed(work.workable.recruiters, "recruiters", agents, lambda one: one.recruiter_id)
        agency = [one for one in everyone if with_recruiters or one.recruiter_id in agents]
        found += [_recruiter(one, one.email) for one in agency if one.email]
    return list({_same(person.email): person for person in reversed(found)}.values())[::-1]


def _same(email: str) -> str:
    """Equal for addresses that are the same."""
    return email.strip().casefold()


def _listed(read: Callable[[], Listing[T]], what: str, known: set[str], key: Callable[[T], str]) -> list[T]:
    """The list; who is missing from it and was there before has to be missing twice, once may be a slip."""
    first = whole(read(), what)
    if known <= {key(one) for one in first}:
        return first
    return list({key(one): one for one in [*first, *whole(read(), what)]}.values())


def _recruiter(one: Recruiter, email: str) -> Person:
    return Person(RECRUITER + one.recruiter_id, email, one.name, "external recruiter", "viewer")


def _person(member: Member) -> Person | None:
    """None for whom the platform is not: inactive, without an address, or not in the hiring product."""
    there = next((role for role in ROLES if role in member.roles), None)
    if there is None or not member.is_active or not member.email:
        return None
    return Person(member.member_id, member.email, member.name, there, ROLES[there])


def _steps(tx: Connection, account_id: str, people: Sequence[Person]) -> list[Step]:
    everyone = platform_members.active(tx)
    rows = {row.member_id: row for row in platform_members.listing(tx, account_id)}
    wanted = {person.member_id for person in people}
    steps = []
    for person in people:
        steps.append(_step(person, rows.get(person.member_id), everyone))
        everyone = _left(everyone, steps[-1])
    for row in rows.values():
        if row.is_active and row.member_id not in wanted:
            steps.append(_ending(row, everyone))
            everyone = _left(everyone, steps[-1])
    return steps


def _left(everyone: list[PlatformMember], step: Step) -> list[PlatformMember]:
    """Those whose membership the step leaves as it is."""
    touches = step.change.change in ("change", "remove")
    return [one for one in everyone if one != step.present] if touches else everyone


def _step(person: Person, present: PlatformMember | None, everyone: list[PlatformMember]) -> Step:
    change: Literal["add", "change", "keep", "none"] = "none"
    role = person.role
    if present is None or not present.is_active:
        change = "add"
    elif _has_new_address(person, present):
        change = "change"
    elif present.role != role:
        change = "keep" if _is_last_admin(present, everyone) else "change"
        role = present.role if change == "keep" else role
    return Step(Change(person.member_id, person.role_there, role, change), person, present)


def _ending(present: PlatformMember, everyone: list[PlatformMember]) -> Step:
    keeps = _is_last_admin(present, everyone)
    change = Change(present.member_id, None, present.role, "keep" if keeps else "remove")
    return Step(change, None, present)


def _is_last_admin(present: PlatformMember, everyone: list[PlatformMember]) -> bool:
    """As far as this product knows; the platform, which knows of others, refuses the last one too."""
    others = [one for one in everyone if one.role == ADMIN and one.email != present.email]
    return present.role == ADMIN and not any(one.state == "active" for one in others)


def _plan(tx: Connection, work: Work, step: Step, stays: set[str], actor: str) -> None:
    """`stays` are addresses of people who are wanted."""
    present, person = step.present, step.person
    if present is not None and (person is None or _has_new_address(person, present)):
        _plan_end(tx, work, present, stays, actor)
    if person is not None:
        payload = {
            "member_id": person.member_id,
            "email": person.email,
            "name": person.name,
            "role": person.role,
        }
        _plan_effect(tx, work, EffectKind.PUT_MEMBER, payload, present=present, actor=actor)


def _has_new_address(person: Person, present: PlatformMember) -> bool:
    return present.is_active and _same(present.email) != _same(person.email)


def _plan_end(tx: Connection, work: Work, present: PlatformMember, stays: set[str], actor: str) -> None:
    """Who goes on under another id here, or through another account, stays on the platform."""
    elsewhere = {_same(one.email) for one in platform_members.active(tx) if one.account_id != work.account_id}
    if _same(present.email) in stays | elsewhere:
        platform_members.end(
            tx, work.account_id, present.member_id, email=present.email, state="deactivated",
            sentence="Stays on the platform under another id or through another account.", now=work.now(),
        )  # fmt: skip
        return
    payload = {"member_id": present.member_id, "email": present.email}
    _plan_effect(tx, work, EffectKind.DEACTIVATE_MEMBER, payload, present=present, actor=actor)


def _plan_effect(
    tx: Connection,
    work: Work,
    kind: EffectKind,
    payload: dict[str, Any],
    *,
    present: PlatformMember | None,
    actor: str,
) -> None:
    """The same change may be needed again later: the key counts from the person's last change."""
    last = "" if present is None else present.changed_at.isoformat()
    parts = [work.account_id, kind, *sorted(payload.values()), last]
    key = references.key(*parts) if actor == SYSTEM else _after_dropped(tx, parts)
    before = outbox.by_key(tx, key)
    if before is not None and before.state in STUCK and actor != SYSTEM:
        interventions.retry(tx, before.effect_id, actor=actor, now=work.now())
    new = NewEffect(
        account_id=work.account_id,
        kind=kind,
        lane=SendLane.NOTES,
        effect_key=key,
        mark=references.mark(key),
        payload=payload,
        actor=actor,
    )
    outbox.plan(tx, new, work.now())


def _after_dropped(tx: Connection, parts: Sequence[str | int]) -> str:
    """The first key of the change under which none was dropped."""
    key, number = references.key(*parts), 0
    while (before := outbox.by_key(tx, key)) is not None and before.state == EffectState.CANCELLED:
        number += 1
        key = references.key(*parts, number)
    return key


def told(changes: Sequence[Change], *, is_preview: bool) -> tuple[str, dict[str, Any]]:
    """A sentence for staff, and the changes as data."""
    counts = {
        kind: sum(one.change == kind for one in changes) for kind in ("add", "change", "remove", "keep")
    }
    words = {
        "add": "to add",
        "change": "to change",
        "remove": "to take off",
        "keep": "kept as the last admin",
    }
    parts = [f"{counts[kind]} {words[kind]}" for kind in words if counts[kind]]
    if not parts:
        sentence = "Everybody stands on the interview platform as they should."
    else:
        end = "Nothing was changed." if is_preview else "They are on their way to the interview platform."
        sentence = f"Members: {', '.join(parts)}. {end}"
    return sentence, {"changes": [msgspec.to_builtins(one) for one in changes]}
