"""Checks the house rules that no linter knows: file length, a first sentence, nothing of one machine."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400
OF_ONE_MACHINE = {
    "the name of a package registry": re.compile(
        r"pypi\.org|pythonhosted\.org|^\s*--(?:extra-)?index-url|^\s*--trusted-host"
    ),
    "a path of one machine": re.compile(r"(?<![\w.*/])/(?:work|root|home/\w+|Users/\w+)/"),
}


def main() -> None:
    """Exits with every finding, one a line, or quietly."""
    findings = [finding for path in _files() for finding in _findings(path)]
    sys.exit("\n".join(findings) or 0)


def _files() -> list[Path]:
    """What git keeps or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 -- git is where the path says
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def _findings(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # a picture
    name = path.relative_to(ROOT).as_posix()
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in OF_ONE_MACHINE.items():
            if pattern.search(line):
                yield f"{name}:{number}: {what}"
    if path.suffix == ".py":
        yield from _of_python(name, text)


def _of_python(name: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > LONGEST_FILE:
        yield f"{name}: {lines} lines, and none may have more than {LONGEST_FILE}"
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        yield f"{name}:{error.lineno}: not Python {sys.version_info.major}.{sys.version_info.minor}"
        return
    if module.body and not ast.get_docstring(module):
        yield f"{name}:1: a module begins with a sentence that says what it is for"


if __name__ == "__main__":
    main()
