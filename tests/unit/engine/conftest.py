"""Speech for the engine's tests."""

from __future__ import annotations

from pathlib import Path

import av
import pytest


@pytest.fixture(scope="session")
def speech(demo_recording: Path) -> bytes:
    """The demo recording, as clients send it: 24 kHz s16 mono.

    It speaks from 0.6 to 10.0 s, after a short pause to 12.3 s, and again from 13.4 s.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=24_000)
    with av.open(str(demo_recording)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)
