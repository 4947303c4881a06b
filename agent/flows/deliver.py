"""Sends what is due, one effect after the other: claims, finds or sends, and settles each in its row.

An effect whose answer was lost is looked for before it is sent again (behaviours, section 3).
"""

import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta

from agent.effects import acting, checks, lifting, resuming, settling
from agent.effects.change import Change, Context, Parked
from agent.effects.settling import Outcome
from agent.effects.table import CHANGES
from agent.errors import (
    AgentError,
    BadAnswer,
    Blocked,
    NeedsPerson,
    NotFound,
    Refused,
    Stopped,
    TryLater,
    UnknownOutcome,
)
from agent.work import Work
from storage.ledger import holding, outbox
from storage.ledger.database import LedgerProblem
from storage.ledger.outbox import Effect, EffectKind, EffectState
from storage.mirror_errors import StorageProblem

log = logging.getLogger(__name__)
# Seconds after which a write that was not answered has either happened or never will.
UNKNOWN_WAIT = 15.0
FIRST_PAUSE = 2.0  # seconds; doubled with each attempt
LONGEST_PAUSE = 600.0
# When a service does not answer one effect; shorter than that one rests, so that it cannot starve the others.
OTHERS_WAIT = timedelta(seconds=2)
S = EffectState
OWN_ERROR = "The agent met an error of its own with this push; its log has the details."
GONE = "Workable does not know this candidate any more: deleted, or relocated in a way not seen so far."
NO_MEMBER = (
    "No acting member is chosen, or those chosen have left. Choose one for the mapping or the customer."
)


def deliver(work: Work, *, limit: int = 20) -> int:
    """Handle at most `limit` of the account's due effects; how many were handled.

    Raises AgentError for what stops the account: its token is refused, or the agent stops.
    """
    lifting.lift(work)
    resuming.resume(work)
    resuming.tell(work, is_news=False)
    delivery = Delivery(work)
    while len(delivery.handled) < limit and not work.stop.is_set():
        effect = delivery.next()
        if effect is None:
            break
        delivery.handle(effect)
    if delivery.handled:
        resuming.tell(work, is_news=True)
    return len(delivery.handled)


