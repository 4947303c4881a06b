"""The interview platform's rows and callbacks as records: lenient with fields, strict about what makes a row."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agent.errors import BadAnswer
from agent.platform import Interview, Line, Platform, Result, Trait, read_callback
from tests.agent.conftest import Scripted
from tests.agent.doors import says
from tests.agent.platforms import ROW, page

RESULT = Result(
    score=81,
    grade="passed",
    summary="Clear and calm.",
    results_url="https://interviews.example.com/r/1",
    duration_seconds=900,
    rubric=(Trait("Clarity", 90, "Specific."), Trait("Reasoning", 72, None)),
    transcript=(Line("candidate", 12.5, "Good morning."),),
    completed_at=datetime(2026, 11, 2, 10, tzinfo=UTC),
)


def read_one(scripted: Scripted, **changes: Any) -> Interview:
    row = {name: value for name, value in {**ROW, **changes}.items() if value is not ...}
    [[found]] = Platform(scripted(says(page(row))).transport()).changed(None)
    return found


def test_a_row_as_the_contract_has_it_gives_every_field(scripted: Scripted) -> None:
    assert read_one(scripted) == Interview(
        interview_id="int-1",
        external_id="ivw-1",
        status="completed",
        updated_at=datetime(2026, 11, 2, 10, 0, 0, 250_000, tzinfo=UTC),
        revision=2,
        delivered_at=datetime(2026, 11, 1, 10, tzinfo=UTC),
        bounced_at=None,
        opened_at=datetime(2026, 11, 2, 8, tzinfo=UTC),
        result=RESULT,
    )


def test_a_result_is_the_same_after_it_was_kept_as_json() -> None:
    kept = json.dumps(msgspec.to_builtins(RESULT))

    assert msgspec.convert(json.loads(kept), Result) == RESULT


def test_what_is_unknown_or_left_out_does_no_harm(scripted: Scripted) -> None:
    found = read_one(
        scripted,
        external_id=...,
        revision=...,
        invite=...,
        mood="sunny",
        result={"score": 0, "mood": {"x": 1}, "rubric": [{"trait": "Clarity", "score": 5, "by": "x"}]},
    )

    assert (found.external_id, found.revision, found.delivered_at) == (None, 1, None)
    assert found.result == Result(0, "", "", None, None, (Trait("Clarity", 5, None),), (), None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"invite": "sent"}, {"delivered_at": None, "result": RESULT}),
        ({"invite": {"delivered_at": "yesterday"}}, {"delivered_at": None, "result": RESULT}),
        ({"revision": "two"}, {"revision": 1}),
        ({"status": "paused"}, {"status": "paused"}),
        ({"interview_id": 7}, {"interview_id": "7"}),
        ({"result": None}, {"result": None}),
        ({"result": []}, {"result": None}),
    ],
)
def test_what_has_the_wrong_type_stays_empty(
    scripted: Scripted, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = read_one(scripted, **changes)

    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("score", [None, "81", -1, 101, 1e300, True, [81]])
def test_a_result_without_a_score_that_can_be_used_is_none(scripted: Scripted, score: Any) -> None:
    assert read_one(scripted, result={"score": score, "grade": "passed"}).result is None


@pytest.mark.parametrize(("score", "kept"), [(0, 0), (100, 100), (79.99, 79), (80.0, 80)])
def test_a_score_never_reaches_a_threshold_by_rounding(scripted: Scripted, score: float, kept: int) -> None:
    result = read_one(scripted, result={"score": score}).result

    assert result is not None
    assert result.score == kept


def test_lines_and_traits_that_cannot_be_read_are_left_out(scripted: Scripted) -> None:
    transcript = [{"speaker": "candidate"}, 7, {"text": "Good morning.", "at_seconds": "late"}]
    rubric = [{"trait": "Clarity"}, None, {"trait": "Reasoning", "score": 72, "note": 3}]
    result = read_one(scripted, result={"score": 1, "transcript": transcript, "rubric": rubric}).result

    assert result is not None
    assert result.transcript == (Line("", None, "Good morning."),)
    assert result.rubric == (Trait("Reasoning", 72, None),)


@pytest.mark.parametrize("missing_key", ["interview_id", "status", "updated_at"])
def test_a_row_that_cannot_be_used_is_counted_and_stops_nothing(scripted: Scripted, missing_key: str) -> None:
    bad = {name: value for name, value in ROW.items() if name != missing_key}
    [rows] = Platform(scripted(says(page(bad, ROW))).transport()).changed(None)

    assert ([row.interview_id for row in rows], rows.bad_rows) == (["int-1"], 1)


def test_a_callback_is_read_as_the_list_is() -> None:
    news = {"interview_id": "int-1", "status": "completed", "revision": 2, "result": ROW["result"], "new": 1}

    assert read_callback(json.dumps(news).encode()) == ("int-1", "completed", 2, RESULT)
    assert read_callback(b'{"interview_id":"int-1","status":"started"}') == ("int-1", "started", 1, None)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"status":"started"}', b'{"interview_id":"a"}'])
def test_a_callback_without_its_interview_and_status_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_callback(body)
