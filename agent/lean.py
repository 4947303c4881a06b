"""Keeps pandas out of the agent's process, which never uses it.

pyarrow and duckdb import it where it is installed, to know its types: 45 MB of memory and half a second
of each start. Both do without it when it is missing.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class WithoutPandas(MetaPathFinder):
    """Makes `import pandas` fail as if it were not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def stay_lean() -> None:
    sys.meta_path.insert(0, WithoutPandas())
