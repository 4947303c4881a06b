"""Figures count whole windows only, and replace their own section and nothing else."""

from datetime import UTC, datetime

import pytest

from bench import report, windows


def _at(*seconds: float) -> list[datetime]:
    return [datetime.fromtimestamp(1_000_000_000 + second, UTC) for second in seconds]


def test_the_first_and_the_last_window_do_not_count() -> None:
    assert windows.whole(_at(9.9, 10, 11, 19.9, 20, 30, 31)) == [3, 1]


def test_a_window_without_a_request_counts_as_none() -> None:
    assert windows.whole(_at(1, 12, 35)) == [1, 0]


def test_nothing_requested_fills_no_window() -> None:
    assert windows.whole([]) == []


def test_new_figures_replace_the_old_ones_and_nothing_around_them() -> None:
    document = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    once = report.replaced(document, "new\n")
    assert once == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    assert report.replaced(once, "new\n") == once


@pytest.mark.parametrize("document", ["", report.BEGIN, report.END])
def test_a_document_without_both_markers_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        report.replaced(document, "new\n")
