"""What is hidden before anything is logged or shown."""

import io
import logging

import pytest

from agent.redaction import HIDDEN, RedactingFilter, hide, redact


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcDEF123456-._~+/=",
        "authorization: bearer  abcDEF123456",
        "https://example.com/?token=abcDEF123456",
        "token: abcDEF123456",
    ],
)
def test_bearer_tokens_are_hidden(text: str) -> None:
    assert "abcDEF123456" not in redact(text)
    assert HIDDEN in redact(text)


def test_sentences_about_tokens_stay_readable() -> None:
    sentence = "Workable refused the token: it was revoked or has expired. The token disappeared."

    assert redact(sentence) == sentence


@pytest.mark.parametrize(
    "address",
    ["lee@example.com", "lee.o'hara+jobs@mail.example.co.uk", "lee%40example.com", "ünal@exämple.com"],
)
def test_mail_addresses_are_hidden(address: str) -> None:
    assert redact(f"wrote to <{address}>.") == "wrote to <[e-mail]>."


def test_registered_secrets_are_hidden_wherever_they_stand_the_longer_ones_first() -> None:
    hide("sesame")
    hide("sesame-and-more")

    assert redact("x=sesame-and-more;sesame") == f"x={HIDDEN};{HIDDEN}"


def test_a_secret_too_short_to_be_one_hides_nothing() -> None:
    hide("")
    hide("abc")

    assert redact("abcdef") == "abcdef"


def test_log_messages_their_arguments_and_tracebacks_are_redacted() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("alone")
    logger.propagate = False
    logger.addHandler(handler)
    hide("open-sesame")
    try:
        int("open-sesame of lee@example.com")
    except ValueError:
        logger.exception("met %s", "lee@example.com", stack_info=True)
    logger.removeHandler(handler)

    assert "ValueError" in out.getvalue()
    assert "lee@" not in out.getvalue()
    assert "open-sesame" not in out.getvalue()


@pytest.mark.parametrize("piece", ["a", "a.", "a@", "@a.", "%40"])
def test_long_texts_without_an_address_pass_and_would_take_minutes_if_each_letter_were_tried_to_the_end(
    piece: str,
) -> None:
    text = piece * 200_000

    assert redact(text) == text
