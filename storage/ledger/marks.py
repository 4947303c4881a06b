"""What the data folder is marked with: its region, the key of its tokens, and the mirror beside it."""

from datetime import datetime

from sqlalchemy import Connection, select

from storage.ledger import accounts, schema
from storage.ledger.database import LedgerProblem
from storage.vault import KeyProblem, Vault

M = schema.meta
CHECK = "key-check"
CONDEMNED = "condemned"


def check_region(tx: Connection, region: str) -> None:
    """Mark the folder at first use; later refuse another region (behaviours B43)."""
    marked = _mark(tx, "region", region)
    if marked != region:
        raise LedgerProblem(
            f"This data folder belongs to the {marked} deployment and IVW_REGION says {region}. "
            f"Nothing was read. Set IVW_REGION={marked}, or set IVW_DATA_DIR to this region's folder."
        )


def check_key(tx: Connection, vault: Vault, *, adopt: bool = False) -> None:
    """Raises KeyProblem when no key is the one that sealed what is here.

    When a former key fits, everything is sealed with the first, so that the former one can go.
    `adopt` gives a lost key up instead of raising: tokens that it sealed stay closed until they are replaced.
    """
    stored = _mark(tx, CHECK, vault.seal(CHECK, CHECK).decode()).encode()
    try:
        vault.open(CHECK, stored)
    except KeyProblem:
        if not adopt:
            raise
        renewed: bytes | None = vault.seal(CHECK, CHECK)
    else:
        renewed = vault.renewed(stored)
    if renewed is not None:
        tx.execute(M.update().where(M.c.key == CHECK).values(value=renewed.decode()))
        accounts.renew_tokens(tx, vault)


def condemn_mirror(tx: Connection) -> None:
    """The mirror was found damaged at work: whoever opens it next begins a new one."""
    tx.execute(M.delete().where(M.c.key == "mirror"))
    tx.execute(M.insert().values(key="mirror", value=CONDEMNED))


def absolve_mirror(tx: Connection) -> None:
    """The damaged mirror has been put aside."""
    tx.execute(M.delete().where(M.c.key == "mirror"))


def is_condemned(tx: Connection) -> bool:
    return tx.execute(select(M.c.value).where(M.c.key == "mirror")).scalar() == CONDEMNED


def is_new_mirror(tx: Connection, mirror_id: str) -> bool:
    """True when the ledger has worked with another mirror before this one, or with none."""
    known = tx.execute(select(M.c.value).where(M.c.key == "mirror")).scalar()
    if known == mirror_id:
        return False
    tx.execute(M.delete().where(M.c.key == "mirror"))
    tx.execute(M.insert().values(key="mirror", value=mirror_id))
    return True


def read(tx: Connection, key: str) -> datetime | None:
    """How far something that belongs to no account was read."""
    value: str | None = tx.execute(select(M.c.value).where(M.c.key == key)).scalar()
    return None if value is None else datetime.fromisoformat(value)


def advance(tx: Connection, key: str, at: datetime) -> None:
    tx.execute(M.delete().where(M.c.key == key))
    tx.execute(M.insert().values(key=key, value=at.isoformat()))


def _mark(tx: Connection, key: str, value: str) -> str:
    """The value stored for the key; `value` is stored if there was none."""
    stored: str | None = tx.execute(select(M.c.value).where(M.c.key == key)).scalar()
    if stored is None:
        tx.execute(M.insert().values(key=key, value=value))
    return stored or value
