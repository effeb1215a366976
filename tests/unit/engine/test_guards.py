"""What is taken for invention, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captioner.engine.guards import as_said, compression, doubtful, nothing_said
from captioner.engine.hypothesis import Hypothesis, TimedText, Word


def decode(text: str, *, no_speech: float = 0.0, avg_logprob: float = -0.3) -> Hypothesis:
    """A decode with a word every half second."""
    words = tuple(
        Word(" " + word, index / 2, index / 2 + 0.4, 0.9) for index, word in enumerate(text.split())
    )
    segments = (TimedText(" " + text, 0.0, len(words) / 2),) if text else ()
    return Hypothesis(text, segments, words, "en", no_speech, avg_logprob)


@pytest.mark.parametrize(
    ("no_speech", "avg_logprob", "audio_s", "invented"),
    [
        (0.1, -0.3, 5.0, False),
        (0.1, -1.2, 5.0, True),
        (0.7, -0.7, 5.0, True),
        (0.7, -0.3, 5.0, False),
        (0.7, -0.7, 1.0, False),
        (0.1, -1.2, 1.0, False),
        (0.7, -1.2, 1.0, True),
        (0.1, -1.5, 1.0, True),
    ],
)
def test_doubts_add_up_and_short_words_are_forgiven_one(
    no_speech: float, avg_logprob: float, audio_s: float, invented: bool
) -> None:
    hypothesis = decode("I'm sorry.", no_speech=no_speech, avg_logprob=avg_logprob)
    assert nothing_said(hypothesis, audio_s) is invented


@pytest.mark.parametrize("text", ["", "...", " ♪ ", ". . . ."])
def test_text_without_a_letter_says_nothing(text: str) -> None:
    assert nothing_said(decode(text), 5.0)


def test_a_loop_says_nothing() -> None:
    assert compression("It was the best of times, it was the worst of times.") < 2
    looped = as_said(decode("or... " * 30), 20.0)
    assert (looped.text, looped.segments, looped.words) == ("", (), ())


def test_words_without_a_sound_at_the_end_are_cut_off() -> None:
    said = decode("Alright this is it.")
    echo = tuple(Word(f" {word}", 2.98, 3.0, 0.99) for word in ("Alright", "this", "is"))
    tail = TimedText(" Alright this is", 2.9, 3.0)
    echoed = replace(
        said,
        text=said.text + tail.text,
        words=said.words + echo,
        segments=(*said.segments, tail),
    )
    assert as_said(echoed, 3.0) == said


def test_a_word_that_is_cut_at_the_end_stays() -> None:
    said = decode("Alright this is it.")
    cut = replace(said, words=(*said.words[:-1], Word(" it.", 2.0, 2.0, 0.4)))
    assert as_said(cut, 2.0) == cut


@pytest.mark.parametrize(
    ("text", "avg_logprob", "doubt"),
    [
        ("He might even have been made amiable himself.", -0.3, False),
        ("He might even have been made. He might even have been made.", -0.3, True),
        ("No, no, no, I said so.", -0.3, False),
        ("He might even have been made amiable himself.", -1.1, True),
    ],
)
def test_words_said_twice_in_a_row_are_doubted(text: str, avg_logprob: float, doubt: bool) -> None:
    assert doubtful(decode(text, avg_logprob=avg_logprob)) is doubt
