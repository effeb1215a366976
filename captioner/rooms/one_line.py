"""A line of text as somebody gave it: checked, and written the one usual way."""

from __future__ import annotations

import unicodedata

from captioner.errors import BadInput
from captioner.rooms.languages import shown

_NOT_IN_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Controls, halves of surrogate pairs, line and paragraph separators."""


def one_line(value: object, what: str, *, longest: int, least: int = 0) -> str:
    """The text in NFC without space around it, where it is one line of a fitting length.

    Raises `BadInput` where it is not, of `what` in words.
    """
    if not isinstance(value, str):
        raise BadInput(f"{what} must be text, not {shown(value)}")
    text = unicodedata.normalize("NFC", value).strip()
    if not least <= len(text) <= longest:
        raise BadInput(f"{what} must have {least} to {longest} characters, not {len(text)}")
    if any(unicodedata.category(character) in _NOT_IN_A_LINE for character in text):
        raise BadInput(f"{what} must be a single line without control characters")
    return text
