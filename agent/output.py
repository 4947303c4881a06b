"""What a command says: its answer on stdout (one JSON document with --json), everything else on stderr."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec


class Output:
    """`answer` once at the end; `say` for what a person should know meanwhile."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def answer(self, document: Any, text: Callable[[], str]) -> None:
        if self._as_json:
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
        else:
            sys.stdout.write(text().rstrip("\n") + "\n")
        sys.stdout.flush()

    def say(self, sentence: str) -> None:
        sys.stderr.write(sentence + "\n")
        sys.stderr.flush()

    def ask(self, question: str) -> None:
        """A question, on stderr so that the answer on stdout stays whole; the cursor stays behind it."""
        sys.stderr.write(question)
        sys.stderr.flush()

    def fail(self, code: str, sentence: str) -> None:
        """An error's sentence; with --json the document tells it too."""
        self.say(sentence)
        if self._as_json:
            sys.stdout.write(json.dumps({"error": {"code": code, "sentence": sentence}}) + "\n")


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Columns aligned with blanks."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in [headings, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def when(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
