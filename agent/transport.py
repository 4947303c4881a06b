"""The one HTTP door: token, rate budget, retries of reads, size and time limits, and errors with a name."""

import copy
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx
import msgspec

from agent.addresses import ApiRoot, Params
from agent.answers import Answer, believable, error_for
from agent.budget import LOOK_SECONDS, Budget, Lane, Usage, whole_number
from agent.errors import BadAnswer, Stopped, TryLater, UnknownOutcome, UsageProblem
from agent.jsontext import decode as decode_json
from agent.network import GivenUp, Network
from agent.paging import Page, page_of, walk
from agent.redaction import hide, redact
from agent.rules import retries
from agent.rules.windows import Use

T = TypeVar("T")
Ids = Mapping[str, str | int]

TIMEOUT_SECONDS = 20.0
CONNECT_SECONDS = 10.0
DEADLINE_SECONDS = 60.0
MAX_ATTEMPTS = 4
MAX_BODY_BYTES = 32 * 1024 * 1024
# Whatever stands in a path as this never reaches the log, even where it does not look like an address.
PERSONAL = "{email}"
NOT_WORTH_REPEATING = ("too_slow", "too_large")

logger = logging.getLogger(__name__)
# These would log whole URLs, with what was asked for in them.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Call:
    """One request. `template` is its path with `{id}` in place of ids, as statistics show it."""

    method: str
    template: str
    url: httpx.URL
    lane: Lane
    scope: str | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    abandoned: threading.Event = field(default_factory=threading.Event)


class Try(msgspec.Struct, frozen=True):
    """One try of a call, for statistics. `status` is 0 when no answer came; `attempt` counts from 1."""

    method: str
    template: str
    status: int
    milliseconds: float
    attempt: int


OnRequest = Callable[[Try], None]


class NoAnswerError(Exception):
    """No whole answer came; `has_left` tells whether the other side may have acted all the same."""

    def __init__(self, why: str, code: str = "no_answer", *, has_left: bool = True) -> None:
        super().__init__(why)
        self.code = code
        self.has_left = has_left


def _jittered(attempt: int) -> float:
    return retries.delay(attempt, random.random())  # noqa: S311 - spreads callers in time, guards nothing


