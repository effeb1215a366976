"""What somebody says a caption should have read: checked, and as JSON and back."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from captioner.captions.words import clean
from captioner.errors import BadInput
from captioner.rooms.languages import language_tag, shown

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Correction:
    """What the caption `id` should say in a language; an empty `text` withdraws it."""

    id: str
    language: str
    text: str


def correction_from(message: Mapping[str, object]) -> Correction:
    """The correction that a JSON object asks for; raises `BadInput` with what is wrong with it."""
    caption = message.get("id")
    if not isinstance(caption, str):
        raise BadInput(f"{shown(caption)} is not a caption's id")
    return Correction(caption, language_tag(message.get("language")), _text(message.get("text")))


def correction_message(correction: Correction) -> dict[str, object]:
    return asdict(correction)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(f"a caption's text must be text, not {shown(value)}")
    if any(unicodedata.category(character) == "Cs" for character in value):
        raise BadInput("a caption's text must be valid Unicode")
    text = clean(value)
    if len(text) > _LONGEST:
        raise BadInput(f"a caption's text may have {_LONGEST} characters, not {len(text)}")
    return text
