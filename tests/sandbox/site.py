"""A served world with clients at hand, and a receiver for what the world sends."""

import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from sandbox import Running
from sandbox.account import Account
from sandbox.world import CLIENT_ID


class Clock:
    """Unix time that only tests move."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Site:
    """Speaks to one account of a running sandbox as the integration would."""

    def __init__(self, running: Running, subdomain: str = "acme") -> None:
        self.running = running
        self.world = running.world
        self.subdomain = subdomain
        self.http = httpx.Client(timeout=10)
        self.token = running.token(subdomain)
        self.headers: dict[str, str] = {}

    @property
    def account(self) -> Account:
        return self.world.account(self.subdomain)

    @property
    def bot(self) -> str:
        """An admin's id."""
        return next(f"{m.id:x}" for m in self.account.members.values() if m.name == "Integration Bot")

    def member(self, name: str) -> str:
        return next(f"{m.id:x}" for m in self.account.members.values() if m.name == name)

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        url = path if path.startswith("http") else self.running.base_url(self.subdomain) + path
        headers = {"Authorization": f"Bearer {self.token}", **self.headers, **kwargs.pop("headers", {})}
        return self.http.request(method, url, headers=headers, **kwargs)

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.call("GET", path, params=params or None)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.call("POST", path, json=body)

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.call("PUT", path, json=body)

    def rows(self, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
        """Every row, following `next` to the end."""
        found: list[dict[str, Any]] = []
        answer = self.get(path, **params)
        while True:
            content = answer.json()
            found += content[key]
            if "paging" not in content:
                return found
            answer = self.call("GET", content["paging"]["next"])

    def control(self, path: str, **body: Any) -> Any:
        """A verb of the control API; fails when it is refused."""
        response = self.http.post(f"{self.running.control_url}/{path}", json=body)
        response.raise_for_status()
        return response.json()["done"]

    def platform(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.world.platform.token}", **kwargs.pop("headers", {})}
        return self.http.request(method, self.running.platform_url + path, headers=headers, **kwargs)

    def settle(self) -> None:
        """Returns when everything that was due before has been done."""
        done = threading.Event()
        self.world.context.scheduler.after(0, done.set)
        assert done.wait(10)

    def job(self, state: str = "published") -> str:
        return next(job.shortcode for job in self.account.jobs.values() if job.state == state)

    def new_candidate(self, stage: str = "applied", **kwargs: Any) -> str:
        """The id of somebody new in a published job."""
        job = kwargs.pop("job", self.job())
        return f"{self.account.create_candidate(job, stage=stage, **kwargs).id:x}"

    def candidate(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/candidates/{number}").json()["candidate"]
        return found

    def activities(self, number: str) -> list[dict[str, Any]]:
        return self.rows(f"/candidates/{number}/activities", "activities")


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers with the given statuses in turn, then 200, and hands over what came."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self._came: queue.Queue[Received] = queue.Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer._came.put(Received(self.command, self.path, headers, self.rfile.read(length)))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.end_headers()

            do_PUT = do_POST  # noqa: N815 - the name http.server looks for

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def next(self) -> Received:
        return self._came.get(timeout=10)

    def nothing_waits(self) -> bool:
        return self._came.empty()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


__all__ = ["CLIENT_ID", "Clock", "Received", "Receiver", "Site"]
