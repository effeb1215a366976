"""Any rate to any other, as a stream."""

from __future__ import annotations

import numpy as np
import soxr

from captioner.audio.pcm import Floats


class Resampler:
    """Any split of the same samples gives the same result; up to 40 ms are held back."""

    def __init__(self, rate: int, to: int) -> None:
        """`rate`: of what is fed, `to`: of what comes out, in Hz."""
        self._stream = None if rate == to else soxr.ResampleStream(rate, to, 1, dtype="float32")

    @property
    def changes(self) -> bool:
        """Whether what comes out is not what is fed."""
        return self._stream is not None

    def feed(self, samples: Floats) -> Floats:
        return self._resample(samples, last=False)

    def flush(self) -> Floats:
        """What was held back. Nothing can be fed after it."""
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: Floats, *, last: bool) -> Floats:
        if self._stream is None:
            return samples
        resampled: Floats = self._stream.resample_chunk(samples, last=last)
        return resampled
