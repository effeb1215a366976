"""Timed segments laid onto text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.captions.phrases import phrases_of
from captioner.captions.recognition import Segment


def timed(*texts: str) -> list[Segment]:
    """One segment a second."""
    return [Segment("a", text, float(at), at + 0.9) for at, text in enumerate(texts)]


def cut(text: str, segments: list[Segment]) -> list[tuple[str, float]]:
    """What the phrases say, and when they start."""
    said, before = [], 0
    for phrase in phrases_of(text, segments):
        said.append((text[before : phrase.until], phrase.start))
        before = phrase.until
    return said


@pytest.mark.parametrize(
    ("text", "segments", "said"),
    [
        ("Hello. Bye.", ["Hello.", " Bye."], [("Hello.", 0), (" Bye.", 1)]),
        ("Hello, all. Bye!", ["hello all", "bye"], [("Hello, all.", 0), (" Bye!", 1)]),
        ("今日は雨。明日も。", ["今日は雨。", "明日も。"], [("今日は雨。", 0), ("明日も。", 1)]),
        ("One 2 three four", ["one two", "three four"], [("One 2", 0), (" three four", 1)]),
        ("a b c d", ["v w", "x y"], [("a b", 0), (" c d", 1)]),
        ("Hello", ["", "Hello", "you"], [("Hello", 1)]),
        ("", ["Hello"], []),
        ("Hello", [], []),
    ],
)
def test_phrases_end_where_their_segments_end(
    text: str, segments: list[str], said: list[tuple[str, float]]
) -> None:
    assert cut(text, timed(*segments)) == said


def test_a_segment_without_text_lends_its_time_to_the_one_before() -> None:
    (phrase,) = phrases_of("Hello", timed("Hello", "..."))
    assert (phrase.start, phrase.end) == (0.0, 1.9)


@settings(max_examples=50)
@given(st.text("ab. ", max_size=20), st.lists(st.text("abc. ", max_size=6), max_size=5))
def test_phrases_grow_up_to_the_end_of_the_text(text: str, segments: list[str]) -> None:
    ends = [phrase.until for phrase in phrases_of(text, timed(*segments))]
    assert ends == sorted(set(ends))
    assert not ends or ends[-1] == len(text)
