"""G.711, the telephone's 8 bits a sample, as tables from code to sample in [-1, 1]."""

from __future__ import annotations

import numpy as np

from captioner.audio.pcm import Floats


def _mu_law() -> Floats:
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768).astype(np.float32)


def _a_law() -> Floats:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code & 0x70) >> 4).astype(np.int32)
    mantissa = ((code & 0x0F).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent > 0, mantissa + 0x100 << np.maximum(exponent - 1, 0), mantissa)
    return (np.where(code & 0x80, magnitude, -magnitude) / 32768).astype(np.float32)


MU_LAW = _mu_law()
A_LAW = _a_law()
