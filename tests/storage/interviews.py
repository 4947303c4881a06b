"""Invented invites, pushes and mappings in a ledger, for the tests of what people read and do about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from storage import references
from storage.ledger import board, decisions, invites, mappings, outbox, schema
from storage.ledger.board import BoardJob, BoardStage
from storage.ledger.decisions import Decision, Outcome
from storage.ledger.invites import NewInvite
from storage.ledger.mappings import Changes
from storage.ledger.outbox import EffectKind, EffectState, NewEffect, SendLane
from tests.storage.ledgers import NOON, connect

STAGES = (("s1", "applied", "Applied"), ("s2", "screen", "Screen"), ("s3", "offer", "Offer"))
SECRET = "Said in confidence"


def account(tx: Connection, account_id: str = "acme", *, at: datetime = NOON) -> None:
    """Connected, with the jobs J1 (live), J2 (live) and J3 (archived), each with three stages."""
    connect(tx, account_id, at=at)
    jobs = [
        BoardJob("J1", "Baker", "published", None, False, 9, {"Applied": 4, "Screen": 5}),
        BoardJob("J2", "Cook", "closed", None, False, 2, {"Screen": 2}),
        BoardJob("J3", "Waiter", "archived", None, False, 7, {"Screen": 7}),
    ]
    stages = [
        BoardStage(job, stage_id, slug, name, "x", place)
        for job in ("", "J1", "J2", "J3")
        for place, (stage_id, slug, name) in enumerate(STAGES)
    ]
    board.replace(tx, account_id, jobs, stages)


def mapped(tx: Connection, job: str = "", stage: str | None = "s2", *, at: datetime = NOON) -> None:
    tx.execute(
        schema.templates.insert()
        .prefix_with("OR IGNORE")
        .values(template_id="t1", name="First interview", seen_at=NOON)
    )
    changes = Changes(template_id="t1")
    mappings.save(tx, "acme", job, stage, changes, actor="ann@example.com", now=at)


def invited(
    tx: Connection, candidate_id: str = "c1", *, account_id: str = "acme", at: datetime = NOON, **values: Any
) -> int:
    """An invite of that candidate to J1; `values` are columns to set."""
    external = references.key(account_id, candidate_id)[:12]
    invite_id = invites.plan(
        tx,
        NewInvite(
            account_id=account_id, candidate_id=candidate_id, job_shortcode="J1", template_id="t1", round=1,
            mapping_id=1, external_id=external, email_digest="d", stage_id="s2", stage_slug="screen",
            stage_name="Screen", entered_at=at, planned_at=at, actor="intrvio",
        ),
    )  # fmt: skip
    assert invite_id is not None
    if values:
        invites.update(tx, invite_id, **values)
    return invite_id


def pushed(
    tx: Connection,
    kind: EffectKind = EffectKind.INVITE,
    state: EffectState = EffectState.PLANNED,
    *,
    account_id: str = "acme",
    candidate_id: str = "c1",
    invite_id: int | None = None,
    at: datetime = NOON,
    sentence: str | None = None,
) -> int:
    key = references.key(account_id, candidate_id, kind, state, invite_id or 0)
    new = NewEffect(
        account_id=account_id, kind=kind, lane=SendLane.INVITES, effect_key=key, mark=references.mark(key),
        payload={"said": SECRET}, actor="intrvio", candidate_id=candidate_id, invite_id=invite_id,
        state=state, sentence=sentence,
    )  # fmt: skip
    effect_id = outbox.plan(tx, new, at)
    assert effect_id is not None
    return effect_id


def decided(
    tx: Connection, outcome: Outcome, sentence: str, *, candidate_id: str = "c1", at: datetime = NOON
) -> None:
    decision = Decision(
        activity_id=f"a-{candidate_id}", candidate_id=candidate_id, kind="moved", job_shortcode="J1",
        stage_slug="screen", stage_name="Screen", entered_at=at, decided_at=at, outcome=outcome,
        reason="reason", sentence=sentence,
    )  # fmt: skip
    decisions.add(tx, "acme", decision)
