"""Voice detection on a stream: where there is speech, and that chunks do not matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper.audio import decode_audio
from faster_whisper.vad import get_vad_model
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.turns import TurnDetector, TurnEvent
from captioner.audio.vad import FRAME, VoiceDetector

Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def speech(demo_recording: Path) -> Samples:
    """It speaks from 0.6 to 10.0 s and again after a short pause."""
    samples: Samples = decode_audio(str(demo_recording))[: 13 * 16_000]
    return samples


@pytest.fixture(scope="module")
def whole(speech: Samples) -> list[float]:
    return VoiceDetector().feed(speech)


def test_speech_is_likely_and_silence_is_not(whole: list[float]) -> None:
    assert np.median(whole[40:300]) > 0.9
    assert max(VoiceDetector().feed(np.zeros(16_000, np.float32))) < 0.1


def test_a_frame_is_answered_once_it_is_whole() -> None:
    voice = VoiceDetector()
    assert voice.feed(np.zeros(FRAME - 1, np.float32)) == []
    assert len(voice.feed(np.zeros(1, np.float32))) == 1
    assert len(voice.feed(np.zeros(3 * FRAME + 5, np.float32))) == 3


def test_the_stream_agrees_with_the_batch_of_faster_whisper(
    speech: Samples, whole: list[float]
) -> None:
    batch = get_vad_model()(speech[: speech.size // FRAME * FRAME]).ravel()
    assert np.abs(batch - np.array(whole)).max() < 1e-4


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
def test_any_split_of_the_samples_gives_the_same_turns(
    speech: Samples, whole: list[float], sizes: list[int]
) -> None:
    voice, turns = VoiceDetector(), TurnDetector()
    speech = speech[: 3 * 16_000]
    events: list[TurnEvent] = []
    probabilities: list[float] = []
    for chunk in np.split(speech, np.cumsum(sizes).clip(0, speech.size)):
        heard = voice.feed(chunk)
        probabilities += heard
        events += turns.feed(heard)
    assert probabilities == whole[: len(probabilities)]
    assert events == TurnDetector().feed(whole[: len(probabilities)])
