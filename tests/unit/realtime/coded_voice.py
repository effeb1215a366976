"""A voice detector for speech that is coded in levels, as `tests.realtime_peer` hears it."""

from __future__ import annotations

import numpy as np

from captioner.audio.pcm import Floats
from captioner.audio.turns import FRAME

_LEVEL = 0.5 / 32768


class CodedVoice:
    """A frame of which a quarter is not silent is speech."""

    def feed(self, samples: Floats) -> list[float]:
        frames = np.abs(samples).reshape(-1, FRAME) > _LEVEL
        return [float(share > 0.25) for share in frames.mean(axis=1)]
