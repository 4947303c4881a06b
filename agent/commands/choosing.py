"""Finds what was typed, such as a job, a stage or a template, among what there is; never guesses."""

import threading
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from agent.errors import UsageProblem
from agent.flows import templates as reading
from agent.output import Output
from agent.platform import open_platform
from storage.clock import utc_now
from storage.ledger import schema, templates
from storage.ledger.database import Ledger
from storage.ledger.mappings import DEFAULT
from storage.settings import Settings

LISTED = 20
NONE = "none"


class Choice(msgspec.Struct, frozen=True):
    """Something that can be chosen: what it is called by machines, by slug if it has one, and by people."""

    key: str
    name: str
    slug: str | None = None

    def __str__(self) -> str:
        parts = [part for part in (self.slug, self.key) if part is not None]
        return f"{self.name!r} ({', '.join(dict.fromkeys(parts))})"


def job(tx: Connection, account_id: str, typed: str | None) -> Choice:
    """The account's default when nothing was typed. Raises UsageProblem."""
    if typed is None:
        return Choice(DEFAULT, "any job")
    j = schema.board_jobs.c
    query = select(j.shortcode, j.title).where(j.account_id == account_id).order_by(j.title, j.shortcode)
    found = [Choice(row.shortcode, row.title) for row in tx.execute(query)]
    fits = [one for one in found if one.key.casefold() == typed.strip().casefold()]
    return _only(fits, found, typed, f"job in {account_id}", "Jobs are read by 'python -m agent sync'.")


def stage(tx: Connection, account_id: str, of: Choice, typed: str) -> Choice | None:
    """A stage of the job's pipeline; None for the word none. Raises UsageProblem."""
    if typed.strip().casefold() == NONE:
        return None
    s = schema.board_stages.c
    mine = (s.account_id == account_id, s.job_shortcode == of.key)
    rows = tx.execute(select(s.stage_id, s.name, s.slug).where(*mine).order_by(s.position))
    found = [Choice(*row) for row in rows]
    where = f"stage of {of}" if of.key else "stage in the account's default pipeline"
    return _only(_fits(found, typed), found, typed, where, "Pipelines are read by 'python -m agent sync'.")


def template(settings: Settings, ledger: Ledger, typed: str, output: Output) -> Choice:
    """An interview of the platform, by id or name. Raises UsageProblem, and what reading it raises."""
    found = _templates(ledger)
    if not _fits(found, typed) and _read_templates(settings, ledger):
        found = _templates(ledger)
    if not found and not settings.platform_url:
        output.say("No interview platform is set yet, so the template could not be checked.")
        return Choice(typed, typed)
    return _only(_fits(found, typed), found, typed, "interview template on the platform", "")


def _templates(ledger: Ledger) -> list[Choice]:
    with ledger.read() as tx:
        return [Choice(one.template_id, one.name) for one in templates.listing(tx)]


def _read_templates(settings: Settings, ledger: Ledger) -> bool:
    platform = open_platform(settings, stop=threading.Event())
    if platform is None:
        return False
    try:
        reading.read(ledger, platform, utc_now)
    finally:
        platform.close()
    return True


def member(tx: Connection, account_id: str, typed: str, output: Output) -> str:
    """The id of an active member. Raises UsageProblem, which names ids and roles alone."""
    m = schema.board_members.c
    rows = tx.execute(select(m.member_id, m.role, m.is_active).where(m.account_id == account_id)).all()
    if not rows:
        output.say("The account's members are not known here, so the member could not be checked.")
        return typed
    active = {row.member_id: row.role or "no role" for row in rows if row.is_active}
    if typed not in active:
        listed = ", ".join(f"{key} ({role})" for key, role in sorted(active.items())[:LISTED])
        raise UsageProblem(
            f"{typed!r} is no active member of {account_id}. There are: {listed}. "
            f"'python -m agent members --account {account_id}' shows who they are."
        )
    return typed


def _fits(found: Sequence[Choice], typed: str) -> list[Choice]:
    """By key; else everything of that slug or, whatever its case, that name."""
    wanted = typed.strip()
    by_key = [one for one in found if one.key == wanted]
    names = (wanted.casefold(), " ".join(wanted.casefold().split()))
    return by_key or [one for one in found if wanted == one.slug or one.name.strip().casefold() in names]


def _only(fits: Sequence[Choice], found: Sequence[Choice], typed: str, what: str, hint: str) -> Choice:
    if len(fits) == 1:
        return fits[0]
    if fits:
        listed = " and ".join(str(one) for one in fits)
        raise UsageProblem(f"{typed!r} fits {listed}. Name the one that is meant by its id.")
    if not found:
        raise UsageProblem(f"There is no {what} yet, so {typed!r} cannot be chosen. {hint}".rstrip())
    listed = ", ".join(str(one) for one in found[:LISTED])
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    raise UsageProblem(f"There is no {what} that {typed!r} names. There are: {listed}{more}.")
