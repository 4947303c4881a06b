"""Many processes at one ledger: nobody is turned away, nothing acknowledged is lost, nothing happens twice."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select, text

from storage.ledger import schema
from storage.ledger.database import Ledger
from tests.storage.ledgers import audit_actions, connect, rows, size, start

WRITERS, WRITES = 8, 25

# Each reads in the transaction what it then writes: with a plain BEGIN that ends in "database is locked".
WRITE_MANY = """
from sqlalchemy import select
from storage.ledger import schema
me, writes = sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for n in range(writes):
    with ledger.write() as tx:
        total = int(tx.execute(select(schema.meta.c.value).where(schema.meta.c.key == "total")).scalar_one())
        tx.execute(schema.meta.update().where(schema.meta.c.key == "total").values(value=str(total + 1)))
        tx.execute(schema.meta.insert().values(key=f"{me}-{n}", value=""))
"""

WRITE_UNTIL_KILLED = """
from itertools import count
from storage.ledger import schema
for n in count():
    with ledger.write() as tx:
        tx.execute(schema.meta.insert().values(key=str(n), value="x" * 500))
    print(n, flush=True)
"""

FILE_A_REQUEST = """
from datetime import UTC, datetime
from storage.ledger import requests
print("ready", flush=True)
sys.stdin.readline()
with ledger.write() as tx:
    filed, new = requests.file(tx, "acme", requests.Kind.SYNC, {}, actor=sys.argv[2], now=datetime.now(UTC))
print(filed.request_id, new)
"""

OPEN_ONLY = "print('opened')"


def started_together(processes: Sequence["subprocess.Popen[str]"]) -> list[str]:
    """Lets processes that said they are ready begin at once; what each of them printed, when all went well."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return finished(processes)


def finished(processes: Sequence["subprocess.Popen[str]"]) -> list[str]:
    printed = []
    for process in processes:
        out, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        printed.append(out)
    return printed


def test_eight_processes_write_at_once_and_none_is_refused_or_lost(ledger: Ledger) -> None:
    with ledger.write() as tx:
        tx.execute(schema.meta.insert().values(key="total", value="0"))
    started_together([start(WRITE_MANY, ledger.path, f"w{n}", str(WRITES)) for n in range(WRITERS)])
    with ledger.read() as tx:
        total = tx.execute(select(schema.meta.c.value).where(schema.meta.c.key == "total")).scalar_one()
        assert int(total) == WRITERS * WRITES
        assert size(tx, schema.meta) == WRITERS * WRITES + 1


def test_a_new_ledger_opened_by_several_processes_at_once_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "private" / "ledger.sqlite3"
    assert finished([start(OPEN_ONLY, path) for _ in range(6)]) == ["opened\n"] * 6
    made = Ledger(path)
    with made.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    made.close()


def test_what_a_killed_writer_had_acknowledged_is_there(ledger: Ledger) -> None:
    process = start(WRITE_UNTIL_KILLED, ledger.path)
    assert process.stdout is not None
    for _ in range(40):
        process.stdout.readline()
    process.kill()
    acknowledged = 40 + process.stdout.read().count("\n")
    process.communicate()
    with ledger.read() as tx:
        assert tx.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        stored = {int(row["key"]) for row in rows(tx, schema.meta)}
    # The one after may have been committed when the process died before it could say so.
    assert stored in ({*range(acknowledged)}, {*range(acknowledged + 1)})


def test_two_processes_that_race_make_one_request_and_both_find_it(ledger: Ledger) -> None:
    with ledger.write() as tx:
        connect(tx)
    answers = started_together([start(FILE_A_REQUEST, ledger.path, f"p{n}@example.com") for n in range(4)])
    assert sorted(answers) == ["1 False\n"] * 3 + ["1 True\n"]
    with ledger.read() as tx:
        assert size(tx, schema.requests) == 1
        assert [action for _, action in audit_actions(tx)] == ["account.connected", "sync.requested"]
