"""`sync`, `run`, `obey` and `publish`: the agent at work, once or for good."""

import argparse
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import schedule

from agent import wiring
from agent.engine import Engine
from agent.errors import AgentError, NeedsPerson, Partly, Stopped
from agent.flows.publishing import publish
from agent.output import Output
from storage import reads
from storage.agent_lock import AgentBusy
from storage.clock import utc_now
from storage.ledger import accounts
from storage.ledger.accounts import AccountState
from storage.ledger.database import Ledger
from storage.ledger.runs import RunState
from storage.settings import Settings, changed

log = logging.getLogger(__name__)
TICK_SECONDS = 0.2
PARTLY, PERSON = 3, 4


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    sync = commands.add_parser("sync", parents=[common], help="sync once and end (for cron)")
    sync.add_argument("--account", help="only this account")
    sync.set_defaults(command=_sync)
    run = commands.add_parser("run", parents=[common], help="sync for good (a daemon)")
    run.add_argument(
        "--listen", metavar="HOST:PORT", help="take webhooks and callbacks there (else as IVW_LISTEN says)"
    )
    run.set_defaults(command=_run)
    obey = commands.add_parser("obey", parents=[common], help="do what the dashboard has asked for, and end")
    obey.set_defaults(command=_obey)
    out = commands.add_parser("publish", parents=[common], help="publish a copy for analysts now")
    out.set_defaults(command=_publish)


@contextmanager
def ending_on_signals(engine: Engine) -> Iterator[None]:
    """SIGINT and SIGTERM end the agent after its present page; what is half done goes on next time."""

    def stop(_number: int, _frame: object) -> None:
        engine.stop.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def timetable(engine: Engine) -> schedule.Scheduler:
    """What every agent does again and again, whatever it was started for."""
    times = schedule.Scheduler()
    times.every(3).seconds.do(engine.beat)
    times.every(1).seconds.do(engine.take_requests)
    return times


def work_until(engine: Engine, times: schedule.Scheduler, *, is_done: Any) -> None:
    """The agent's loop. Raises what made the process give up."""
    while not engine.stop.is_set() and not is_done():
        times.run_pending()
        engine.follow_news()
        engine.start_due_interviews()  # each tick: an invite should not wait for a whole second to pass
        engine.wait(TICK_SECONDS)
    if engine.trouble is not None:
        raise engine.trouble


