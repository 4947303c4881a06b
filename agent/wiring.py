"""The only place that puts the parts together: settings in, an agent at work out."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from agent.engine import Engine
from agent.platform import open_platform
from agent.work import Tools
from storage.agent_lock import AgentLock
from storage.clock import Clock, utc_now
from storage.ledger import agents, marks, outbox, requests, runs
from storage.ledger.database import Ledger, open_ledger
from storage.mirror import Mirror
from storage.mirror_errors import MirrorDamaged
from storage.mirror_walks import cursor, set_cursor
from storage.settings import Settings
from storage.vault import Vault

log = logging.getLogger(__name__)
MIRROR_ID = "mirror"


def agent_lock(settings: Settings) -> AgentLock:
    return AgentLock(settings.private_dir / "agent.lock")


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger of a folder that belongs to this region. Raises LedgerProblem."""
    ledger = open_ledger(settings.ledger_path)
    try:
        with ledger.write() as tx:
            marks.check_region(tx, settings.region)
        yield ledger
    finally:
        ledger.close()


def opened_vault(settings: Settings, ledger: Ledger, *, adopt: bool = False) -> Vault:
    """Raises KeyProblem when the key is missing or is not this ledger's.

    `adopt`: take the key all the same; accounts sealed with a lost one have to be reconnected.
    """
    vault = Vault(settings.secret_key)
    with ledger.write() as tx:
        marks.check_key(tx, vault, adopt=adopt)
    return vault


@contextmanager
def agent_process(settings: Settings, kind: str, clock: Clock = utc_now) -> Iterator[Engine]:
    """The one agent of this data folder, until the block ends.

    Raises AgentBusy while another is at work, and whatever makes the stores unusable.
    """
    with opened_ledger(settings) as ledger:
        vault = opened_vault(settings, ledger)
        with agent_lock(settings), _engine(settings, ledger, vault, clock, kind) as engine:
            yield engine


@contextmanager
def _engine(settings: Settings, ledger: Ledger, vault: Vault, clock: Clock, kind: str) -> Iterator[Engine]:
    mirror = Mirror(settings.mirror_path, memory_limit=f"{settings.memory_mb}MB")
    try:
        _open_or_rebuild(mirror, ledger, clock)
        agent_id, stop = _register(ledger, kind, clock), threading.Event()
        platform = open_platform(settings, stop=stop)
        engine = Engine(Tools(settings, ledger, mirror, vault, clock, agent_id, platform), stop)
        try:
            yield engine
        finally:
            engine.close()
    finally:
        mirror.close()


def _register(ledger: Ledger, kind: str, clock: Clock) -> str:
    """The lock is held, so whatever looks at work in the ledger is what a dead process left behind."""
    now = clock()
    with ledger.write() as tx:
        agents.release_dead(tx, now)
        runs.interrupt_orphans(tx, now)
        requests.release_orphans(tx, now)
        outbox.release_sending(tx, now)
        return agents.register(tx, kind, now)


def _open_or_rebuild(mirror: Mirror, ledger: Ledger, clock: Clock) -> None:
    """A damaged or missing mirror is begun anew: Workable has all of it (behaviours B26)."""
    try:
        identity = _identity(mirror, ledger, clock)
    except MirrorDamaged as damage:
        aside = mirror.rebuild(str(damage), now=clock())
        log.warning("The mirror was damaged and is put aside as %s; everything is read again.", aside)
        with ledger.write() as tx:
            marks.absolve_mirror(tx)
        identity = _identity(mirror, ledger, clock)
    with ledger.write() as tx:
        if marks.is_new_mirror(tx, identity):
            runs.forget_streams(tx)


def _identity(mirror: Mirror, ledger: Ledger, clock: Clock) -> str:
    with ledger.read() as tx:
        if marks.is_condemned(tx):
            raise MirrorDamaged(f"{mirror.path} was found damaged at work.")
    with mirror.transaction() as tx:
        identity = cursor(tx, "", MIRROR_ID)
        if identity is None:
            identity = uuid4().hex
            set_cursor(tx, "", MIRROR_ID, identity, now=clock())
        return identity