@dataclass
class Delivery:
    """One call of `deliver`; `handled` are the effects that it has looked at."""

    work: Work
    handled: set[int] = field(default_factory=set)

    def next(self) -> Effect | None:
        """Asked anew each time: what was just done may let another go, and results come first."""
        with self.work.tools.ledger.read() as tx:
            due = outbox.due(tx, self.work.account_id, self.work.now(), len(self.handled) + 1)
        return next((effect for effect in due if effect.effect_id not in self.handled), None)

    def handle(self, effect: Effect) -> None:
        """An error of our own is this effect's alone."""
        self.handled.add(effect.effect_id)
        ctx = Context(self.work, effect, None, "")
        try:
            ctx = settling.context(self.work, effect)
            self._deliver(ctx, CHANGES[effect.kind])
        except (AgentError, LedgerProblem, StorageProblem):
            raise
        except Exception:
            log.exception(
                "%s: an error of the agent's own with effect %d", ctx.work.account_id, effect.effect_id
            )
            _after_own_error(ctx)

    def _deliver(self, ctx: Context, change: Change) -> None:
        if (early := _too_early(ctx)) is not None:
            settling.settle(ctx, early)
        elif _may_be_done(ctx.effect) and not self._is_absent(ctx, change):
            return
        elif (held := checks.hold(ctx, change)) is not None:
            settling.settle(ctx, Outcome(state=held.state, reason=held.reason, sentence=held.sentence))
        else:
            self._send(ctx, change)

    def _is_absent(self, ctx: Context, change: Change) -> bool:
        """True when an earlier attempt has certainly changed nothing; else the effect is settled here."""
        try:
            receipt = change.find(ctx)
        except Parked as parked:
            settling.settle(ctx, Outcome(state=S.PARKED, reason=parked.reason, sentence=parked.sentence))
        except AgentError as error:
            self._not_found_out(ctx, change, error)
        else:
            if receipt is None:
                return True
            settling.confirm(ctx, change, receipt)
        return False

    def _not_found_out(self, ctx: Context, change: Change, error: AgentError) -> None:
        """It could not be seen whether the change is there; nobody is sent anything twice for that."""
        if isinstance(error, NotFound) and change.service == "workable":
            try:
                if _is_gone(ctx):
                    _park_gone(ctx)
                    return
            except AgentError as other:
                error = other
        if isinstance(error, Stopped):
            raise error
        self._note_silence(ctx, change, error)
        settling.settle(ctx, _said(S.UNKNOWN, error.code, error, _pause(ctx, error)))
        _raise_if_token_refused(change, error)

    def _send(self, ctx: Context, change: Change) -> None:
        """In the name of one member after the other, until one is accepted."""
        members = acting.members(ctx) if change.by_member else [""]
        if not members:
            settling.settle(ctx, Outcome(state=S.PARKED, reason=resuming.NO_MEMBER, sentence=NO_MEMBER))
        for member_id in members:
            claimed = settling.claim(ctx, member_id)
            if claimed is None:
                return
            refused = self._send_once(claimed, change, is_last=member_id == members[-1])
            if refused is None:
                return
            ctx = replace(ctx, effect=refused)

    def _send_once(self, ctx: Context, change: Change, *, is_last: bool) -> Effect | None:
        """The effect as it stands when another member may try; None when it is settled."""
        try:
            receipt = change.send(ctx)
        except Parked as parked:
            settling.settle(ctx, Outcome(state=S.PARKED, reason=parked.reason, sentence=parked.sentence))
        except (NeedsPerson, NotFound, Refused) as error:
            if change.by_member and _may_be_the_member(error):
                return self._refused(ctx, change, error, is_last=is_last)
            self._not_sent(ctx, change, error)
        except AgentError as error:
            self._not_sent(ctx, change, error)
        else:
            settling.confirm(ctx, change, receipt)
        return None

    def _not_sent(self, ctx: Context, change: Change, error: AgentError) -> None:
        self._note_silence(ctx, change, error)
        settling.settle(ctx, _outcome(ctx, error))
        if isinstance(error, Stopped):
            raise error
        _raise_if_token_refused(change, error)

    def _refused(self, ctx: Context, change: Change, error: AgentError, *, is_last: bool) -> Effect | None:
        """Workable accepts no such write: is it the candidate, the member, or what is written?"""
        try:
            is_gone = _is_gone(ctx)
        except AgentError as other:
            self._not_sent(ctx, change, other)
            return None
        if is_gone:
            _park_gone(ctx)
            return None
        if ctx.effect.kind == EffectKind.MOVE and not self._is_absent(ctx, change):
            return None  # somebody else has moved the candidate while we tried
        if not is_last:
            return settling.settle(ctx, _said(S.WAITING, resuming.MEMBER_REFUSED, error))
        if error.status == 422 and acting.is_known_active(ctx.work, ctx.member_id):
            settling.settle(ctx, _said(S.FAILED, error.code, error))
        else:
            settling.settle(ctx, _said(S.PARKED, resuming.MEMBER_REFUSED, error))
        return None

    @staticmethod
    def _note_silence(ctx: Context, change: Change, error: AgentError) -> None:
        """A service that does not answer one effect will not answer the next either: all wait a little.

        Bad data tells of one answer only.
        """
        is_down = isinstance(error, TryLater | UnknownOutcome) and not isinstance(error, BadAnswer)
        is_shut = isinstance(error, NeedsPerson) and change.service == "platform"
        if is_down or is_shut:
            settling.put_off(ctx, change.service, OTHERS_WAIT)
        if is_shut:
            settling.report_platform(ctx, error.sentence)


def _said(state: EffectState, reason: str, error: AgentError, pause: timedelta = timedelta()) -> Outcome:
    return Outcome(state=state, reason=reason, sentence=error.sentence, status=error.status, pause=pause)