class Transport:
    """One account's calls, from any number of threads.

    `timeout` bounds each wait for the network, `deadline` a whole try, both in seconds. `on_request` is told
    of each try. `service` is the other side's name in sentences, `own_host` its host when it is not Workable.
    Raises Blocked for a host that may not be contacted.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        budget: Budget,
        client_id: str | None = None,
        allow_hosts: frozenset[str] = frozenset(),
        own_host: str | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT_SECONDS,
        deadline: float = DEADLINE_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        max_body_bytes: int = MAX_BODY_BYTES,
        backoff: Callable[[int], float] = _jittered,
        on_request: OnRequest | None = None,
        service: str = "Workable",
    ) -> None:
        self._root = ApiRoot(base_url, allow_hosts, own_host)
        self._budget = budget
        self._stop = stop or threading.Event()
        self._clock = clock
        self._deadline = deadline
        self._max_attempts = max_attempts
        self._max_body_bytes = max_body_bytes
        self._backoff = backoff
        self._listeners = (on_request,) if on_request else ()
        self._service = service
        self._network = Network(allow_hosts, clock)
        self._client = httpx.Client(
            transport=self._network,
            headers=_headers(token, client_id),
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def counting(self, on_request: OnRequest) -> Self:
        """The same door, whose calls `on_request` is told of too; close only the first one."""
        twin = copy.copy(self)
        twin._listeners = (*self._listeners, on_request)  # noqa: SLF001 - its own kind
        return twin

    @property
    def host(self) -> str:
        return self._root.host

    def server_seconds(self) -> float | None:
        """The other side's clock now, as Unix time and at the earliest; None until an answer has shown it."""
        return self._budget.server_seconds()

    def usage(self) -> Usage:
        return self._budget.snapshot()

    def get(
        self,
        path: str,
        *,
        ids: Ids | None = None,
        params: Params | None = None,
        lane: Lane = Lane.READS,
        scope: str | None = None,
    ) -> Any:
        """The parsed JSON of a read."""
        return self.read(
            path, lambda body: decode_json(body, Any), ids=ids, params=params, lane=lane, scope=scope
        )

    def read(
        self,
        path: str,
        decode: Callable[[bytes], T],
        *,
        ids: Ids | None = None,
        params: Params | None = None,
        lane: Lane = Lane.READS,
        scope: str | None = None,
    ) -> T:
        """GET `path` below the API root and decode its body; a body that `decode` refuses is asked for again.

        `scope` is what the token needs, for the sentence when it is missing.
        """
        return self._read(Call("GET", path, self._root.url(path, ids, params), lane, scope), decode)

    def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        ids: Ids | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        lane: Lane = Lane.RESULTS,
        scope: str | None = None,
    ) -> Answer:
        """Send once. Raises UnknownOutcome when it may have been done, TryLater when it surely was not."""
        content = b"" if body is None else msgspec.json.encode(body)
        sent = dict(headers or {}) | ({"Content-Type": "application/json"} if content else {})
        url = self._root.url(path, ids, params)
        return self._write(Call(method, path, url, lane, scope, content, sent))

    def pages(
        self,
        path: str,
        params: Params | None,
        list_key: str,
        *,
        ids: Ids | None = None,
        lane: Lane = Lane.READS,
        scope: str | None = None,
        start_url: str | None = None,
    ) -> Iterator[Page]:
        """The list's pages, following `paging.next` verbatim; `start_url` is a stored `next_url`."""

        def fetch(url: httpx.URL, abandoned: threading.Event) -> Page:
            call = Call("GET", path, url, lane, scope, abandoned=abandoned)
            return self._read(call, lambda body: page_of(body, list_key, str(url)))

        first = self._root.own(start_url) if start_url else self._root.url(path, ids, params)
        return walk(first, fetch, self._root.own)

    def _read(self, call: Call, decode: Callable[[bytes], T]) -> T:
        attempt = 1
        while True:
            try:
                return self._read_once(call, decode, attempt)
            except TryLater as problem:
                if attempt >= self._max_attempts or problem.code in NOT_WORTH_REPEATING:
                    raise
                self._wait_before_next(call, attempt, problem)
            attempt += 1

    def _read_once(self, call: Call, decode: Callable[[bytes], T], attempt: int) -> T:
        try:
            answer = self._exchange(call, attempt)
        except NoAnswerError as lost:
            raise TryLater(f"{self._service} could not be reached: {lost}.", code=lost.code) from lost
        if not answer.is_success:
            raise self._error(answer, call)
        try:
            return decode(believable(answer, self._service))
        except (msgspec.DecodeError, RecursionError):
            raise BadAnswer(f"{self._service} sent data that is cut off or garbled.") from None

    def _write(self, call: Call) -> Answer:
        try:
            answer = self._exchange(call)
        except NoAnswerError as lost:
            if lost.has_left:
                raise self._unknown(str(lost), 0) from lost
            raise TryLater(f"{self._service} could not be reached: {lost}.", code=lost.code) from lost
        if answer.is_success and not answer.is_web_page:
            return answer
        if answer.is_success or answer.status >= 500 or answer.status == 408:
            raise self._unknown(f"it answered {answer.status}", answer.status)
        raise self._error(answer, call)

    def _unknown(self, why: str, status: int) -> UnknownOutcome:
        return UnknownOutcome(
            f"{self._service} may or may not have done this: {why}. The agent looks before it sends again.",
            status=status or None,
        )

    def _error(self, answer: Answer, call: Call) -> Exception:
        problem = error_for(answer, self._service, call.scope)
        if isinstance(problem, TryLater) and answer.status == 429:
            problem.retry_after = max(problem.retry_after or 0.0, self._budget.seconds_until_free())
        return problem

    def _wait_before_next(self, call: Call, attempt: int, problem: TryLater) -> None:
        if problem.code == "rate_limited":
            return  # the budget holds every call back until the next window
        asked_for = min(problem.retry_after or 0.0, retries.LONGEST_SECONDS)
        left = max(self._backoff(attempt), asked_for)
        while left > 0:
            if self._stop.wait(min(left, LOOK_SECONDS)) or call.abandoned.is_set():
                raise Stopped("The agent is stopping; the call was not repeated.")
            left -= LOOK_SECONDS

    def _exchange(self, call: Call, attempt: int = 1) -> Answer:
        permit = self._budget.acquire(call.lane, call.abandoned)
        began, status = self._clock(), 0
        try:
            answer = self._send(call, permit)
            status = answer.status
        finally:
            self._budget.lost(permit)
            milliseconds = (self._clock() - began) * 1000
            self._tell(call, Try(call.method, call.template, status, milliseconds, attempt))
        return answer

    def _send(self, call: Call, permit: Use) -> Answer:
        request = self._client.build_request(call.method, call.url, content=call.body, headers=call.headers)
        with self._network.watch.over(self._deadline, lambda: self._is_unwanted(call)):
            try:
                response = self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                self._budget.never_left(permit)
                raise NoAnswerError(_reason(error), "unreachable", has_left=False) from error
            except (httpx.HTTPError, GivenUp) as error:
                raise self._no_answer(error) from error
            with closing(response):
                self._budget.observe(permit, response.headers, response.status_code)
                return self._whole(response)

    def _whole(self, response: httpx.Response) -> Answer:
        status = response.status_code
        retry_after = whole_number(response.headers.get("retry-after"))
        try:
            body = self._body(response)
        except (httpx.HTTPError, GivenUp) as error:
            if not 400 <= status < 500:
                raise self._no_answer(error) from error
            body = b""  # the refusal stands without its words
        return Answer(status, body, retry_after)

    def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > self._max_body_bytes:
                raise NoAnswerError(f"its answer is larger than {self._max_body_bytes} bytes", "too_large")
        return bytes(body)

    def _no_answer(self, error: Exception) -> Exception:
        if isinstance(error, GivenUp):
            return Stopped("The agent is stopping; the answer was not awaited.")
        if self._network.watch.is_over:
            return NoAnswerError(f"its answer took longer than {self._deadline:g} s", "too_slow")
        return NoAnswerError(_reason(error))

    def _is_unwanted(self, call: Call) -> bool:
        """Only a read may be given up half-way: a write's answer is worth waiting for."""
        return call.method == "GET" and (self._stop.is_set() or call.abandoned.is_set())

    def _tell(self, call: Call, done: Try) -> None:
        logger.info("%s %s %d %.0f ms", done.method, _logged_path(call), done.status, done.milliseconds)
        for listener in self._listeners:
            listener(done)


def _headers(token: str, client_id: str | None) -> dict[str, str]:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageProblem("The token is empty or holds characters that no token has; copy it once more.")
    hide(token)
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "User-Agent": "intrvio-workable",
    }
    return headers | ({"X-WORKABLE-CLIENT-ID": client_id} if client_id else {})


def _logged_path(call: Call) -> str:
    head, personal, _ = call.template.partition(PERSONAL)
    path = redact(call.url.path)
    return f"{path.partition(head)[0]}{head}[e-mail]" if personal else path


def _reason(error: Exception) -> str:
    """The kind of network trouble in plain words; the library's own text might quote an address."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "no connection could be made in time"
    if isinstance(error, httpx.ConnectError):
        return "no connection could be made"
    if isinstance(error, httpx.TimeoutException):
        return "no answer came in time"
    if isinstance(error, httpx.DecodingError):
        return "its answer could not be unpacked"
    return "the connection broke"
