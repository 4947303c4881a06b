"""Invents what an interview came to: score, grade, rubric and transcript that fit each other."""

from random import Random
from typing import Any

from sandbox.platform_model import Interview
from sandbox.stamps import iso_ms

TRAITS = ("Clarity", "Reasoning", "Motivation", "Knowledge of the work")
EXCHANGE = (
    (
        "Tell me about a piece of work you are proud of.",
        "I rebuilt our hand-over so that no customer waits twice.",
    ),
    ("What went wrong on the way?", "The first version hid errors; I learned to show them early."),
    ("Why this position?", "It joins what I know with what I want to learn next."),
)


def grade_of(score: int) -> str:
    return "failed" if score < 50 else "passed" if score < 85 else "excelled"


def invent_result(interview: Interview, random: Random, score: int | None, now_ms: int) -> dict[str, Any]:
    """Scores are 0 to 100; the rubric scatters around the whole."""
    total = max(0, min(100, round(random.gauss(68, 16)))) if score is None else score
    return {
        "score": total,
        "grade": grade_of(total),
        "summary": f"Answered {len(EXCHANGE)} questions; overall {grade_of(total)}.",
        "results_url": f"https://platform.example.com/results/{interview.id}",
        "duration_seconds": 60 * random.randrange(8, 30),
        "rubric": [_trait(name, total, random) for name in TRAITS],
        "transcript": _transcript(),
        "attachments": [],
        "completed_at": iso_ms(now_ms),
    }


def _trait(name: str, total: int, random: Random) -> dict[str, Any]:
    score = max(0, min(100, total + random.randrange(-10, 11)))
    return (
        {"trait": name, "score": score, "note": "Specific and calm."}
        if score > 80
        else {"trait": name, "score": score}
    )


def _transcript() -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for place, (question, reply) in enumerate(EXCHANGE):
        lines.append({"speaker": "interviewer", "at_seconds": 90 * place, "text": question})
        lines.append({"speaker": "candidate", "at_seconds": 90 * place + 12, "text": reply})
    return lines
