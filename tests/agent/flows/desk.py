"""Types commands of interviews into the agent's command line, in this process, as staff would."""

import io
import sys
from dataclasses import dataclass

import pytest

from agent.cli import main
from tests.agent.flows.interview_rig import InterviewRig


class Terminal(io.StringIO):
    """Standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@dataclass
class Typed:
    """Exit code, standard output and standard error of one command."""

    code: int
    out: str
    err: str


@dataclass
class InterviewDesk:
    rig: InterviewRig
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def type(self, *words: str, answers: str | None = None, **settings: str) -> Typed:
        """`answers` are typed at a terminal; without them there is none."""
        given = self.rig.environment | {f"IVW_{k.upper()}": v for k, v in settings.items()}
        for name, value in given.items():
            if name.startswith("IVW_"):
                self.monkeypatch.setenv(name, value)
        self.monkeypatch.setattr(sys, "stdin", io.StringIO() if answers is None else Terminal(answers))
        self.capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as usage:  # argparse ends so
            code = int(usage.code or 0)
        said = self.capsys.readouterr()
        assert self.rig.running.token("acme") not in said.out + said.err
        return Typed(code, said.out, said.err)
