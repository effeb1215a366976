"""The room clock: from the first audio on, never back."""

from __future__ import annotations

from captioner.rooms.clock import RoomClock
from tests.unit.rooms.conftest import Time


def test_it_stands_at_zero_until_it_is_started() -> None:
    time = Time()
    clock = RoomClock(time.monotonic, time.wall)
    time.seconds = 5.0
    assert clock.now() == 0.0
    clock.start()
    assert clock.now() == 0.0
    time.seconds = 7.25049
    assert clock.now() == 2.25


def test_it_runs_on_while_the_server_does_not() -> None:
    time = Time()
    started = RoomClock(time.monotonic, time.wall).start()
    time.seconds = 60.0
    clock = RoomClock(time.monotonic, time.wall)
    clock.resume(started, not_before=10.0)
    assert clock.now() == 60.0


def test_a_wall_clock_that_was_set_back_does_not_take_it_back() -> None:
    time = Time()
    started = RoomClock(time.monotonic, time.wall).start()
    time.seconds, time.wall_ahead = 60.0, -3_600.0
    clock = RoomClock(time.monotonic, time.wall)
    clock.resume(started, not_before=58.0)
    assert clock.now() == 58.0
    time.seconds, time.wall_ahead = 61.0, 0.0
    assert clock.now() == 59.0
