"""Turns decisions and results into rows: the invite with its effects, and what a result writes back."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from agent.effects import waited
from agent.effects.planning import Asking, plan_effect, plan_end_note
from agent.rules import scores
from storage import references
from storage.ledger import holding, invites, outbox
from storage.ledger.audit import SYSTEM
from storage.ledger.invites import Invite, NewInvite
from storage.ledger.mappings import Rule
from storage.ledger.outbox import EffectKind, EffectState
from storage.records import Candidate, StageRef

__all__ = ["Asking", "Occasion", "Score", "plan_effect", "plan_end_note", "plan_invite", "plan_result"]


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What leads to an invite: who, for which job, under which rule, and the stage entered.

    `round` counts the invites of one application to one interview; only a person begins another (B03).
    """

    account_id: str
    candidate: Candidate
    job_shortcode: str
    job_title: str
    rule: Rule
    stage: StageRef
    entered_at: datetime
    round: int = 1
    actor: str = SYSTEM


def plan_invite(
    tx: Connection,
    occasion: Occasion,
    *,
    callback_url: str | None,
    now: datetime,
    asking: Asking | None = None,
) -> int | None:
    """The invite with its two effects; None when this round was planned before.

    The rule must name a template and the candidate an e-mail address.
    """
    candidate, template = occasion.candidate, occasion.rule.template_id
    if template is None or candidate.email is None:
        raise ValueError("an invite needs a template and an e-mail address")
    external_id = _external_id(occasion, template)
    invite_id = invites.plan(
        tx,
        NewInvite(
            account_id=occasion.account_id,
            candidate_id=candidate.candidate_id,
            job_shortcode=occasion.job_shortcode,
            template_id=template,
            round=occasion.round,
            mapping_id=occasion.rule.mapping_id,
            external_id=external_id,
            email_digest=references.email_digest(occasion.account_id, candidate.email),
            stage_id=occasion.stage.stage_id,
            stage_slug=occasion.stage.slug,
            stage_name=occasion.stage.name,
            entered_at=occasion.entered_at,
            planned_at=now,
            actor=occasion.actor,
        ),
    )
    if invite_id is None:
        return None
    invite = invites.get(tx, invite_id)
    body = _body(occasion, template, external_id, callback_url)
    key = references.key(occasion.account_id, external_id, "invite")
    plan_effect(tx, invite, EffectKind.INVITE, {"body": body, "key": key}, now=now, asking=asking)
    plan_effect(tx, invite, EffectKind.INVITE_NOTE, {}, now=now)
    return invite_id


def _external_id(occasion: Occasion, template: str) -> str:
    """What the platform knows the invite by; it tells nothing of the person."""
    parts = (occasion.account_id, occasion.candidate.candidate_id, occasion.job_shortcode, template)
    return f"ivw-{references.key(*parts, occasion.round)[:32]}"


def _body(occasion: Occasion, template: str, external_id: str, callback_url: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "template_id": template,
        "job_shortcode": occasion.job_shortcode,
        "job_title": occasion.job_title,
        "external_id": external_id,
        "candidate": waited.person(occasion.candidate),
    }
    return body | ({"callback_url": callback_url} if callback_url else {})


class Score(msgspec.Struct, frozen=True):
    """What a result says, as far as it decides what is written back."""

    revision: int
    score: int
    grade: str


def plan_result(tx: Connection, invite: Invite, rule: Rule, score: Score, now: datetime) -> None:
    """Rating, comment and move for one revision; what an earlier revision still had to do is given up.

    Who was moved by an earlier one is not moved again: where to go from there is for people to decide.
    """
    superseded = _supersede(tx, invite, score.revision, now)
    grade = scores.grade(score.score, rule.scale, rule.thresholds)
    rating = {"scale": rule.scale, "grade": grade, "stage_id": invite.stage_id}
    plan_effect(tx, invite, EffectKind.RATING, rating, now=now, revision=score.revision)
    told = None if rule.visibility is None else list(rule.visibility)
    comment = {"policy": told, "supersedes": superseded}
    plan_effect(tx, invite, EffectKind.RESULT_COMMENT, comment, now=now, revision=score.revision)
    passed = scores.has_passed(score.score, score.grade, rule.pass_score)
    is_told = rule.pass_score is not None or bool(score.grade)  # else nothing says whether it is a pass
    stage = rule.pass_stage if passed else rule.fail_stage
    if stage is not None and is_told and not holding.was_moved(tx, invite.invite_id):
        move = {"stage": msgspec.to_builtins(stage), "passed": passed}
        plan_effect(tx, invite, EffectKind.MOVE, move, now=now, revision=score.revision)


def _supersede(tx: Connection, invite: Invite, revision: int, now: datetime) -> int | None:
    """Drop what older revisions have not sent yet; the newest revision of which something was written."""
    written = None
    for effect in outbox.of_invite(tx, invite.invite_id):
        if not 0 < effect.revision < revision:
            continue
        sentence = f"The platform has sent revision {revision} of the result."
        if outbox.drop(tx, effect.effect_id, "superseded", sentence, now):
            continue
        if effect.kind == EffectKind.RESULT_COMMENT and effect.state != EffectState.CANCELLED:
            written = effect.revision
    return written
