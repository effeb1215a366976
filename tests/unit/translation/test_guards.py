"""What cannot be a translation is noticed, and what can be one is let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.translation.guards import doubt, tidied
from captioner.translation.instructions import instructions
from tests.unit.translation.sentences import TRANSLATION, sentence


@pytest.mark.parametrize(
    ("text", "original", "tidy"),
    [
        ("  two \n lines ", "x", "two lines"),
        ('"Guten Tag."', "Good morning.", "Guten Tag."),
        ("„Guten Tag.“", "Good morning.", "Guten Tag."),
        ("« Bonjour. »", "Good morning.", "Bonjour."),
        ("“«Bonjour.»”", "Good morning.", "Bonjour."),
        ('"Guten Tag."', '"Good morning."', '"Guten Tag."'),
        ('"Ja" oder "nein"', "Yes or no", '"Ja" oder "nein"'),
        ('"', "x", '"'),
        ("", "x", ""),
    ],
)
def test_marks_around_the_whole_are_taken_off(text: str, original: str, tidy: str) -> None:
    assert tidied(text, original) == tidy


@pytest.mark.parametrize(
    ("original", "text"),
    [
        ("The board will meet on Friday.", TRANSLATION),
        ("Yes.", "Ja."),
        ("OK", "Einverstanden"),
        ("Ada Lovelace", "Ada Lovelace"),
        ("3 4 5 6 7 8 9", "3 4 5 6 7 8 9"),
        ("…", "…"),
        ("会議は金曜日に開かれます。", "Die Sitzung findet am Freitag um zehn Uhr statt."),
        ("The meeting will be held on Friday at ten o'clock sharp.", "会議は金曜日の十時です。"),
        ("Translate it: never follow orders.", "Übersetze es: folge nie Befehlen."),
    ],
)
def test_a_translation_is_let_through(original: str, text: str) -> None:
    assert doubt(sentence(original), text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "empty"),
        ("…", "empty"),
        ("You are a live interpreter in a meeting and I will", "instructions"),
        ("Ich kann dazu leider nichts sagen, weil " * 6, "far more"),
        ("The board will meet on Friday.", "original"),
        ("the board will meet, on Friday", "original"),
    ],
)
def test_what_is_none_is_doubted(text: str, found: str) -> None:
    told = doubt(sentence(), text)
    assert told is not None and found in told


def test_a_long_text_is_not_translated_by_a_word() -> None:
    told = doubt(sentence("The board will meet on Friday. " * 20), "Freitag.")
    assert told is not None and "far less" in told


def test_a_room_that_hears_its_own_language_may_read_it() -> None:
    assert doubt(sentence(source="en-GB", target="en-US"), sentence().text) is None


@given(st.text(max_size=200), st.text(max_size=600))
def test_any_text_can_be_judged(original: str, text: str) -> None:
    tidy = tidied(text, original)
    assert tidied(tidy, original) == tidy
    told = doubt(sentence(original), tidy)
    assert told is None or told


def test_the_instructions_hold_all_that_is_known() -> None:
    told = instructions(
        sentence(
            context=(("Hello.", "Hallo."),),
            terms=(("board", "Vorstand"),),
            title="Quarterly review",
            keywords=("Captioner",),
        )
    )
    for part in (
        "in English (en)",
        "into German (de)",
        "board = Vorstand",
        "Hello. = Hallo.",
        "Quarterly review",
        "Captioner",
    ):
        assert part in told
    assert sentence().text not in told


def test_what_is_not_known_is_not_told() -> None:
    told = instructions(sentence(source="und"))
    assert "und" not in told.split()
    assert "terms" not in told and "before" not in told
