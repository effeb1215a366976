"""Whether a transcript says the text."""

from __future__ import annotations

import pytest

from captioner.speech.reading import begins_reading, is_reading


@pytest.mark.parametrize(
    ("text", "transcript"),
    [
        ("Good morning.", "good morning"),
        ("We meet at 10 on Friday.", "We meet at ten on Friday."),
        ("Dr. Meier comes on May 3.", "Doctor Meier comes on May third."),
        ("会議は金曜日です。", "会議は金曜日です"),
        ("…", ""),
    ],
)
def test_a_text_is_recognised_however_it_is_spelled(text: str, transcript: str) -> None:
    assert is_reading(text, transcript)


@pytest.mark.parametrize(
    ("text", "transcript"),
    [
        ("What time is it?", "I'm sorry, I do not have a clock here."),
        ("Good morning.", ""),
        ("We meet on Friday.", "We meet on Friday. Is there anything else I can do for you?"),
        ("We meet on Friday at ten in the large room.", "We meet"),
    ],
)
def test_something_else_is_noticed(text: str, transcript: str) -> None:
    assert not is_reading(text, transcript)


@pytest.mark.parametrize(
    ("transcript", "found"),
    [("We", None), ("We meet on Frid", True), ("I'm sorry, I cannot", False)],
)
def test_a_beginning_is_judged_once_it_is_long_enough(transcript: str, found: bool | None) -> None:
    assert begins_reading("We meet on Friday at ten.", transcript) is found


def test_a_text_shorter_than_any_beginning_can_be_judged() -> None:
    assert begins_reading("Yes.", "Yes")
