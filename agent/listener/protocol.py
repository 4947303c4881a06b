"""One connection to the listener: it keeps quiet, and ends when its sender takes too long to ask."""

import asyncio
import logging
import time
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)
HEADER_SECONDS = 10.0
TELL_SECONDS = 60.0


class Malformed:
    """Counts requests that are no HTTP and logs their number at most once a minute; used by one thread."""

    def __init__(self) -> None:
        self._untold = 0
        self._told_at: float | None = None

    def count(self) -> None:
        self._untold += 1
        if self._told_at is None or time.monotonic() - self._told_at >= TELL_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Log what has not been told yet, if anything."""
        if self._untold:
            log.warning("Malformed requests since this was last told, refused: %d", self._untold)
            self._told_at = time.monotonic()
            self._untold = 0


class Config(uvicorn.Config):
    """Connections share `malformed`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.malformed = Malformed()


class Connection(H11Protocol):
    """Keeps no access log, whatever becomes of the loggers: the paths hold secrets.

    While no request is being answered, the next one's header has to be complete within `HEADER_SECONDS` of
    its first byte (and the first one's of the connecting); what drips in does not prolong that.
    """

    def __init__(self, config: Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self.access_log = False
        self._malformed = config.malformed
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._wait_for_header()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_waiting:
            self._end_waiting()
        elif self._patience is None:
            self._wait_for_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._malformed.count()
        super().send_400_response(msg)

    @property
    def _is_waiting(self) -> bool:
        """The rest of a body whose request is answered already counts as waiting too."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_header(self) -> None:
        self._patience = self.loop.call_later(HEADER_SECONDS, self._lose_patience)

    def _end_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self._is_waiting:
            self.transport.close()
