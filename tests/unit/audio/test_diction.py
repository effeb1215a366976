"""An utterance as listeners hear it."""

from __future__ import annotations

import numpy as np
import pytest

from captioner.audio.diction import Diction
from captioner.audio.pcm import SAMPLE_RATE


def tone(seconds: float) -> bytes:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (9_000 * np.sin(2 * np.pi * 220 * time)).astype("<i2").tobytes()


@pytest.mark.parametrize("tempo", [1.0, 1.25])
def test_an_utterance_loses_the_silence_around_it_and_takes_its_share_of_the_time(
    tempo: float,
) -> None:
    diction, sound = Diction(tempo), bytes(SAMPLE_RATE) + tone(1.0) + bytes(SAMPLE_RATE)
    heard = b"".join(diction.feed(sound[at : at + 960]) for at in range(0, len(sound), 960))
    heard += diction.flush()
    samples = np.frombuffer(heard, "<i2")
    assert samples.size == pytest.approx(SAMPLE_RATE / tempo, abs=0.02 * SAMPLE_RATE)
    assert abs(int(samples[0])) < 200 and abs(int(samples[-1])) < 200
