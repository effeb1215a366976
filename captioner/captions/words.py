"""Text as words, for every script: what compares, joins and breaks text builds on this."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Myanmar, Khmer
    "\u2e80-\u30ff\u3100-\u312f\u31f0-\u4dbf\u4e00-\u9fff"  # Han, kana, bopomofo, CJK punctuation
    "\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff"  # Han and full-width forms
)
"""Characters of scripts that put no spaces between words, as the inside of a regex class."""

_BLANK = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
# Combining marks and closing punctuation are no \w: they stay with the character before them.
_WORD = re.compile(
    rf"[{UNSPACED}](?:(?![\w「『（《〈【〔])[{UNSPACED}])*|[^\s{UNSPACED}]+", re.UNICODE
)
_UNSPACED_END = re.compile(rf"[{UNSPACED}\s]\Z")
_UNSPACED_START = re.compile(rf"[{UNSPACED}\s]")


@dataclass(frozen=True, slots=True)
class Word:
    """`text[start:end]` with its punctuation; `key` is what is compared: no case, no punctuation.

    In scripts without spaces every character is a word.
    """

    key: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of a text, in order; punctuation that stands alone is none."""
    found = (Word(_key(m.group()), m.start(), m.end()) for m in _WORD.finditer(text))
    return [word for word in found if word.key]


def clean(text: str) -> str:
    """The text as captions carry it: NFC, single spaces, no control characters, none at the ends.

    Cleaning more of the same text only adds at the end, but for marks that combine across the seam.
    """
    return _BLANK.sub(" ", unicodedata.normalize("NFC", text)).strip()


def joined(left: str, right: str) -> str:
    """Two texts one after the other, with a space where their scripts want one."""
    if not left or not right or _UNSPACED_END.search(left) or _UNSPACED_START.match(right):
        return left + right
    return f"{left} {right}"


def is_letter(character: str) -> bool:
    """Whether a character is part of words: letters, digits and the marks on them."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _key(token: str) -> str:
    folded = unicodedata.normalize("NFKC", token).casefold()
    return "".join(character for character in folded if is_letter(character))
