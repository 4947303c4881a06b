"""Turns the platform's score into a grade on Workable's scale, and into passed or not."""

from bisect import bisect_right

# The lowest scores of the grades from 1 on; below the first of them is grade 0.
USUAL: dict[str, tuple[int, ...]] = {
    "thumbs": (50, 80),
    "stars": (20, 40, 60, 80),
    "numbers": (10, 20, 30, 40, 50, 60, 70, 80, 90),
}
FAILED = "failed"


def grade(score: int, scale: str, thresholds: tuple[int, ...] | None) -> int:
    """The grade counted from 0, as Workable wants it; exactly at a threshold is the higher grade.

    >>> grade(79, "thumbs", None), grade(80, "thumbs", None), grade(80, "thumbs", (81, 90))
    (1, 2, 0)
    """
    return bisect_right(USUAL[scale] if thresholds is None else thresholds, score)


def has_passed(score: int, platform_grade: str, pass_score: int | None) -> bool:
    """By the mapping's pass score where there is one, else as the platform graded.

    >>> has_passed(60, "failed", 60), has_passed(59, "excelled", 60), has_passed(0, "passed", None)
    (True, False, True)
    """
    return platform_grade != FAILED if pass_score is None else score >= pass_score
