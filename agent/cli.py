"""The command line: words in, an exit code out.

0 done, 1 error, 2 usage, 3 done in part, 4 needs a person, 75 another agent is at work.
"""

import argparse
import logging
from collections.abc import Sequence

from agent import logs
from agent.commands import (
    account,
    asking,
    checking,
    connecting,
    explaining,
    mapping,
    people,
    pushing,
    syncing,
    telling,
)
from agent.errors import AgentError
from agent.output import Output
from storage import settings as settings_module
from storage.agent_lock import AgentBusy
from storage.ledger.accounts import NoSuchAccount
from storage.ledger.database import LedgerProblem
from storage.mirror_errors import StorageProblem
from storage.settings import SettingsProblem
from storage.vault import KeyProblem

log = logging.getLogger(__name__)
BUSY = 75
USAGE = 2


def main(arguments: Sequence[str]) -> int:  # noqa: PLR0911 -- one return for each way to end
    """Run one command; its exit code. Errors end in one sentence on stderr."""
    options = parser().parse_args(arguments)
    output = Output(as_json=options.json)
    try:
        settings = settings_module.load()
        logs.set_up(settings)
        code: int = options.command(settings, options, output)
    except AgentError as error:
        output.fail(error.code, error.sentence)
        return error.exit_code
    except NoSuchAccount as error:
        output.fail("no_such_account", str(error))
        return USAGE
    except AgentBusy as error:
        output.fail("busy", f"{error} Nothing was done; it carries on, and so can you once it has ended.")
        return BUSY
    except (SettingsProblem, KeyProblem, LedgerProblem, StorageProblem) as error:
        output.fail("set_up", str(error))
        return 1
    except Exception:
        log.exception(
            "an error of the agent's own"
        )  # the log's filter blanks secrets and addresses of people
        output.fail("own_error", "The agent met an error of its own. Its log above has the details.")
        return 1
    except KeyboardInterrupt:
        output.say("Stopped.")
        return 130
    return code


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m agent", description="Syncs Workable accounts into DuckDB.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON document on stdout")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in (
        connecting, account, syncing, mapping, asking, people, explaining, pushing, telling, checking
    ):  # fmt: skip
        module.add_commands(commands, common)
    return top
