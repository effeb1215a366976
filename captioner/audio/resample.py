"""Any rate to the server's 24 kHz, as a stream."""

from __future__ import annotations

import numpy as np
import soxr

from captioner.audio.pcm import SAMPLE_RATE, Floats, Samples, from_floats


class Resampler:
    """Any split of the same samples gives the same result; up to 40 ms are held back."""

    def __init__(self, rate: int) -> None:
        """`rate`: of what is fed, in Hz."""
        same = rate == SAMPLE_RATE
        self._stream = None if same else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def feed(self, samples: Floats) -> Samples:
        return self._resample(samples, last=False)

    def flush(self) -> Samples:
        """What was held back. Nothing can be fed after it."""
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: Floats, *, last: bool) -> Samples:
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples, last=last)
        return from_floats(samples)
