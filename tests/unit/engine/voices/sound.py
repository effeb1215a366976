"""What was spoken, measured, and heard again by the recogniser."""

from __future__ import annotations

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence, to_floats
from captioner.audio.resample import Resampler
from captioner.engine.hypothesis import SAMPLE_RATE as HEARD_RATE
from captioner.engine.hypothesis import Job
from captioner.engine.recognizer import Recognizer
from captioner.engine.voices.voice import Sound


def whole(sound: Sound) -> Samples:
    return np.concatenate([silence(0), *sound])


def seconds(samples: Samples) -> float:
    return samples.size / SAMPLE_RATE


def pitch(samples: Samples) -> float:
    """Of the voice in Hz: how often its waveform repeats, in the middle of most of its frames."""
    floats = to_floats(samples)
    frame, lowest, highest = SAMPLE_RATE // 20, SAMPLE_RATE // 400, SAMPLE_RATE // 70
    periods = []
    for at in range(0, floats.size - frame, frame):
        part = floats[at : at + frame]
        if np.abs(part).max() > 0.1:
            alike = np.correlate(part, part, "full")[frame - 1 :]
            periods.append(lowest + int(alike[lowest:highest].argmax()))
    return SAMPLE_RATE / float(np.median(periods))


def heard(recognizer: Recognizer, samples: Samples, language: str) -> str:
    resampler = Resampler(SAMPLE_RATE, HEARD_RATE)
    audio = np.concatenate([resampler.feed(to_floats(samples)), resampler.flush()])
    (hypothesis,) = recognizer.decode([Job("final", audio, language)])
    return hypothesis.text
