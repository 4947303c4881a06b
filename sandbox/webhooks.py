"""Delivers Workable's webhooks: signed, read at send time, repeated until 200, lost or doubled on demand."""

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Literal

import msgspec

from sandbox.account_state import AccountState
from sandbox.context import Context, guarded
from sandbox.model import Subscription
from sandbox.post import send
from sandbox.scheduler import Workers
from sandbox.stamps import hex_id, iso_ms
from sandbox.views import JSON, candidate_detail

if TYPE_CHECKING:
    from sandbox.account import Account
    from sandbox.world import World

OAUTH_SECRET = "sandbox-oauth-application-secret"


class Handling(msgspec.Struct, forbid_unknown_fields=True):
    """What happens to deliveries on their way; the counts use themselves up."""

    lose: int = 0  # how many of the next deliveries vanish
    duplicate: int = 0  # how many of the next are sent twice
    delay: float = 0.0  # seconds before the first attempt
    jitter: float = 0.0  # up to this many seconds more, at random: reorders
    hold: bool = False  # keep them until `deliver`


class Delivery(msgspec.Struct):
    subdomain: str
    subscription: Subscription
    number: int  # of the candidate or job
    fired_at: int
    attempt: int = 0


class Postman:
    """One per world; attempts run on a few threads so that a slow receiver delays nobody else."""

    def __init__(self, context: Context, world: "World") -> None:
        self.context = context
        self._world = world
        self.handling = Handling()
        self.held: list[Delivery] = []
        self._pool = Workers(4, "webhook")

    @guarded
    def fire(self, account: AccountState, event: str, number: int, job: str | None, slug: str | None) -> None:
        """Queues one delivery for every subscription that the event fits."""
        for one in account.subscriptions.values():
            fits = one.job_shortcode in (None, job) and one.stage_slug in (None, slug)
            if one.event == event and fits:
                self._queue(Delivery(account.subdomain, one, number, self.context.now_ms()))

    @guarded
    def handle(self, changes: dict[str, object]) -> Handling:
        """Changes how deliveries fare from now on."""
        self.handling = msgspec.convert({**msgspec.structs.asdict(self.handling), **changes}, Handling)
        return self.handling

    @guarded
    def deliver(self, count: int | None = None, order: Literal["oldest", "newest"] = "oldest") -> int:
        """Sends held deliveries; answers how many."""
        chosen = self.held[:count] if order == "oldest" else self.held[::-1][:count]
        for delivery in chosen:
            self.held.remove(delivery)
            self._send_after(0, delivery)
        return len(chosen)

    @guarded
    def lose(self, count: int | None = None) -> int:
        """Drops held deliveries, oldest first; answers how many."""
        gone = self.held[:count]
        del self.held[:count]
        return len(gone)

    @guarded
    def fire_employee(self, subdomain: str, event: str, data: dict[str, object]) -> int:
        """Sends an event of the HR product with the given resource; answers how many subscribers it has."""
        fitting = [s for s in self._world.account(subdomain).subscriptions.values() if s.event == event]
        for subscription in fitting:
            body = self._envelope(
                subscription, str(data.get("id", "")), "employee", data, self.context.now_ms()
            )
            self._submit(Delivery(subdomain, subscription, 0, self.context.now_ms()), body)
        return len(fitting)

    def close(self) -> None:
        self._pool.close()

    def _queue(self, delivery: Delivery) -> None:
        how = self.handling
        if how.lose > 0:
            how.lose -= 1
            self._note(delivery, "lost")
            return
        if how.hold:
            self.held.append(delivery)
            return
        copies = 2 if how.duplicate > 0 else 1
        how.duplicate = max(0, how.duplicate - 1)
        for _ in range(copies):
            self._send_after(how.delay + self.context.random.uniform(0, how.jitter), delivery)

    def _send_after(self, seconds: float, delivery: Delivery) -> None:
        copy = msgspec.structs.replace(delivery)
        self.context.scheduler.after(seconds, lambda: self._submit(copy, None))

    def _submit(self, delivery: Delivery, body: bytes | None) -> None:
        self._pool.submit(lambda: self._attempt(delivery, body))

    def _attempt(self, delivery: Delivery, body: bytes | None) -> None:
        with self.context.guard:
            account = self._world.account(delivery.subdomain)
            if delivery.subscription.id not in account.subscriptions:
                return
            content = body or self._candidate_body(account, delivery)
            headers = {"X-Workable-Signature": self._sign(delivery.subscription, content)}
            seconds = self.context.switches.webhook_timeout
        status = send("POST", delivery.subscription.target, content, headers, seconds)
        with self.context.guard:
            self._note(delivery, status)
            self._retry(delivery, status, body)

    def _retry(self, delivery: Delivery, status: int | None, body: bytes | None) -> None:
        waits = self.context.switches.webhook_retry_seconds
        if status == 200 or delivery.attempt >= len(waits):
            return
        again = msgspec.structs.replace(delivery, attempt=delivery.attempt + 1)
        later = waits[delivery.attempt]
        self.context.scheduler.after(later, lambda: self._submit(again, body))

    def _candidate_body(self, account: "Account", delivery: Delivery) -> bytes:
        """The resource as it is now; of one that is gone only the id."""
        candidate = account.candidates.get(delivery.number)
        number = hex_id(delivery.number)
        kind = "job" if delivery.subscription.event == "job_deleted" else "candidate"
        data: dict[str, object] = {"id": number}
        if candidate is not None:
            data = candidate_detail(account, candidate)
        return self._envelope(delivery.subscription, number, kind, data, delivery.fired_at)

    def _envelope(
        self, subscription: Subscription, number: str, kind: str, data: dict[str, object], fired_at: int
    ) -> bytes:
        unique = f"{subscription.id:x}{fired_at:x}{self.context.random.randrange(4096):03x}"
        return JSON.encode(
            {
                "data": data,
                "id": number if self.context.switches.envelope_id == "resource" else unique,
                "resource_type": kind,
                "event_type": subscription.event,
                "fired_at": iso_ms(fired_at),
            }
        )

    def _sign(self, subscription: Subscription, body: bytes) -> str:
        token = self._world.tokens[subscription.token]
        key = OAUTH_SECRET if token.kind == "oauth" else token.value
        digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
        base64_wanted = self.context.switches.signature_encoding == "base64"
        return base64.b64encode(digest).decode() if base64_wanted else digest.hex()

    def _note(self, delivery: Delivery, outcome: int | str | None) -> None:
        self.context.note(
            "webhook",
            account=delivery.subdomain,
            event=delivery.subscription.event,
            subscription=delivery.subscription.id,
            resource=hex_id(delivery.number),
            attempt=delivery.attempt + 1,
            outcome=outcome if outcome is not None else "no answer",
        )
