"""Whether what a model spoke is the text that it was given: its transcript tells."""

from __future__ import annotations

from difflib import SequenceMatcher

ALIKE = 0.7
"""Of the letters; numbers and abbreviations are spoken in more of them than they are written."""
BEGINNING = 12
"""Letters of a transcript after which its beginning can be judged."""
BEGINS_ALIKE = 0.5


def is_reading(text: str, transcript: str) -> bool:
    """Whether the whole transcript says the text."""
    return _alike(_letters(text), _letters(transcript)) >= ALIKE


def begins_reading(text: str, transcript: str) -> bool | None:
    """Whether the transcript so far begins to say the text; None while it is too short to tell."""
    wanted, spoken = _letters(text), _letters(transcript)
    if len(spoken) < min(BEGINNING, len(wanted)):
        return None
    return _alike(wanted[: len(spoken)], spoken) >= BEGINS_ALIKE


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _alike(one: str, other: str) -> float:
    if not one and not other:
        return 1.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
