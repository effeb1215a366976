from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.realtime.sample_clock import SampleClock

RATE = 1000

steps = st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 30)), min_size=1, max_size=20)


def test_without_gaps_it_counts_samples() -> None:
    clock = SampleClock(100.0, RATE)
    clock.advance(2500)
    assert (clock.now, clock.sent) == (102.5, 2.5)
    assert (clock.start(1.5), clock.end(1.5)) == (101.5, 101.5)


def test_what_is_not_sent_takes_time_all_the_same() -> None:
    clock = SampleClock(0.0, RATE)
    clock.advance(2000)
    clock.jump(60.0)
    clock.advance(1000)
    assert (clock.now, clock.sent) == (61.0, 3.0)
    assert (clock.start(2.0), clock.end(2.0)) == (60.0, 2.0), "one begins there, the other ended"
    assert (clock.start(2.5), clock.end(1.5)) == (60.5, 1.5)


def test_what_is_added_takes_no_time() -> None:
    clock = SampleClock(0.0, RATE)
    clock.advance(2000)
    clock.advance(500)
    clock.jump(2.0)
    clock.advance(1000)
    assert clock.now == 3.0
    assert (clock.end(2.4), clock.start(3.0)) == (2.0, 2.5)


@given(steps)
def test_time_never_goes_back_and_what_was_sent_is_where_it_was_spoken(
    sent: list[tuple[int, float]],
) -> None:
    clock = SampleClock(0.0, RATE)
    spoken: list[tuple[float, float]] = []
    for samples, gap in sent:
        clock.jump(clock.now + gap)
        spoken.append((clock.sent, clock.now))
        clock.advance(samples)
    for seconds, time in spoken:
        assert clock.start(seconds) == pytest.approx(time)
    moments = [clock.start(at * clock.sent / 50) for at in range(51)]
    assert moments == sorted(moments)
