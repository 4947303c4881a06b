"""What every test stands on: no settings of the machine, a folder of its own, our packages importable."""

import logging
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# Loggers whose level `agent.logs.set_up` changes.
QUIETENED = ("agent.transport", "alembic", "httpx", "httpcore", "schedule")

# Read before the environment is cleaned: it is about the test run, not a setting of the product.
# The second name hands it on to the processes among which the tests are shared out.
HANDED_ON = "REQUIRE_BROWSER"
NOTHING_MAY_BE_SKIPPED = "1" in (os.environ.get("IVW_REQUIRE_BROWSER"), os.environ.get(HANDED_ON))

# Shared machines are slow now and then, and a slow example is no defect.
settings.register_profile("here", deadline=None, database=None, print_blob=True)
settings.load_profile("here")


def pytest_configure() -> None:
    """Clean before fixtures of any scope run, so that programs they start inherit nothing either."""
    for name in [n for n in os.environ if n.startswith("IVW_")]:
        del os.environ[name]
    os.environ["PYTHONPATH"] = str(ROOT)
    if NOTHING_MAY_BE_SKIPPED:
        os.environ[HANDED_ON] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With IVW_REQUIRE_BROWSER=1 a skipped test counts as failed, with the reason for which it was skipped."""
    report = yield
    if NOTHING_MAY_BE_SKIPPED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, though IVW_REQUIRE_BROWSER=1 asks for every test: {report.longreprtext}"
    return report


@pytest.fixture(autouse=True)
def _of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever a test before it left behind: no settings, and a working folder without a `.env`."""
    for name in [n for n in os.environ if n.startswith("IVW_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Generator[None, None, None]:
    """A command that ran in this process has set up logging for itself."""
    top = logging.getLogger()
    level, handlers = top.level, list(top.handlers)
    levels = {name: logging.getLogger(name).level for name in QUIETENED}
    yield
    top.setLevel(level)
    for handler in list(top.handlers):
        if handler not in handlers and type(handler) is logging.StreamHandler:
            top.removeHandler(handler)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder that holds the four packages."""
    return ROOT
