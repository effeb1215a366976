from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.edges import FADE_S, Edges
from captioner.audio.pcm import SAMPLE_RATE, Samples, from_floats, silence
from tests.unit.audio.sounds import tone

FADE = round(FADE_S * SAMPLE_RATE)
LOUD = np.full(2400, 20_000, np.int16)


def smoothed(samples: Samples, *cuts: int) -> Samples:
    edges = Edges()
    return np.concatenate([*map(edges.feed, np.split(samples, sorted(cuts))), edges.flush()])


def test_what_begins_and_ends_in_the_middle_of_a_wave_does_not_click() -> None:
    smooth = smoothed(LOUD)
    assert smooth.size == LOUD.size
    assert smooth[0] == smooth[-1] == 0
    steps = np.abs(np.diff(smooth.astype(np.int32)))
    assert steps.max() < 20_000 * 2 / FADE
    assert smooth[FADE:-FADE].tobytes() == LOUD[FADE:-FADE].tobytes()


def test_silence_goes_before_and_after_but_not_between() -> None:
    word, pause = from_floats(tone(0.2))[7:-7], silence(9000)
    hum = np.tile(np.array([2, -3], np.int16), 500)
    smooth = smoothed(np.concatenate([pause, hum, word, pause, word, hum, pause]))
    assert smooth.size == 2 * word.size + pause.size
    assert not smooth[word.size : -word.size].any()


@pytest.mark.parametrize("samples", [silence(0), silence(5000), np.full(99, -3, np.int16)])
def test_silence_alone_is_nothing(samples: Samples) -> None:
    assert smoothed(samples).size == 0


@given(
    parts=st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 2400), max_size=8),
)
def test_any_split_of_the_samples_gives_the_same_sound(
    parts: list[tuple[bool, int]], cuts: list[int]
) -> None:
    samples = np.concatenate([LOUD[:size] if loud else silence(size) for loud, size in parts])
    assert smoothed(samples, *cuts).tobytes() == smoothed(samples).tobytes()


def test_no_more_is_held_back_than_the_fade_and_the_silence_before_it() -> None:
    edges = Edges()
    assert edges.feed(LOUD).size == LOUD.size - FADE
    assert edges.feed(silence(1000)).size == 0
    assert edges.feed(LOUD).size == LOUD.size + 1000
    assert edges.flush().size == FADE
