"""How much there is to say."""

from __future__ import annotations

import pytest

from captioner.captions.pace import length, script_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("... ♪ !", 0),
        ("We ship on Monday.", 4),
        ("A B C", 3),
        ("Geschwindigkeitsbegrenzung", 26 / 8),
        ("我们发布新版本", 3.5),
        ("ありがとう", 2.5),
        ("감사합니다 네", 5 / 3 + 1),
        ("Kubernetesを使う", 10 / 8 + 1.5),
    ],
)
def test_scripts_are_measured_alike(text: str, words: float) -> None:
    assert length(text) == pytest.approx(words)


@pytest.mark.parametrize(
    ("letter", "script"),
    [
        ("a", "LATIN"),
        ("я", "CYRILLIC"),
        ("ー", "KATAKANA"),
        ("字", "CJK"),
        ("네", "HANGUL"),
        ("\x00", ""),
    ],
)
def test_a_letter_names_its_script(letter: str, script: str) -> None:
    assert script_of(letter) == script
