from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.pcm import SAMPLE_RATE, Samples, dbfs, from_floats, silence
from captioner.audio.tempo import Tempo
from tests.unit.audio.sounds import tone


def spoken(tempo: Tempo, samples: Samples, piece: int = 480) -> Samples:
    pieces = [tempo.feed(samples[at : at + piece]) for at in range(0, samples.size, piece)]
    return np.concatenate([silence(0), *pieces, tempo.flush()])


def hertz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax()) * SAMPLE_RATE / samples.size


@pytest.mark.parametrize("speed", [1.05, 1.1, 1.17, 1.25, 0.8])
def test_faster_speech_keeps_its_pitch_and_its_loudness(speed: float) -> None:
    samples = from_floats(tone(4.0))
    faster = spoken(Tempo(speed), samples)
    assert faster.size == round(samples.size / speed)
    assert hertz(faster) == pytest.approx(440, abs=2)
    assert dbfs(faster) == pytest.approx(dbfs(samples), abs=0.3)


def test_the_usual_speed_changes_no_sample_and_holds_nothing_back() -> None:
    samples = from_floats(tone(0.5))
    tempo = Tempo()
    assert tempo.feed(samples).tobytes() == samples.tobytes()
    assert tempo.flush().size == 0


@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from([1.0, 1.1, 1.25])), min_size=1, max_size=12
    )
)
def test_every_sample_counts_once_at_the_speed_it_was_fed_with(
    pieces: list[tuple[int, float]],
) -> None:
    tempo, due, given_out = Tempo(), 0.0, 0
    for size, speed in pieces:
        tempo.speed = speed
        given_out += tempo.feed(np.ones(size, np.int16)).size
        due += size / speed
        assert tempo.given == given_out <= round(due)
        assert due - given_out < 0.07 * SAMPLE_RATE
    given_out += tempo.flush().size
    assert tempo.taken == sum(size for size, _ in pieces)
    assert tempo.given == given_out == round(due)


def test_the_speed_changes_in_the_middle_without_a_gap() -> None:
    tempo = Tempo()
    parts = []
    for speed in (1.0, 1.25, 1.0):
        tempo.speed = speed
        parts.append(tempo.feed(from_floats(tone(2.0))))
    samples = np.concatenate([*parts, tempo.flush()])
    assert samples.size == round((2 + 2 / 1.25 + 2) * SAMPLE_RATE)
    frames = samples[: samples.size // 480 * 480].reshape(-1, 480)
    assert min(dbfs(frame) for frame in frames[:-4]) > dbfs(samples) - 3


def test_even_what_is_shorter_than_the_filters_window_is_heard() -> None:
    short = spoken(Tempo(1.25), from_floats(tone(0.02)))
    assert short.size == round(0.02 * SAMPLE_RATE / 1.25)
    assert dbfs(short) > -12


@pytest.mark.parametrize("speed", [0.0, 0.4, 2.1, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Tempo(speed)
    with pytest.raises(ValueError, match="speed"):
        Tempo().speed = speed
