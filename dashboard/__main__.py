"""Starts the page for customer-success staff: `python -m dashboard`."""

import ipaddress
import socket
import sys

from dashboard import words
from storage.ledger.database import LedgerProblem, open_ledger
from storage.settings import Settings, SettingsProblem, load


class StartProblem(Exception):
    """The server cannot listen where it is told to."""


def main() -> None:
    """Exit status 1, with one sentence on stderr, when a setting or the ledger does not allow a start."""
    try:
        settings = load()
        _refuse_open_door(settings)
        open_ledger(settings.ledger_path).close()
    except (SettingsProblem, LedgerProblem, StartProblem) as problem:
        sys.exit(str(problem))
    _serve(settings)


def _refuse_open_door(settings: Settings) -> None:
    """Refuse any address but this machine's own, and a port that cannot be had."""
    host, port = settings.dashboard_host, settings.dashboard_port
    if not _is_loopback(host):
        raise StartProblem(words.NOT_LOOPBACK.format(host=host))
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise StartProblem(words.PORT_TAKEN.format(port=port, host=host, reason=error.strerror)) from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _serve(settings: Settings) -> None:
    from dashboard import asgi

    # The server looks for .streamlit/config.toml beside the program named here.
    sys.argv = [str(asgi.HERE / "asgi.py")]
    asgi.app.run(config={"server.address": settings.dashboard_host, "server.port": settings.dashboard_port})


if __name__ == "__main__":
    main()
