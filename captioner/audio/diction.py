"""An utterance as listeners hear it: no silence around it, no click, at a tempo."""

from __future__ import annotations

import numpy as np

from captioner.audio.edges import Edges
from captioner.audio.tempo import Tempo


class Diction:
    """Sound in and out as s16le mono at 24 kHz, in pieces of whole samples."""

    def __init__(self, tempo: float) -> None:
        """`tempo`: 1.25 is a quarter faster."""
        self._edges = Edges()
        self._tempo = Tempo(tempo)

    def feed(self, pcm: bytes) -> bytes:
        """What can be heard of it by now."""
        return self._edges.feed(self._tempo.feed(np.frombuffer(pcm, "<i2"))).tobytes()

    def flush(self) -> bytes:
        """The rest. Nothing can be fed after it."""
        end = self._edges.feed(self._tempo.flush())
        return np.concatenate([end, self._edges.flush()]).tobytes()
