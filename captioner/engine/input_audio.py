"""Audio as clients send it: the protocol's three formats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captioner.engine.hypothesis import Samples
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session_config import G711, Pcm


def _mu_law() -> npt.NDArray[np.float32]:
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768).astype(np.float32)


def _a_law() -> npt.NDArray[np.float32]:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code & 0x70) >> 4).astype(np.int32)
    mantissa = ((code & 0x0F).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent > 0, mantissa + 0x100 << np.maximum(exponent - 1, 0), mantissa)
    return (np.where(code & 0x80, magnitude, -magnitude) / 32768).astype(np.float32)


_G711 = {"audio/pcmu": _mu_law(), "audio/pcma": _a_law()}


def samples(audio: bytes, format: Pcm | G711) -> Samples:
    """Mono samples at the format's own rate. Raises ProtocolError for half a sample."""
    if isinstance(format, G711):
        return _G711[format.type].take(np.frombuffer(audio, np.uint8))
    if len(audio) % 2:
        raise ProtocolError(
            "invalid_value", "'audio' ends in the middle of a 16-bit sample.", param="audio"
        )
    return np.frombuffer(audio, "<i2").astype(np.float32) / np.float32(32768)


def sample_rate(format: Pcm | G711) -> int:
    return format.rate if isinstance(format, Pcm) else 8000
