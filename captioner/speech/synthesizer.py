"""Who speaks, as the rest sees it: a text in, its sound out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

SAMPLE_RATE = 24_000
"""Of all speech here, in Hz; mono, 16 bits a sample, little-endian."""
USUAL = ""
"""The voice that speaks where none is named."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said. `language`: a BCP 47 tag. `voice`: a name of the synthesizer's own, or

    empty for its usual one. `room`: whose account it is on, or empty.
    """

    text: str
    language: str
    voice: str = ""
    room: str = ""


class Synthesizer(Protocol):
    """One way to have text spoken. Safe to be asked for several lines at once."""

    @property
    def name(self) -> str:
        """For people and metrics."""
        ...

    async def voices(self, language: str) -> tuple[str, ...]:
        """The names of its voices for a language, the best first; none: it does not speak it."""
        ...

    def speak(self, line: Line) -> AsyncIterator[bytes]:
        """The sound, s16le mono at `SAMPLE_RATE`, in pieces of any size as they are made.

        Iterating raises `NoSuchPair` where it does not speak the language, and
        `TranslationUnavailable` where it cannot just now.
        """
        ...
