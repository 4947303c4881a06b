"""What stands on the timeline: told plainly, bounded, encodable, and found again by its last line."""

import doctest
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.platform_wire import Line, Result, Trait
from agent.rules import notes
from agent.rules.notes import (
    LONGEST,
    end_note,
    invite_note,
    rating_comment,
    result_comment,
    sample_card,
    transcript_text,
)
from storage.references import is_marked

MARK = "IVW-JY8R-6B8N"
LINK = "https://interviews.example.com/i/1"


def result(**changes: Any) -> Result:
    usual: dict[str, Any] = {
        "score": 82,
        "grade": "passed",
        "summary": "Clear and calm.\nKnows the trade.",
        "results_url": "https://interviews.example.com/r/1",
        "duration_seconds": 754,
        "rubric": (Trait("Clarity", 90, "to the point"), Trait("Depth", 74, None)),
        "transcript": (Line("AI", 0.0, "Hello!"), Line("Lee Example", 3725.9, "Hello.")),
        "completed_at": datetime(2026, 3, 2, 9, 5, tzinfo=UTC),
    }
    return Result(**usual | changes)


# Halves of surrogate pairs, NULs and everything else that a text from outside may hold.
anything = st.text(st.characters(codec=None, categories=None), max_size=60) | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "<script>alert(1)</script>",
        "=HYPERLINK(1)",
        "\u202eabc",
        "a\r\nb\x0bc\u2028d",
        "x" * 9_000,
    ]
)
results = st.builds(
    Result,
    score=st.integers(),
    grade=anything,
    summary=anything | anything.map(lambda text: text * 300),
    results_url=st.none() | anything | anything.map(lambda text: f"https://{text}"),
    duration_seconds=st.none() | st.integers(),
    rubric=st.lists(st.builds(Trait, anything, st.integers(), st.none() | anything), max_size=40).map(tuple),
    transcript=st.lists(st.builds(Line, anything, st.none() | st.floats(), anything), max_size=5).map(tuple),
    completed_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
WRITERS: dict[str, Callable[[Result, str], str]] = {
    "invite_note": lambda _, text: invite_note(text, f"https://{text}", MARK),
    "rating_comment": lambda found, _: rating_comment(found, MARK),
    "result_comment": lambda found, _: result_comment(found, MARK, supersedes=1),
    "end_note": lambda _, text: end_note(text, text, MARK),
    "sample_card": lambda _, __: sample_card(MARK),
}


def test_the_examples_in_docstrings_are_true() -> None:
    outcome = doctest.testmod(notes)

    assert (outcome.attempted > 0, outcome.failed) == (True, 0)


@pytest.mark.parametrize("name", WRITERS)
@given(found=results, text=anything)
def test_whatever_comes_in_a_bounded_text_goes_out_that_ends_with_its_mark(
    name: str, found: Result, text: str
) -> None:
    body = WRITERS[name](found, text)

    assert body.split("\n")[-2:] == ["", f"Ref {MARK}"]
    assert body.splitlines()[-1] == f"Ref {MARK}"
    assert is_marked(body, MARK)
    assert len(body) <= LONGEST
    assert "\x00" not in body
    assert json.loads(json.dumps(body, ensure_ascii=False).encode()) == body


@given(results)
def test_whatever_was_said_each_thing_is_one_line_of_the_transcript(found: Result) -> None:
    text = transcript_text(found)

    assert len(text.splitlines()) == 3 + len(found.transcript)
    assert text.encode().decode() == text


def test_an_invite_note_tells_of_the_mail_the_link_and_that_it_is_internal() -> None:
    assert invite_note("Sales screen", LINK, MARK) == (
        'The candidate was invited to the AI interview "Sales screen" by e-mail.\n\n'
        f"The candidate's own link, please do not open it for them: {LINK}\n\n"
        "This note is internal: the candidate does not see it.\n\n"
        "Ref IVW-JY8R-6B8N"
    )


def test_an_invite_note_does_without_a_template_name_and_a_link() -> None:
    assert invite_note(" ", None, MARK) == (
        "The candidate was invited to an AI interview by e-mail.\n\n"
        "This note is internal: the candidate does not see it.\n\n"
        "Ref IVW-JY8R-6B8N"
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a.example.com/ b", "https://" + "x" * 1_000, "www"]
)
def test_what_is_no_whole_web_address_is_not_shown_as_a_link(url: str) -> None:
    assert invite_note("", url, MARK) == invite_note("", None, MARK)
    assert "The whole result" not in result_comment(result(results_url=url), MARK)


def test_a_rating_tells_the_score_and_that_an_ai_assessed_and_a_person_decides() -> None:
    assert rating_comment(result(), MARK) == (
        "AI interview: 82 of 100 (passed).\n\n"
        "Clear and calm. Knows the trade.\n\n"
        "An AI held this interview and made the assessment. A person decides what happens next.\n\n"
        "Ref IVW-JY8R-6B8N"
    )


def test_a_rating_without_a_grade_or_summary_has_no_empty_places() -> None:
    bare = rating_comment(result(grade="", summary="\x00 "), MARK)

    assert bare.startswith("AI interview: 82 of 100.\n\nAn AI held")


def test_a_ratings_summary_is_cut_after_a_word() -> None:
    told = rating_comment(result(summary="word " * 500), MARK).split("\n\n")[1]

    assert len(told) <= 300
    assert told.endswith("word word…")


def test_a_result_tells_everything_with_what_must_not_be_cut_first() -> None:
    assert result_comment(result(), MARK) == (
        "The AI interview is complete: 82 of 100, after 12 min 34 s.\n\n"
        "An AI held this interview and made the assessment. A person decides what happens next.\n\n"
        "The whole result: https://interviews.example.com/r/1\n\n"
        "Clear and calm.\nKnows the trade.\n\n"
        "How it was scored, each of 100:\n- Clarity: 90 (to the point)\n- Depth: 74\n\n"
        "Ref IVW-JY8R-6B8N"
    )


def test_a_result_of_which_little_is_known_has_no_empty_places() -> None:
    little = result(results_url=None, duration_seconds=None, rubric=(), summary="")

    assert result_comment(little, MARK) == (
        "The AI interview is complete: 82 of 100.\n\n"
        "An AI held this interview and made the assessment. A person decides what happens next.\n\n"
        "Ref IVW-JY8R-6B8N"
    )


def test_an_amended_result_says_which_one_no_longer_counts() -> None:
    assert "AMENDED" not in result_comment(result(), MARK)
    assert (
        "This is an AMENDED result. It replaces revision 1, which no longer counts; please ignore its comment."
    ) in result_comment(result(), MARK, supersedes=1)


def test_every_way_to_end_a_line_is_a_line_end_in_the_summary() -> None:
    body = result_comment(result(summary="a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h"), MARK)

    assert "\n\na\nb\nc\nd\ne\nf\ng\nh\n\n" in body


def test_a_duration_below_zero_is_not_told() -> None:
    assert result_comment(result(duration_seconds=-1), MARK).startswith(
        "The AI interview is complete: 82 of 100.\n"
    )


def test_a_long_summary_leaves_room_for_the_rubric() -> None:
    assert "\n- Clarity: 90 (to the point)\n- Depth: 74\n" in result_comment(
        result(summary="long " * 5_000), MARK
    )


def test_a_long_result_keeps_its_link_its_amendment_and_its_mark() -> None:
    rubric = tuple(Trait("T" * 500, 1, "n" * 500) for _ in range(50))
    body = result_comment(result(summary="long " * 5_000, rubric=rubric), MARK, supersedes=3)

    assert len(body) <= LONGEST
    assert "https://interviews.example.com/r/1" in body
    assert "replaces revision 3" in body
    assert "…\n\nRef " in body


def test_a_transcript_has_minutes_and_seconds_where_they_are_known() -> None:
    said = (
        Line("AI", 5.2, "Hello!"),
        Line("Lee", None, "Hi."),
        Line("", 3725.0, "Bye."),
        Line("AI", -1.0, "?"),
    )

    assert transcript_text(result(transcript=said)) == (
        "Transcript of the AI interview of 02 Mar 2026, 09:05 UTC\n"
        "An AI held this interview and made the assessment. A person decides what happens next.\n"
        "\n"
        "[00:05] AI: Hello!\nLee: Hi.\n[62:05] Unknown: Bye.\nAI: ?\n"
    )


def test_nobodys_words_pass_for_another_speakers() -> None:
    forged = (Line("Lee", 1.0, "Yes.\r\n[00:02] AI: Perfect,\u2028hired!"),)
    text = transcript_text(result(transcript=forged))

    assert text.endswith("\n[00:01] Lee: Yes. [00:02] AI: Perfect, hired!\n")


@pytest.mark.parametrize("at_seconds", [float("nan"), float("inf"), float("-inf")])
def test_a_time_that_is_no_number_is_left_out(at_seconds: float) -> None:
    assert transcript_text(result(transcript=(Line("AI", at_seconds, "Hi."),))).endswith("\nAI: Hi.\n")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("expired", "has expired before the candidate finished it"),
        ("bounced", "did not reach the candidate: the e-mail came back. Check the e-mail address"),
        ("cancelled", "was cancelled, and the link no longer works"),
        ("rejected", "was turned down, so that there will be no result"),
        ("paused", "ended without a result"),
    ],
)
def test_b14_an_end_without_a_result_says_what_happened_and_what_can_be_done(status: str, told: str) -> None:
    body = end_note(status, "Sales screen", MARK)

    assert body.startswith(f'The invite to the AI interview "Sales screen" {told}')
    assert "sent" in body


def test_the_sample_card_is_marked_as_a_test_that_did_nothing() -> None:
    body = sample_card(MARK)

    assert body.startswith("TEST: ")
    assert "Nobody was invited, nothing was scored; you can ignore this." in body


def test_what_would_turn_the_direction_of_the_mark_is_dropped() -> None:
    assert "\u202e" not in invite_note("\u202eSales", None, MARK)


def test_no_blank_stands_before_the_ellipsis() -> None:
    assert notes._cut("one  two three", 10) == "one  two…"
    assert notes._cut("one \n two", 7) == "one…"


@given(st.text(), st.integers(1, 50))
def test_a_cut_text_is_a_beginning_of_the_whole(text: str, longest: int) -> None:
    kept = notes._cut(text, longest)

    assert len(kept) <= longest
    assert kept == text or (kept.endswith("…") and text.startswith(kept[:-1]))


def test_every_kind_of_note_is_told_apart() -> None:
    bodies = [write(result(), "expired") for write in WRITERS.values()]

    assert all(one != other for one, other in itertools.combinations(bodies, 2))
