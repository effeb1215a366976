"""Samples as they travel through the server: one channel, 16 bits, at the recogniser's rate."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""Mono, shape (n,)."""
Floats = npt.NDArray[np.float32]
"""Mono at any rate, shape (n,), in [-1, 1]."""

SAMPLE_RATE = 24_000
"""What every server of the Realtime protocol takes, in Hz."""
SPEECH_RATE = 16_000
"""What models of speech hear: whoever takes it is spared a resampling, 40 ms and some accuracy."""
SILENCE_DBFS = -100.0
"""The lowest level there is: digital silence has it too."""

_FULL_SCALE = 32768


def from_floats(samples: Floats) -> Samples:
    """Rounded; what is louder than full scale is cut off there."""
    scaled = np.rint(samples * np.float32(_FULL_SCALE))
    limited: Floats = scaled.clip(-_FULL_SCALE, _FULL_SCALE - 1)
    return limited.astype(np.int16)


def to_floats(samples: Samples) -> Floats:
    return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def silence(count: int) -> Samples:
    return np.zeros(count, np.int16)


def to_bytes(samples: Samples) -> bytes:
    """Little-endian, whatever the machine."""
    return samples.astype("<i2", copy=False).tobytes()


def dbfs(samples: Samples) -> float:
    """Root mean square against full scale; 0 is the loudest square wave."""
    if not samples.size:
        return SILENCE_DBFS
    floats = samples.astype(np.float32)
    power = float(np.dot(floats, floats)) / samples.size / _FULL_SCALE**2
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power else SILENCE_DBFS


class SampleRing:
    """The newest stretch of a stream, by sample position: what may have to be sent again.

    Whoever pushes keeps it bounded, by looking at `size` first.
    """

    def __init__(self, start: int = 0) -> None:
        """`start`: the position of the first sample that will be pushed."""
        self.start = start
        """The oldest sample that is kept."""
        self.end = start
        """The sample that comes next."""
        self._blocks: deque[Samples] = deque()

    @property
    def size(self) -> int:
        return self.end - self.start

    def push(self, samples: Samples) -> None:
        self._blocks.append(samples)
        self.end += samples.size

    def forget(self, before: int) -> None:
        """Let go of what lies before a position."""
        before = min(before, self.end)
        while self.start < before:
            block = self._blocks.popleft()
            excess = self.start + block.size - before
            if excess > 0:
                self._blocks.appendleft(block[block.size - excess :])
                self.start = before
            else:
                self.start += block.size

    def read(self, start: int, most: int) -> Samples:
        """Up to `most` samples from a position that is still kept on."""
        if start < self.start:
            raise ValueError(f"sample {start} is forgotten; the oldest is {self.start}")
        parts: list[Samples] = []
        position, wanted = self.end, min(most, self.end - start)
        for block in reversed(self._blocks):
            position -= block.size
            if position < start + wanted:
                parts.append(block[max(0, start - position) : start + wanted - position])
            if position <= start:
                break
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts[::-1]) if parts else silence(0)
