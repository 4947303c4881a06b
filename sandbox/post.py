"""Sends small JSON requests to the world's subscribers, and says how it went."""

import http.client
from urllib.parse import urlsplit


def send(method: str, url: str, body: bytes, headers: dict[str, str], seconds: float) -> int | None:
    """The status, or None when nobody answered in time."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return None
    else:
        return response.status
    finally:
        connection.close()
