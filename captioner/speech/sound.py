"""What a listener gets: sound, and marks that say what it is."""

from __future__ import annotations

from dataclasses import dataclass

from captioner.speech.synthesizer import SAMPLE_RATE

FRAME_S = 0.02
FRAME_BYTES = 2 * SAMPLE_RATE // 50
"""One frame of samples, s16le."""
SILENCE = bytes(FRAME_BYTES)


@dataclass(frozen=True, slots=True)
class Mark:
    """What follows says this caption, which starts at that room second; or does not say it."""

    caption: str
    start: float
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Frames:
    """Sound in the listener's format. `count`: how many frames it lasts."""

    data: bytes
    count: int = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """Sound that the listener was too slow for: it is left out here."""

    seconds: float


Heard = Mark | Frames | Lost
