"""Hides tokens, registered secrets and e-mail addresses in everything that is logged or shown."""

import logging
import re
import threading

HIDDEN = "[hidden]"
SHORTEST_SECRET = 4

_BEARER = re.compile(r"(?i)\b(bearer\s+|token\s*[=:]\s*)[\w.~+/=-]{8,}")
# Lengths are bounded so that a long run without "@" costs linear, not quadratic time.
_EMAIL = re.compile(r"(?i)[\w.%+'-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")

_lock = threading.Lock()
_secrets: tuple[str, ...] = ()


def hide(secret: str) -> None:
    """From now on `redact` blanks this value wherever it occurs, in this process."""
    global _secrets  # noqa: PLW0603 - secrets are known to the whole process, as the log is
    if len(secret) < SHORTEST_SECRET:
        return
    with _lock:
        _secrets = tuple(sorted({*_secrets, secret}, key=len, reverse=True))


def redact(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    return _EMAIL.sub("[e-mail]", text)


class RedactingFilter(logging.Filter):
    """Add it to every handler: it rewrites the message, its arguments and the traceback."""

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = ()
        if record.exc_info:
            record.exc_text = redact(self._formatter.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
