from __future__ import annotations

from captioner.ingest.arrivals import Arrivals


def test_a_moment_is_as_old_as_its_arrival() -> None:
    now = [100.0]
    arrivals = Arrivals(lambda: now[0])
    for second in range(1, 5):
        now[0] += 1.0
        arrivals.note(float(second))
    now[0] += 0.5
    assert arrivals.ago(4.0) == 0.5
    assert arrivals.ago(2.5) == 1.5
    assert arrivals.ago(0.1) == 3.5


def test_what_has_not_arrived_has_no_age() -> None:
    arrivals = Arrivals(lambda: 7.0)
    assert arrivals.ago(1.0) == 0.0
    arrivals.note(1.0)
    assert arrivals.ago(1.1) == 0.0


def test_an_endless_stream_is_remembered_for_some_minutes() -> None:
    now = [0.0]
    arrivals = Arrivals(lambda: now[0])
    for step in range(100_000):
        now[0] = step / 10
        arrivals.note(step / 10)
    assert len(arrivals._positions) <= 8192
    assert 300 < arrivals.ago(1.0) < 1000
