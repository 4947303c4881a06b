"""One look at the interview platform: what became of interviews, who applied, which templates there are."""

import logging
from collections.abc import Callable
from datetime import timedelta

from agent.errors import AgentError, NeedsPerson, Stopped
from agent.flows import applicants, results, templates
from agent.platform import Platform
from agent.work import Tools
from storage.ledger import marks, problems

log = logging.getLogger(__name__)
TEMPLATES_AT = "platform:templates"
EVERYONE = ""  # a problem of no account in particular
UNREACHABLE = "platform"


def look(tools: Tools, platform: Platform) -> None:
    """Read what is new. Trouble is shown and passes with the next look that works (behaviours B12)."""
    steps: list[Callable[[], object]] = [
        lambda: results.take_callbacks(tools, platform),
        lambda: results.poll(tools, platform),
        lambda: applicants.receive(tools, platform),
        lambda: _read_templates(tools, platform),
    ]
    trouble = None
    for step in steps:  # each on its own: trouble with one must not keep results from coming in
        try:
            step()
        except Stopped:
            raise
        except AgentError as error:
            log.warning("the interview platform: %s", error.sentence)
            trouble = trouble or error
    _tell(tools, trouble)


def _tell(tools: Tools, trouble: AgentError | None) -> None:
    with tools.ledger.write() as tx:
        if trouble is None:
            problems.resolve(tx, EVERYONE, UNREACHABLE, now=tools.clock())
        else:
            problems.report(
                tx, EVERYONE, UNREACHABLE, trouble.sentence,
                now=tools.clock(), needs_person=isinstance(trouble, NeedsPerson),
            )  # fmt: skip


def _read_templates(tools: Tools, platform: Platform) -> None:
    every = timedelta(seconds=tools.settings.metadata_seconds)
    with tools.ledger.read() as tx:
        read_at = marks.read(tx, TEMPLATES_AT)
    if read_at is not None and tools.clock() - read_at < every:
        return
    templates.read(tools.ledger, platform, tools.clock)
    with tools.ledger.write() as tx:
        marks.advance(tx, TEMPLATES_AT, tools.clock())
