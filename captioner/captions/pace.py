"""How long a text takes to say, told from its letters: for what nobody can say in the time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from captioner.captions.words import words

WORDS_A_LETTER = {
    "CJK": 1 / 2,
    "HIRAGANA": 1 / 2,
    "KATAKANA": 1 / 2,
    "HANGUL": 1 / 3,
} | dict.fromkeys(("THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER"), 1 / 5)
"""Of scripts that write a word in fewer letters, or put no spaces between words."""
WORDS_A_LETTER_ELSEWHERE = 1 / 8

_UNSPACED = WORDS_A_LETTER.keys() - {"HANGUL"}


def length(text: str) -> float:
    """How much there is to say, in words of middling length, whatever the script."""
    return length_of(word.key for word in words(text))


def length_of(keys: Iterable[str]) -> float:
    """The same for the keys of words; a long word counts for more than one."""
    return sum(map(_length, keys))


def script_of(letter: str) -> str:
    """A letter's script, as the first word of its Unicode name says; empty where it has none."""
    return unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]


def _length(key: str) -> float:
    scripts = [script_of(letter) for letter in key]
    letters = sum(WORDS_A_LETTER.get(script, WORDS_A_LETTER_ELSEWHERE) for script in scripts)
    return letters if scripts[0] in _UNSPACED else max(1.0, letters)
