"""Phrases that models are known for."""

from __future__ import annotations

import pytest

from captioner.captions.inventions import (
    ALSO_SAID,
    SCRIPTS,
    is_credit,
    is_foreign,
    is_often_invented,
    sentences,
)
from captioner.captions.pace import WORDS_A_LETTER, length


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("We ship. Do we? Yes!", ["We ship.", "Do we?", "Yes!"]),
        ("We use Amara.org for 3.5 years", ["We use Amara.org for 3.5 years"]),
        ("今日は以上です。はい", ["今日は以上です。", "はい"]),
    ],
)
def test_sentences_end_at_their_marks(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(
    "text", ["THANK YOU!", " thank you ", "Thank you…", "İzlediğiniz için teşekkürler."]
)
def test_case_and_punctuation_hide_no_phrase(text: str) -> None:
    assert is_often_invented(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you Ana",
        "Subtitles by Anna",
        "We use Amara.org",
        "字幕由我提供",
        "TV Gelderland",
        "Legendas",
    ],
)
def test_a_word_more_or_another_name_is_speech(text: str) -> None:
    assert not is_credit(text)
    assert not is_often_invented(text)


def test_no_phrase_that_people_say_is_a_credit_and_all_have_words() -> None:
    assert all(phrase and length(phrase) for phrase in ALSO_SAID)
    assert not any(is_credit(phrase) for phrase in ALSO_SAID)


def test_latin_letters_are_foreign_to_no_language() -> None:
    assert not any(is_foreign("Kubernetes", language) for language in SCRIPTS)
    assert all("LATIN" not in own for own in SCRIPTS.values())
    assert {"CJK", "HANGUL", "THAI"} <= WORDS_A_LETTER.keys()


@pytest.mark.parametrize(
    ("text", "language", "foreign"),
    [
        ("спасибо", "en-GB", True),
        ("спасибо", "SR-Latn", False),
        ("漢字", "ko", False),
        ("한글", "ja", True),
        ("...", "en", False),
        ("спасибо", "und", False),
        ("ഹലോ", "en", False),
    ],
)
def test_a_script_is_foreign_where_the_language_is_never_written_in_it(
    text: str, language: str, foreign: bool
) -> None:
    assert is_foreign(text, language) is foreign
