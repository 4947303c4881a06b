"""What the data folder is marked with: its region, the key of its tokens, and the mirror beside it."""

from sqlalchemy import Connection, select

from storage.ledger import schema
from storage.ledger.database import LedgerProblem
from storage.vault import Vault

M = schema.meta
CHECK = "key-check"


def check_region(tx: Connection, region: str) -> None:
    """Mark the folder at first use; later refuse another region (behaviours B43)."""
    marked = _mark(tx, "region", region)
    if marked != region:
        raise LedgerProblem(
            f"This data folder belongs to the {marked} deployment and IVW_REGION says {region}. "
            f"Nothing was read. Set IVW_REGION={marked}, or set IVW_DATA_DIR to this region's folder."
        )


def check_key(tx: Connection, vault: Vault) -> None:
    """Raises KeyProblem when the key is not the one that sealed what is here."""
    stored = tx.execute(select(M.c.value).where(M.c.key == CHECK)).scalar()
    if stored is None:
        _mark(tx, CHECK, vault.seal(CHECK, CHECK).decode())
    else:
        vault.open(CHECK, stored.encode())


def is_new_mirror(tx: Connection, mirror_id: str) -> bool:
    """True when the ledger has worked with another mirror before this one, or with none."""
    known = tx.execute(select(M.c.value).where(M.c.key == "mirror")).scalar()
    if known == mirror_id:
        return False
    tx.execute(M.delete().where(M.c.key == "mirror"))
    tx.execute(M.insert().values(key="mirror", value=mirror_id))
    return True


def _mark(tx: Connection, key: str, value: str) -> str:
    """The value stored for the key; `value` is stored if there was none."""
    stored: str | None = tx.execute(select(M.c.value).where(M.c.key == key)).scalar()
    if stored is None:
        tx.execute(M.insert().values(key=key, value=value))
    return stored or value
