from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.pcm import SILENCE_DBFS, SampleRing, dbfs, from_floats, silence, to_bytes
from tests.unit.audio.sounds import tone


def test_the_level_is_against_full_scale() -> None:
    assert dbfs(from_floats(tone(1.0))) == pytest.approx(-9.03, abs=0.01)
    assert dbfs(silence(100)) == dbfs(silence(0)) == SILENCE_DBFS


def test_floats_beyond_full_scale_are_cut_off() -> None:
    samples = from_floats(np.array([1.5, -1.5, 0.0], np.float32))
    assert samples.tolist() == [32767, -32768, 0]


def test_bytes_are_little_endian() -> None:
    assert to_bytes(np.array([1, -2], np.int16)) == b"\x01\x00\xfe\xff"


@given(
    start=st.integers(0, 50),
    steps=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 300)), max_size=20),
)
def test_a_ring_gives_back_what_it_was_not_told_to_forget(
    start: int, steps: list[tuple[int, int]]
) -> None:
    ring = SampleRing(start)
    pushed = start
    for size, forget in steps:
        ring.push(np.arange(pushed, pushed + size, dtype=np.int16))
        pushed += size
        ring.forget(forget)
        assert (ring.end, ring.size) == (pushed, pushed - ring.start)
        assert ring.start <= max(start, min(forget, pushed)) or ring.start > forget
        for begin in range(ring.start, pushed + 1, 7):
            assert ring.read(begin, 9).tolist() == list(range(begin, min(begin + 9, pushed)))


def test_a_ring_forgets_exactly() -> None:
    ring = SampleRing()
    ring.push(np.arange(10, dtype=np.int16))
    ring.forget(4)
    assert (ring.start, ring.read(4, 3).tolist()) == (4, [4, 5, 6])
    with pytest.raises(ValueError, match="forgotten"):
        ring.read(3, 1)
