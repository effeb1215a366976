"""Sentences, clauses and places to break."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.captions.segments import Quality, Span, breaks, clauses, sentences


def parts(text: str, of: Callable[[str], list[Span]]) -> list[str]:
    return [text[span.start : span.end] for span in of(text)]


@pytest.mark.parametrize(
    "told",
    [
        ["Hello there.", "How are you?", "Fine!"],
        ['He asked: "Why?"', '"Because," she said.', "(So it was.)", "End"],
        ["¿Qué tal?", "¡Bien!", "Gracias."],
        ["Это Москва.", "А это поэт А. С. Пушкин."],
        ["今日は雨です。", "明日は、晴れ！", "はい"],
        ["你好吗？", "我很好。"],
        ["مرحبا، كيف حالك؟", "أنا بخير."],
        ["यह हिन्दी है।", "हाँ।"],
        ["« Bonjour » dit-il !", "Oui…", "Bon."],
    ],
)
def test_sentences_of_many_scripts(told: list[str]) -> None:
    spaced = "" if "雨" in told[0] or "你" in told[0] else " "
    assert parts(spaced.join(told), sentences) == told


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Smith paid $3.50 for tea, e.g. green tea, to Mrs. Jones.",
        "The U.S. Army and J. R. Miller.",
        "Take No. 5 at 10.30 today.",
        "Am 3. Mai, z.B. abends, bzw. nachts.",
        "Well... he did.",
        "He said wow! and left.",
        "This is version 2.0. it works",
    ],
)
def test_not_every_full_stop_ends_a_sentence(sentence: str) -> None:
    assert parts(sentence, sentences) == [sentence]


def test_some_short_words_do_end_sentences() -> None:
    assert parts("So do I. He said no. In 2019. Yes", sentences) == [
        "So do I.",
        "He said no.",
        "In 2019.",
        "Yes",
    ]


def test_clauses_are_parted_by_commas_dashes_and_the_like() -> None:
    text = "Yes, I know: it rains - still... we go; it cost 3,000. Right"
    assert parts(text, clauses) == [
        "Yes,",
        "I know:",
        "it rains -",
        "still...",
        "we go;",
        "it cost 3,000.",
        "Right",
    ]
    assert parts("はい、そうです。", clauses) == ["はい、", "そうです。"]


@pytest.mark.parametrize(
    ("text", "qualities"),
    [
        ("we go and stay", ["SPACE", "CONJUNCTION", "SPACE"]),
        ("look at the cat", ["CONJUNCTION", "SPACE", "POOR"]),
        ("yes, we go. We", ["CLAUSE", "SPACE", "SENTENCE"]),
        ("雨が降る", ["POOR", "SPACE", "POOR"]),
        ("「雨」ー", []),
        ("Oui ! « Si »", ["SENTENCE"]),
        ("ก็ดี", ["POOR"]),
        ("", []),
    ],
)
def test_places_differ_in_quality(text: str, qualities: list[str]) -> None:
    assert [place.quality.name for place in breaks(text)] == qualities


def test_a_sentence_end_is_the_best_place() -> None:
    assert sorted(Quality)[-1] is Quality.SENTENCE


@settings(max_examples=60)
@given(st.text("ab .,!今。は「ก็\u0301\n", max_size=30))
def test_nothing_but_space_lies_between_the_parts(text: str) -> None:
    for of in (sentences, clauses):
        assert "".join("".join(part.split()) for part in parts(text, of)) == "".join(text.split())
