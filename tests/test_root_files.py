"""The files at the root agree with each other: reasons for dependencies, commands of the menu."""

import re
import subprocess
import tomllib
from pathlib import Path


def test_every_dependency_has_its_reason(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = [re.split(r"[^\w-]", line, maxsplit=1)[0] for line in wanted]
    told = re.findall(
        r"^\| ([a-z0-9-]+) \| .+ \|$",
        (root / "docs" / "decisions.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [name for name in told if name in names] == names


def test_every_dependency_is_locked(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = set(
        re.findall(r"^([\w-]+)==", (root / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in wanted} <= locked


def test_make_alone_prints_every_command(root: Path) -> None:
    printed = subprocess.run(
        ["make", "--no-print-directory"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    declared = re.search(r"^\.PHONY: (.+)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    assert sorted(re.findall(r"^  make ([a-z-]+) ", printed, re.MULTILINE)) == sorted(declared[1].split())
