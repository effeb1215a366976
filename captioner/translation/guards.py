"""Whether what a model wrote is the translation: text in, doubts out."""

from __future__ import annotations

import unicodedata

from captioner.captions.language_names import same_language
from captioner.translation.instructions import RULES
from captioner.translation.translator import Sentence

SHORT = 24
"""Characters of a text too short for proportions."""
LONGEST_SHARE, SHORTEST_SHARE = 3.0, 0.15
"""Of the original's length, by weight; a translation beyond that says more or less than it."""
UNTRANSLATED = 4
"""Words that may be the same in both languages: names, numbers, a greeting."""
ECHO = 6
"""So many words in a row of the instructions are no coincidence."""
_WIDE_WEIGHT = 2.5
"""A Chinese, Japanese or Korean character says as much as so many letters."""
_QUOTES = {
    '"': '"',
    "'": "'",
    "“": "”",
    "„": "“",
    "«": "»",
    "»": "«",
    "‘": "’",
    "「": "」",
    "『": "』",
    "”": "”",
    "‹": "›",
}


def tidied(text: str, original: str) -> str:
    """The text in one line, without quotation marks around it that the original has not."""
    line = " ".join(text.split())
    while len(line) >= 2 and _is_quoted(line) and not _is_quoted(original.strip()):
        line = line[1:-1].strip()
    return line


def doubt(sentence: Sentence, text: str) -> str | None:
    """Why the text cannot be the sentence's translation, in plain words; None if it may be."""
    if not any(character.isalnum() for character in text):
        spoken = any(character.isalnum() for character in sentence.text)
        if spoken or not text:
            return "an empty translation"
        return None
    if _echoes(text, sentence.text):
        return "its instructions in place of a translation"
    own, other = _weight(sentence.text), _weight(text)
    if other > LONGEST_SHARE * max(own, SHORT):
        return "far more than a translation"
    if own > SHORT / SHORTEST_SHARE and other < SHORTEST_SHARE * own:
        return "far less than a translation"
    if _is_untranslated(sentence, text):
        return "the original in place of a translation"
    return None


def _is_quoted(text: str) -> bool:
    """Whether one pair of marks is around all of it, and no other of the same inside."""
    if len(text) < 2 or _QUOTES.get(text[0]) != text[-1]:
        return False
    inside = text[1:-1]
    return text[0] not in inside and text[-1] not in inside


def _words(text: str) -> list[str]:
    cleaned = (c if c.isalnum() or c.isspace() else " " for c in text.casefold())
    return "".join(cleaned).split()


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return {tuple(words[start : start + ECHO]) for start in range(len(words) - ECHO + 1)}


def _echoes(text: str, original: str) -> bool:
    return bool((_runs(text) & _RULES) - _runs(original))


_RULES = _runs(RULES.replace("{source}", "").replace("{target}", ""))


def _weight(text: str) -> float:
    wide = sum(unicodedata.east_asian_width(c) == "W" and c.isalnum() for c in text)
    return len(text) + (_WIDE_WEIGHT - 1) * wide


def _is_untranslated(sentence: Sentence, text: str) -> bool:
    words = _words(text)
    return (
        len(words) > UNTRANSLATED
        and words == _words(sentence.text)
        and not same_language(sentence.source, sentence.target)
        and sentence.source not in ("", "und", "auto")
        and any(word.isalpha() for word in words)
    )
