"""The room clock, as captions tell it."""

from __future__ import annotations

from dataclasses import replace

from captioner.speech.heard_clock import HeardClock
from tests.unit.speech.speaking import caption


def test_before_anything_is_heard_it_is_zero() -> None:
    clock = HeardClock()
    clock.hear(caption(1, "Hola.", end=5.0), at=100.0)
    assert clock.now(1000.0) == 0.0


def test_the_quickest_caption_says_it_best() -> None:
    clock = HeardClock()
    clock.hear(replace(caption(1, "Hola.", end=5.0), lag_ms=500), at=100.0)
    assert clock.now(101.0) == 6.5
    clock.hear(replace(caption(2, "Hola.", end=8.0), lag_ms=500), at=110.0)
    assert clock.now(101.0) == 6.5
    clock.hear(replace(caption(3, "Hola.", end=18.0), lag_ms=500), at=112.0)
    assert clock.now(112.0) == 18.5
