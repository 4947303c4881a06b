"""Writes what stands on a candidate's timeline: plain text, short, ending with the mark that finds it again.

Texts from outside may hold anything. What no reader could see, or no encoder take, is dropped from them.
"""

import math
import re

from agent.platform_wire import Line, Result, Trait
from storage import references

LONGEST = 4_000
LONGEST_SUMMARY = 2_000
LONGEST_RATING = 300
LONGEST_NAME = 120
LONGEST_REMARK = 240
LONGEST_LINK = 1_000
LONGEST_WORD = 60  # a longer one is cut in its midst

LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters, halves of surrogate pairs, and what turns the writing direction of all that follows.
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

BY_AI = "An AI held this interview and made the assessment. A person decides what happens next."
INTERNAL = "This note is internal: the candidate does not see it."
AGAIN = "A new invite can be sent from the intrvio dashboard."
ENDS = {
    "expired": f"has expired before the candidate finished it. {AGAIN}",
    "bounced": "did not reach the candidate: the e-mail came back. Check the e-mail address in Workable; "
    "once it is changed, the invite can be sent again from the intrvio dashboard.",
    "cancelled": f"was cancelled, and the link no longer works. {AGAIN}",
    "rejected": "was turned down, so that there will be no result. Speak to the candidate, "
    f"or go on without the interview. {AGAIN}",
}
OTHER_END = f"ended without a result. {AGAIN}"


def invite_note(template_name: str, interview_url: str | None, mark: str) -> str:
    link = _link(interview_url)
    return _body(
        mark,
        f"The candidate was invited to {_interview(template_name)} by e-mail.",
        link and f"The candidate's own link, please do not open it for them: {link}",
        INTERNAL,
    )


def rating_comment(result: Result, mark: str) -> str:
    word = _one_line(result.grade, LONGEST_NAME)
    head = f"AI interview: {result.score} of 100{word and f' ({word})'}."
    return _body(mark, head, _one_line(result.summary, LONGEST_RATING), BY_AI)


def result_comment(result: Result, mark: str, *, supersedes: int | None = None) -> str:
    """`supersedes` is the revision that no longer counts. What must not be cut stands first."""
    link = _link(result.results_url)
    traits = "\n".join(_trait(trait) for trait in result.rubric)
    return _body(
        mark,
        f"The AI interview is complete: {result.score} of 100{_took(result.duration_seconds)}.",
        "" if supersedes is None else _superseding(supersedes),
        BY_AI,
        link and f"The whole result: {link}",
        _cut(_clean(result.summary).strip(), LONGEST_SUMMARY),
        traits and f"How it was scored, each of 100:\n{traits}",
    )


def transcript_text(result: Result) -> str:
    """The attachment: a line for each thing said, with minutes and seconds where they are known."""
    at = result.completed_at
    when = "" if at is None else f" of {at:%d %b %Y, %H:%M} UTC"
    said = [_said(line) for line in result.transcript]
    return "\n".join([f"Transcript of the AI interview{when}", BY_AI, "", *said]) + "\n"


def end_note(status: str, template_name: str, mark: str) -> str:
    """For an interview that ended without a result: what happened, and what can be done."""
    what = _interview(template_name)
    return _body(mark, f"The invite to {what} {ENDS.get(status, OTHER_END)}", INTERNAL)


def sample_card(mark: str) -> str:
    return _body(
        mark,
        "TEST: intrvio has tried whether it can write to this timeline. It can.",
        "Nobody was invited, nothing was scored; you can ignore this.",
    )


def _body(mark: str, *paragraphs: str) -> str:
    end = f"\n\n{references.line(mark)}"
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return _cut(text, LONGEST - len(end)) + end


def _clean(text: str) -> str:
    return UNSEEN.sub("", LINE_ENDS.sub("\n", text))


def _one_line(text: str, longest: int) -> str:
    return _cut(" ".join(_clean(text).split()), longest)


def _cut(text: str, longest: int) -> str:
    """At most `longest` characters; cut after a word where there is one, with an ellipsis.

    >>> _cut("one two three", 9), _cut("one two", 7), _cut("x" * 99, 4)
    ('one two…', 'one two', 'xxx…')
    """
    if len(text) <= longest:
        return text
    room = text[: longest - 1]
    words = re.match(r".*(?=\s)", room, flags=re.DOTALL)
    kept = words[0] if words and len(words[0]) >= len(room) - LONGEST_WORD else room
    return f"{kept.rstrip()}…"


def _link(url: str | None) -> str:
    """Empty unless it is a whole web address; a part of one leads nowhere."""
    text = _clean(url or "").strip()
    is_address = text.startswith(("https://", "http://")) and not re.search(r"\s", text)
    return text if is_address and len(text) <= LONGEST_LINK else ""


def _interview(template_name: str) -> str:
    name = _one_line(template_name, LONGEST_NAME)
    return f'the AI interview "{name}"' if name else "an AI interview"


def _took(seconds: int | None) -> str:
    if seconds is None or seconds < 0:
        return ""
    return f", after {seconds // 60} min {seconds % 60} s"


def _superseding(revision: int) -> str:
    return (
        f"This is an AMENDED result. It replaces revision {revision}, "
        "which no longer counts; please ignore its comment."
    )


def _trait(trait: Trait) -> str:
    remark = _one_line(trait.note or "", LONGEST_REMARK)
    name = _one_line(trait.trait, LONGEST_NAME)
    return f"- {name}: {trait.score}{remark and f' ({remark})'}"


def _said(line: Line) -> str:
    """On one line, whatever was said, so that nobody's words pass for another speaker's."""
    speaker, text = (" ".join(_clean(part).split()) for part in (line.speaker, line.text))
    return f"{_stamp(line.at_seconds)}{speaker or 'Unknown'}: {text}"


def _stamp(seconds: float | None) -> str:
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"[{minutes:02}:{rest:02}] "
