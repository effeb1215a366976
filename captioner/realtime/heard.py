"""What comes of a track's transcription: what recognisers say, and what they could not hear."""

from __future__ import annotations

from dataclasses import dataclass

from captioner.captions.recognition import Recognition
from captioner.realtime.engines import Upstream


@dataclass(frozen=True, slots=True)
class Silence:
    """Before `until` (seconds on the caller's clock) nobody spoke that was not told of."""

    until: float


@dataclass(frozen=True, slots=True)
class AudioLost:
    """Nobody recognised for so long that audio had to be given up: `start` to `end`."""

    start: float
    end: float
    reason: str = "engine_unavailable"


Heard = Recognition | Silence | AudioLost | Upstream
"""In the order in which it is to be dealt with."""
