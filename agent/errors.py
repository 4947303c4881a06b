"""The agent's errors, each named by what to do next.

AgentError
├── UsageProblem        the person who typed it corrects it
├── NeedsPerson         a token, a right or a setting in Workable must be changed by somebody
├── TryLater            nothing was done; the same call may work later
│   └── BadAnswer       an answer came but cannot be believed
├── NotFound            the thing is not there (any more)
├── Refused             a definite no to this very request
├── UnknownOutcome      a write whose answer was lost; look before sending it again
├── Blocked             an address that may not be contacted
├── Partly              done in part; the rest is tried again
└── Stopped             the agent is shutting down
"""

from typing import ClassVar


class AgentError(Exception):
    """`sentence` says what happened and what to do, and holds neither a token nor personal data.

    `code` is one short word for machines; `status` is the HTTP status when an answer came.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(self, sentence: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code or self.default_code
        self.status = status


class UsageProblem(AgentError):
    exit_code = 2
    default_code = "usage"


class NeedsPerson(AgentError):
    """`token_refused` (401), `forbidden` (403), `redirected` (3xx), `wrong_account`; repeating is no use."""

    exit_code = 4
    default_code = "needs_person"


class TryLater(AgentError):
    """`retry_after` is in seconds, None when nobody knows."""

    default_code = "try_later"

    def __init__(
        self,
        sentence: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence, code=code, status=status)
        self.retry_after = retry_after


class BadAnswer(TryLater):
    """A web page, cut-off JSON or a missing list; never to be taken for "there is nothing"."""

    default_code = "bad_answer"


class NotFound(AgentError):
    """`is_bare` when the answer said no more than `{}`, as Workable does for a list that has no rows."""

    default_code = "not_found"

    def __init__(self, sentence: str, *, status: int | None = None, is_bare: bool = False) -> None:
        super().__init__(sentence, status=status)
        self.is_bare = is_bare


class Refused(AgentError):
    """400, 409, 422 and the like; the sentence ends with the other side's own message."""

    default_code = "refused"


class UnknownOutcome(AgentError):
    default_code = "unknown_outcome"


class Blocked(AgentError):
    default_code = "host_not_allowed"


class Partly(AgentError):
    """Something was done and something was not; the sentence is that of what was not."""

    exit_code = 3
    default_code = "partly"


class Stopped(AgentError):
    exit_code = 3
    default_code = "stopped"
