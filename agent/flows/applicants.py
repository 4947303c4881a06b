"""People who began an interview from a job's open link become candidates in Workable, each once."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from agent.platform import Applicant, Platform
from agent.work import Tools
from storage import references
from storage.ledger import applicants, mappings, marks, outbox
from storage.ledger.applicants import State
from storage.ledger.audit import SYSTEM
from storage.ledger.mappings import Rule
from storage.ledger.outbox import EffectKind, NewEffect, SendLane

log = logging.getLogger(__name__)
MARK = "platform:applicants"


def receive(tools: Tools, platform: Platform) -> int:
    """Take who has applied since the last time; how many are new. Raises AgentError.

    When a job has come to be known for which people had applied, everybody is read again.
    """
    overlap = timedelta(seconds=tools.settings.overlap_seconds)
    with tools.ledger.read() as tx:
        after = marks.read(tx, MARK)
        homes = applicants.homes(tx, applicants.unplaced_jobs(tx))
    placed = [shortcode for shortcode, found in homes.items() if len(found) == 1]
    began, new = None, 0
    for page in platform.applicants(None if placed else after):
        began = began or (platform.server_now() or tools.clock()) - overlap
        if page.bad_rows:
            log.warning("%d applicants could not be read and were left out", page.bad_rows)
        new += _take(tools, page)
    with tools.ledger.write() as tx:
        applicants.give_up(tx, placed, "The platform no longer tells of this person.")
        if began is not None:
            marks.advance(tx, MARK, began)
    return new


def _take(tools: Tools, page: Sequence[Applicant]) -> int:
    with tools.ledger.write() as tx:
        homes = applicants.homes(tx, {one.job_shortcode for one in page})
        return sum(_take_one(tx, tools, one, homes.get(one.job_shortcode, [])) for one in page)


def _take_one(tx: Connection, tools: Tools, applicant: Applicant, homes: list[str]) -> bool:
    """Judged by the mapping that counted when the person applied, so that switching on imports nobody old."""
    account_id = homes[0] if len(homes) == 1 else None
    rule = None
    if account_id is not None:
        rule = mappings.in_force(tx, account_id, applicant.job_shortcode, applicant.created_at)
    state, sentence = _judged(homes, rule)
    is_new = applicants.note(
        tx,
        applicants.Applicant(
            applicant.applicant_id, account_id, applicant.job_shortcode, None, state, sentence, tools.clock()
        ),
    )
    if is_new and account_id is not None and rule is not None and state == "planned":
        _plan(tx, tools, account_id, applicant, is_sourced=rule.applicants == "sourced")
    return is_new


def _judged(homes: list[str], rule: Rule | None) -> tuple[State, str | None]:
    if not homes:
        return "unknown_job", "No connected account has this job."
    if len(homes) > 1:
        return "ambiguous", f"More than one account has this job: {', '.join(homes)}."
    if rule is None or rule.stage is None:
        return "off", "No stage of the job was mapped when the person applied."
    if rule.applicants == "off":
        return "off", "The job's mapping took no applicants when the person applied."
    return "planned", None


def _plan(tx: Connection, tools: Tools, account_id: str, applicant: Applicant, *, is_sourced: bool) -> None:
    key = references.key(account_id, applicant.applicant_id, EffectKind.CREATE_CANDIDATE)
    payload = {
        "applicant_id": applicant.applicant_id,
        "job_shortcode": applicant.job_shortcode,
        "person": _person(applicant),
        "sourced": is_sourced,
    }
    new = NewEffect(
        account_id=account_id,
        kind=EffectKind.CREATE_CANDIDATE,
        lane=SendLane.INVITES,
        effect_key=key,
        mark=references.mark(key),
        payload=payload,
        actor=SYSTEM,
    )
    outbox.plan(tx, new, tools.clock())


def _person(applicant: Applicant) -> dict[str, str]:
    """As Workable's create call names the fields."""
    fields = {
        "firstname": applicant.first_name,
        "lastname": applicant.last_name,
        "email": applicant.email,
        "phone": applicant.phone,
        "resume_url": applicant.resume_url,
    }
    return {name: value for name, value in fields.items() if value}
