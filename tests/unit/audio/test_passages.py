"""Where a long recording is cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from captioner.audio.passages import LEAST_S, LONGEST_S, SHORTEST_S, passages
from captioner.audio.pcm import SAMPLE_RATE, Samples


def noise(seconds: float) -> Samples:
    count = round(seconds * SAMPLE_RATE)
    return np.random.default_rng(1).integers(-9000, 9000, count).astype(np.int16)


def blocks(audio: Samples, size: int) -> Iterator[Samples]:
    return (audio[at : at + size] for at in range(0, audio.size, size))


@pytest.mark.parametrize("block", [100, 2400, 10**7])
def test_nothing_is_lost_and_only_the_last_is_short(block: int) -> None:
    audio = noise(60)
    cut = list(passages(blocks(audio, block), SAMPLE_RATE))
    assert np.array_equal(np.concatenate(cut), audio)
    assert all(passage.size <= LONGEST_S * SAMPLE_RATE for passage in cut)
    assert all(passage.size >= SHORTEST_S * SAMPLE_RATE for passage in cut[:-1])


def test_the_cut_lies_in_the_quietest_pause() -> None:
    audio = noise(20)
    pause = slice(round(9.0 * SAMPLE_RATE), round(9.5 * SAMPLE_RATE))
    audio[pause] //= 100
    first = next(passages([audio], SAMPLE_RATE))
    assert pause.start < first.size < pause.stop


def test_what_is_too_short_for_an_item_is_filled_with_silence() -> None:
    (only,) = passages([noise(0.01)], SAMPLE_RATE)
    assert only.size == LEAST_S * SAMPLE_RATE
    assert not only[240:].any()


def test_no_audio_makes_no_passage() -> None:
    assert list(passages([], SAMPLE_RATE)) == []