def _outcome(ctx: Context, error: AgentError) -> Outcome:
    """What a send that ended in this error comes to."""
    if isinstance(error, UnknownOutcome):
        return _said(S.UNKNOWN, error.code, error, timedelta(seconds=UNKNOWN_WAIT))
    if isinstance(error, Stopped):
        return _said(S.WAITING, error.code, error)
    is_platform = CHANGES[ctx.effect.kind].service == "platform"
    if isinstance(error, TryLater) or error.code == "token_refused":
        return _said(S.WAITING, error.code, error, _pause(ctx, error))
    if isinstance(error, NeedsPerson | Blocked):
        state = S.WAITING if is_platform else S.PARKED
        return _said(state, error.code, error, _pause(ctx, error))
    return _said(S.FAILED, error.code, error)


def _pause(ctx: Context, error: AgentError | None = None) -> timedelta:
    """Longer with each attempt, and with the time for which nothing could be found out."""
    effect = ctx.effect
    asked_for = error.retry_after or 0.0 if isinstance(error, TryLater) else 0.0
    grown = FIRST_PAUSE * 2.0 ** min(max(effect.attempts - 1, 0), 30)
    unseen = (ctx.work.now() - effect.sent_at).total_seconds() if effect.sent_at else 0.0
    return timedelta(seconds=min(max(asked_for, grown, unseen), LONGEST_PAUSE))


def _may_be_done(effect: Effect) -> bool:
    """Also what a person let go again after it had been sent once."""
    return effect.state == S.UNKNOWN or (effect.state == S.PLANNED and effect.attempts > 0)


def _too_early(ctx: Context) -> Outcome | None:
    """What was on its way when its agent ended may still be arriving."""
    effect = ctx.effect
    if effect.state != S.UNKNOWN or effect.sent_at is None:
        return None
    left = effect.sent_at + timedelta(seconds=UNKNOWN_WAIT) - ctx.work.now()
    if left <= timedelta():
        return None
    return Outcome(state=S.UNKNOWN, reason=effect.reason, sentence=effect.sentence, pause=left)


def _may_be_the_member(error: AgentError) -> bool:
    return isinstance(error, NotFound) or error.code == "forbidden" or error.status == 422


def _is_gone(ctx: Context) -> bool:
    """One 404 may be spurious, so it takes two."""
    return all(_is_missing(ctx) for _ in range(2))


def _is_missing(ctx: Context) -> bool:
    try:
        ctx.work.workable.candidate(ctx.candidate_id, lane=ctx.lane)
    except NotFound:
        return True
    except NeedsPerson as error:
        if error.code != "forbidden":
            raise
    return False


def _park_gone(ctx: Context) -> None:
    """Until a relocation is noticed; if that has happened meanwhile, it is tried under the new id."""
    if settling.context(ctx.work, ctx.effect).candidate_id != ctx.candidate_id:
        settling.settle(ctx, Outcome(state=S.UNKNOWN, reason=resuming.GONE))
        return
    settling.settle(ctx, Outcome(state=S.PARKED, reason=resuming.GONE, sentence=GONE))


def _after_own_error(ctx: Context) -> None:
    """It may have been sent if it was claimed."""
    with ctx.work.tools.ledger.read() as tx:
        present = outbox.get(tx, ctx.effect.effect_id)
    if present.state not in (*outbox.DUE, S.SENDING):
        return
    ctx = replace(ctx, effect=present)
    may_be_done = present.state == S.SENDING or _may_be_done(present)
    pause = max(timedelta(seconds=UNKNOWN_WAIT), _pause(ctx))
    state = S.UNKNOWN if may_be_done else S.WAITING
    settling.settle(ctx, Outcome(state=state, reason=holding.OWN_ERROR, sentence=OWN_ERROR, pause=pause))


def _raise_if_token_refused(change: Change, error: AgentError) -> None:
    """The account stops; what waits goes on after it is reconnected (B28)."""
    if change.service == "workable" and error.code == "token_refused":
        raise error
