"""Audio as clients send it: the protocol's three formats."""

from __future__ import annotations

import numpy as np

from captioner.audio.g711 import A_LAW, MU_LAW
from captioner.engine.hypothesis import Samples
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session_config import G711, Pcm

_G711 = {"audio/pcmu": MU_LAW, "audio/pcma": A_LAW}


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
