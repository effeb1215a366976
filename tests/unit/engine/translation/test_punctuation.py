"""How translated sentences begin and end."""

from __future__ import annotations

import pytest

from captioner.engine.translation.punctuation import punctuated


@pytest.mark.parametrize(
    ("translation", "sentence", "target", "expected"),
    [
        ("Olá", "Hello.", "pt", "Olá."),
        ("Olá.", "Hello.", "pt", "Olá."),
        ("Olá.", "hello", "pt", "Olá"),
        ("Olá...", "hello", "pt", "Olá..."),
        ("Olá!", "Hello.", "pt", "Olá!"),
        ("olá.", "Hello.", "pt", "Olá."),
        ("Olá", "hello", "pt", "Olá"),
        ("ele disse “sim”", "he said “yes.”", "pt", "ele disse “sim”."),
        ("你好", "Hello.", "zh-Hant", "你好。"),
        ("あなたは誰", "Who are you?", "ja", "あなたは誰？"),
        ("Qué quiere?", "What does he want?", "es", "¿Qué quiere?"),
        ("¿Qué quiere?", "What does he want?", "es-MX", "¿Qué quiere?"),
        ("Bueno, ¿qué quiere?", "Well, what does he want?", "es", "Bueno, ¿qué quiere?"),
        ("Alto!", "Stop!", "es", "¡Alto!"),
        ("¿What does he want?", "¿Qué quiere?", "en", "What does he want?"),
    ],
)
def test_a_translation_begins_and_ends_as_what_was_said(
    translation: str, sentence: str, target: str, expected: str
) -> None:
    assert punctuated(translation, sentence, target) == expected
