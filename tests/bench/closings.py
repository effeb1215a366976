"""When the turns of a recording close. The engine decides that from the audio alone, so do we."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captioner.audio.turns import TurnDetector, TurnStarted, TurnStopped
from captioner.audio.vad import FRAME, VoiceDetector
from tests.bench.delays import Arrival
from tests.bench.speech import RATE, Pcm


@dataclass(frozen=True, slots=True)
class Closing:
    """A turn from `start` to `end` that was known to be over when audio up to `at` had come (s)."""

    start: float
    end: float
    at: float


def closings(samples: Pcm) -> list[Closing]:
    """The turns of a recording."""
    voice, turns = VoiceDetector(), TurnDetector()
    found: list[Closing] = []
    start = 0
    for index, probability in enumerate(voice.feed((samples / 32768).astype(np.float32))):
        for event in turns.feed([probability]):
            if isinstance(event, TurnStarted):
                start = event.sample
            elif isinstance(event, TurnStopped):
                at = (index + 1) * FRAME
                found.append(Closing(start / RATE, event.sample / RATE, at / RATE))
    return found


def after_closing(arrivals: Sequence[Arrival], turns: Sequence[Closing]) -> list[float]:
    """For each turn that was captioned, how long after its closing its last final came (s)."""
    finals = [arrival for arrival in arrivals if arrival.final and arrival.text]
    delays = []
    for turn in turns:
        times = [final.at for final in finals if turn.start <= final.start < turn.end]
        if times:
            delays.append(max(times) - turn.at)
    return delays
