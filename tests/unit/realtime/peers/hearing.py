"""What all peers hear, to the letter: speech is a level, and every level is a word.

A stretch of one value other than 0 is a word (7 is `w7`), as in `tests.realtime_peer`, at whatever
rate. It is listened to in frames of 10 ms; a frame of several values is on the way from one word
to the next, so audio that was resampled is understood as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from captioner.audio.pcm import Samples, silence

FRAME_MS = 10
END_OF_SPEECH_MS = 300
"""Silence that ends a turn at every server that looks for turns, whatever it was asked for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame that was heard."""

    end_ms: int
    """Its end, on the clock of all audio that was listened to."""
    word: str | None
    """The word that begins with it."""
    quiet_ms: int
    """How long it has been silent up to its end."""


class Ear:
    """Audio in, moments out; what does not fill a frame waits for what comes next."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._rest = silence(0)
        self._level = 0
        self._end_ms = 0
        self._quiet_ms = 0

    def listen(self, samples: Samples) -> Iterator[Moment]:
        size = self.rate * FRAME_MS // 1000
        audio = np.concatenate([self._rest, samples])
        whole = audio.size - audio.size % size
        self._rest = audio[whole:]
        return iter([self._moment(frame) for frame in audio[:whole].reshape(-1, size)])

    def _moment(self, frame: Samples) -> Moment:
        level = int(frame[0]) if (frame == frame[0]).all() else None
        word = f"w{level}" if level and level != self._level else None
        self._level = self._level if level is None else level
        self._end_ms += FRAME_MS
        self._quiet_ms = self._quiet_ms + FRAME_MS if level == 0 else 0
        return Moment(self._end_ms, word, self._quiet_ms)
