"""Where an utterance begins and ends: no silence around it, and no click."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captioner.audio.pcm import SAMPLE_RATE, Samples, from_floats, silence, to_floats

FADE_S = 0.005
_SILENT = 3
"""No louder than this (-80 dBFS) is what a synthesizer says nothing with."""


class Edges:
    """The samples of one utterance, without the silence before and after, faded in and out.

    Pauses inside stay as they are; so the end is held back: 5 ms, and the silence before it. Any
    split of the same samples gives the same result.
    """

    def __init__(self, rate: int = SAMPLE_RATE) -> None:
        """`rate`: of the samples, in Hz."""
        self._fade = round(FADE_S * rate)
        self._held = silence(0)
        self._given = 0

    def feed(self, samples: Samples) -> Samples:
        samples = np.concatenate([self._held, samples])
        heard = _heard(samples)
        if not heard.size:
            return silence(0)
        start = 0 if self._given else int(heard[0])
        ready = max(start, int(heard[-1]) + 1 - self._fade)
        self._held = samples[ready:]
        return self._give(samples[start:ready])

    def flush(self) -> Samples:
        """The utterance is over: its end. Nothing can be fed after it."""
        end = self._held[: _heard(self._held).max(initial=-1) + 1]
        at = max(0, end.size - self._fade)
        falling = _ramp(end.size - at)[::-1]
        return self._give(np.concatenate([end[:at], _scaled(end[at:], falling)]))

    def _give(self, samples: Samples) -> Samples:
        rising = _ramp(self._fade)[self._given : self._given + samples.size]
        self._given += samples.size
        return np.concatenate([_scaled(samples[: rising.size], rising), samples[rising.size :]])


def _heard(samples: Samples) -> npt.NDArray[np.intp]:
    """Where there is sound."""
    return np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENT)


def _ramp(count: int) -> npt.NDArray[np.float32]:
    """From nothing to all, a raised cosine."""
    return ((1 - np.cos(np.pi * np.arange(count) / max(1, count))) / 2).astype(np.float32)


def _scaled(samples: Samples, by: npt.NDArray[np.float32]) -> Samples:
    return from_floats(to_floats(samples) * by)
