"""Logging: plain lines on a terminal, one JSON object a line elsewhere; secrets never get through."""

import json
import logging
import sys
from datetime import UTC, datetime

from agent.redaction import RedactingFilter
from storage.settings import Settings


class JsonLines(logging.Formatter):
    """Keys: at (UTC), level, logger, message, and error for a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(settings: Settings) -> None:
    """Log to stderr; stdout belongs to what a command answers."""
    handler = logging.StreamHandler(sys.stderr)
    is_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines() if is_json else plain)
    handler.addFilter(RedactingFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    if settings.log_level != "debug":  # a line for each call is for those who look for something
        logging.getLogger("agent.transport").setLevel(logging.WARNING)
    for noisy in ("alembic", "httpx", "httpcore", "schedule"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
