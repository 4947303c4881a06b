"""Which URLs the agent may call: one API root on an allowed host, and nothing outside it."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

import httpx

from agent.errors import BadAnswer, Blocked, UsageProblem

WORKABLE_DOMAIN = ".workable.com"
DEFAULT_PORTS = {"http": 80, "https": 443}
Params = Mapping[str, str | int]


class ApiRoot:
    """`base_url` is the whole API root; `allow_hosts` are `host:port` for which any scheme and host will do.

    https hosts of Workable are allowed, or in their stead the one `own_host`.
    Raises Blocked for any other host, UsageProblem for what is no API root at all.
    """

    def __init__(self, base_url: str, allow_hosts: frozenset[str], own_host: str | None = None) -> None:
        url = parsed(base_url)
        if url.scheme not in DEFAULT_PORTS or not url.host or url.userinfo or url.query or url.fragment:
            raise UsageProblem(
                "The base URL must be an https address without user, query and fragment, "
                "like https://acme.workable.com/spi/v3."
            )
        self.host = url.host
        self._own_host = own_host
        self._url = url.copy_with(path=url.path.rstrip("/"))
        self._refuse_foreign(allow_hosts)

    def url(self, template: str, ids: Mapping[str, str | int] | None, params: Params | None) -> httpx.URL:
        """The URL of `template` (such as `/candidates/{id}`) with its ids put in, each as one segment."""
        path = template
        for name, value in (ids or {}).items():
            if str(value) in ("", ".", ".."):
                raise UsageProblem(f"{str(value)!r} cannot be the {name} of anything.")
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
        url = httpx.URL(f"{self._url}{path}")
        return url.copy_merge_params(dict(params)) if params else url

    def own(self, address: str) -> httpx.URL:
        """A URL that the other side gave us, when it lies below this API root. Raises Blocked otherwise."""
        try:
            url = self._url.join(address)
        except httpx.InvalidURL:
            raise BadAnswer("The address of the next page is not a URL.") from None
        if (url.scheme, url.host, _port(url)) != (
            self._url.scheme,
            self.host,
            _port(self._url),
        ) or url.userinfo:
            raise Blocked(
                f"The next page lies on another host ({url.scheme}://{url.host}); nothing was sent there."
            )
        path = unquote(url.path)
        if not path.startswith(f"{self._url.path.rstrip('/')}/") or "/../" in f"{path}/":
            raise Blocked("The next page lies outside the account's API, so it is not followed.")
        return url

    def _refuse_foreign(self, allow_hosts: frozenset[str]) -> None:
        name = host_and_port(self.host, _port(self._url))
        if name in allow_hosts or (self._url.scheme == "https" and self._is_at_home()):
            return
        allowed = f"https://{self._own_host}" if self._own_host else "https hosts of Workable"
        raise Blocked(
            f"{self._url.scheme}://{name} may not be contacted: only {allowed} may be. "
            f"If it is meant, add {name} to IVW_ALLOW_HOSTS."
        )

    def _is_at_home(self) -> bool:
        return self.host == self._own_host if self._own_host else self.host.endswith(WORKABLE_DOMAIN)


def parsed(base_url: str) -> httpx.URL:
    """Raises UsageProblem for what is no URL."""
    try:
        return httpx.URL(base_url.strip())
    except httpx.InvalidURL:
        raise UsageProblem(
            "The base URL is not a URL; it looks like https://acme.workable.com/spi/v3."
        ) from None


def host_and_port(host: str, port: int) -> str:
    """As `allow_hosts` spells it.

    >>> host_and_port("127.0.0.1", 8700), host_and_port("::1", 8700)
    ('127.0.0.1:8700', '[::1]:8700')
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _port(url: httpx.URL) -> int:
    return url.port or DEFAULT_PORTS.get(url.scheme, 0)
