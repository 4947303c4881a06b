"""Publishes the mirror together with the reportable part of the ledger."""

import logging

from agent.work import Tools
from storage import publish as store
from storage import reports
from storage.publish import Published

log = logging.getLogger(__name__)


def publish(tools: Tools) -> Published:
    """Raises StorageProblem; readers then keep the version they have."""
    settings = tools.settings
    with tools.ledger.read() as tx:
        tables = reports.tables(tx)
    done = store.publish(
        tools.mirror,
        settings.published_dir,
        reports=tables,
        comments=reports.comments(),
        now=tools.clock(),
        keep=settings.keep_published,
    )
    log.info("published version %d, %d bytes, %.2f s", done.number, done.bytes, done.seconds)
    return done
