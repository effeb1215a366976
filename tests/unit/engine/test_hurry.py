"""What is in a hurry, and what only catches up."""

from __future__ import annotations

from captioner.engine.hurry import BURST_S, FASTEST, Hurry

RATE = 16_000


def received(hurry: Hurry, start_s: float, end_s: float, *, now: float, pace: float) -> None:
    """Audio from `start_s` to `end_s` in steps of 0.1 s, from `now` on."""
    for step in range(1, round((end_s - start_s) * 10) + 1):
        audio_s = start_s + step / 10
        hurry.received(round(audio_s * RATE), now + step / 10 / pace)


def test_speech_at_its_own_pace_is_not_in_a_hurry() -> None:
    hurry = Hurry()
    received(hurry, 0, 60, now=0, pace=1)
    assert not hurry


def test_a_file_sent_as_fast_as_it_goes_is() -> None:
    hurry = Hurry()
    received(hurry, 0, 2 * BURST_S, now=0, pace=10 * FASTEST)
    assert hurry


def test_what_stalled_may_catch_up_at_once() -> None:
    hurry = Hurry()
    received(hurry, 0, 10, now=0, pace=1)
    hurry.received(round((10 + BURST_S) * RATE), 10 + BURST_S)
    assert not hurry


def test_the_hurry_ends_when_the_pace_does() -> None:
    hurry = Hurry()
    received(hurry, 0, 60, now=0, pace=1000)
    received(hurry, 60, 120, now=0.06, pace=1)
    assert not hurry