def _sync(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    with wiring.agent_process(settings, "sync") as engine, ending_on_signals(engine):
        for account in _chosen(engine, options.account):
            engine.ends[account.account_id] = Stopped(
                "It was stopped before it was done; the next run goes on."
            )
            engine.start_turn(account)
        engine.look_at_platform(now=True)
        engine.prune()
        wind_up(engine)
        waiting = _waiting(engine)
        ends = dict(engine.ends)
    code = _exit_code(ends, waiting if options.account is None else [])
    output.answer(_document(ends, waiting), lambda: _text(ends, waiting))
    return code


def _chosen(engine: Engine, account_id: str | None) -> list[accounts.Account]:
    if account_id is None:
        return engine.active_accounts()
    with engine.tools.ledger.read() as tx:
        account = accounts.get(tx, account_id)
    if account.state != AccountState.ACTIVE:
        raise NeedsPerson(
            f"{account_id} is not synced: its state is '{account.state}'. "
            f"Give it a new token with 'python -m agent reconnect --account {account_id}'.",
            code=account.state,
        )
    return [account]


def _waiting(engine: Engine) -> list[str]:
    with engine.tools.ledger.read() as tx:
        return [a.account_id for a in accounts.listing(tx) if a.state == AccountState.RECONNECT]


def _exit_code(ends: dict[str, RunState | AgentError], waiting: list[str]) -> int:
    errors = [end for end in ends.values() if isinstance(end, AgentError)]
    if waiting or any(error.exit_code == PERSON for error in errors):
        return PERSON
    if errors and all(error.exit_code == 1 for error in errors) and len(errors) == len(ends):
        return 1
    return PARTLY if errors else 0


def _document(ends: dict[str, RunState | AgentError], waiting: list[str]) -> dict[str, Any]:
    told = {
        account_id: {"state": _state(end), "code": end.code, "error": end.sentence}
        if isinstance(end, AgentError)
        else {"state": end.value}
        for account_id, end in sorted(ends.items())
    }
    return {"accounts": told, "waiting_for_reconnect": waiting}


def _state(end: AgentError) -> str:
    return {Partly: "degraded", Stopped: "interrupted"}.get(type(end), "failed")


def _text(ends: dict[str, RunState | AgentError], waiting: list[str]) -> str:
    lines = [
        f"{account_id}: {end.sentence if isinstance(end, AgentError) else 'synced'}"
        for account_id, end in sorted(ends.items())
    ]
    lines += [
        f"{account_id}: waits for 'python -m agent reconnect --account {account_id}'"
        for account_id in waiting
    ]
    return (
        "\n".join(lines)
        or "No account is connected. Connect one with 'python -m agent connect --subdomain NAME'."
    )


def _run(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    if options.listen is not None:
        settings = changed(settings, listen=options.listen)
    with (
        wiring.agent_process(settings, "run") as engine,
        ending_on_signals(engine),
        _listening(engine, output),
    ):
        times = timetable(engine)
        times.every(1).seconds.do(engine.start_due_polls)
        times.every(1).seconds.do(engine.look_at_platform)
        times.every(1).seconds.do(engine.publish_when_due)
        times.every(1).days.do(engine.prune)
        output.say(f"The agent is at work on {settings.data_dir.resolve()}. Ctrl-C ends it.")
        engine.start_due_polls()
        work_until(engine, times, is_done=lambda: False)
    return 0


@contextmanager
def _listening(engine: Engine, output: Output) -> Iterator[None]:
    """Takes webhooks and callbacks meanwhile, where an address for it is set."""
    tools = engine.tools
    if not tools.settings.listen:
        yield
        return
    # Imported here: a pass of cron needs no web server.
    from agent.listener import Listener

    listener = Listener(tools.settings, tools.ledger, tools.vault, tools.clock, engine.tell_news)
    host, port = listener.start()
    try:
        output.say(f"Webhooks are taken at {host}:{port}.")
        yield
    finally:
        listener.close()


def _obey(settings: Settings, _options: argparse.Namespace, output: Output) -> int:
    with wiring.opened_ledger(settings) as ledger:
        wiring.opened_vault(settings, ledger)
        while _waits(ledger):
            try:
                with wiring.agent_process(settings, "obey") as engine, ending_on_signals(engine):
                    wind_up(engine)
                    if engine.stop.is_set():
                        break
            except AgentBusy:
                if _is_alive(ledger):
                    output.say("Another agent is at work; it does what was asked for.")
                    break
                time.sleep(TICK_SECONDS)  # that one is just ending
    return 0


def _waits(ledger: Ledger) -> bool:
    with ledger.read() as tx:
        return reads.any_request_waits(tx)


def _is_alive(ledger: Ledger) -> bool:
    with ledger.read() as tx:
        return reads.agent_is_alive(tx, utc_now())


def wind_up(engine: Engine) -> None:
    """Finish what is under way and asked for, publish, and end so that no click falls between two agents."""
    while not engine.stop.is_set():
        work_until(engine, timetable(engine), is_done=lambda: _is_idle(engine))
        engine.publish()
        engine.retire()
        if _is_idle(engine):
            return


def _is_idle(engine: Engine) -> bool:
    """Requests whose slot was busy until now count as work, and so does what is due for interviews."""
    engine.take_requests()
    engine.start_due_interviews()
    return not engine.is_busy()


def _publish(settings: Settings, _options: argparse.Namespace, output: Output) -> int:
    with wiring.agent_process(settings, "publish") as engine:
        done = publish(engine.tools)
    document = {"path": str(done.path), "number": done.number, "bytes": done.bytes, "seconds": done.seconds}
    output.answer(document, lambda: f"Published {done.path} ({done.bytes:,} bytes, {done.seconds:.2f} s).")
    return 0
