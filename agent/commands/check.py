"""One line of `doctor`, and how a look that fails becomes one."""

from collections.abc import Callable

import msgspec

from agent.errors import AgentError
from storage.ledger.database import LedgerProblem
from storage.mirror_errors import StorageProblem
from storage.vault import KeyProblem


class Check(msgspec.Struct, frozen=True):
    """`is_good` False: `says` tells what to do."""

    what: str
    is_good: bool
    says: str


def checked(what: str, look: Callable[[], str]) -> Check:
    try:
        return Check(what, True, look())
    except AgentError as error:
        return Check(what, False, error.sentence)
    except (KeyProblem, LedgerProblem, StorageProblem) as problem:
        return Check(what, False, str(problem))
