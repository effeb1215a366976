"""Partials come with new audio and with time, and never for speech that is in a hurry."""

from __future__ import annotations

from captioner.engine.cadence import FASTEST, PARTIAL_INTERVAL_S, Cadence

RATE = 16_000


def spoken(cadence: Cadence, start_s: float, end_s: float, *, pace: float = 1.0) -> None:
    """Speech from `start_s` to `end_s` in steps of 0.1 s; the utterance began at 0."""
    steps = round((end_s - start_s) * 10)
    for step in range(1, steps + 1):
        audio_s = start_s + step / 10
        cadence.received(round(audio_s * RATE), audio_s / pace)
        cadence.speech(0, round(audio_s * RATE), audio_s / pace)


def test_a_partial_is_due_after_each_interval_of_audio() -> None:
    cadence = Cadence()
    spoken(cadence, 0, 0.6)
    assert cadence.due is None
    spoken(cadence, 0.6, 0.8)
    assert cadence.due is not None
    cadence.take(round(0.8 * RATE), 0.8)
    cadence.done()
    spoken(cadence, 0.8, 1.4)
    assert cadence.due is None
    spoken(cadence, 1.4, 1.6)
    assert cadence.due is not None and cadence.due >= 0.8 + PARTIAL_INTERVAL_S


def test_there_is_one_at_a_time() -> None:
    cadence = Cadence()
    spoken(cadence, 0, 1)
    cadence.take(RATE, 1.0)
    spoken(cadence, 1, 5)
    assert cadence.due is None
    cadence.done()
    spoken(cadence, 5, 5.1)
    assert cadence.due is not None


def test_the_clock_counts_too() -> None:
    cadence = Cadence()
    spoken(cadence, 0, 1)
    cadence.take(RATE, 1.0)
    cadence.done()
    cadence.received(2 * RATE, 1.2)
    cadence.speech(0, 2 * RATE, 1.2)
    assert cadence.due == 1.0 + PARTIAL_INTERVAL_S


def test_audio_in_a_hurry_gets_none() -> None:
    cadence = Cadence()
    spoken(cadence, 0, 0.5, pace=10)
    spoken(cadence, 0.5, 30, pace=10 * FASTEST)
    assert cadence.due is None


def test_a_network_that_stalled_is_not_in_a_hurry() -> None:
    cadence = Cadence()
    spoken(cadence, 0, 3)
    cadence.take(3 * RATE, 3.0)
    cadence.done()
    cadence.received(6 * RATE, 6.0)
    cadence.speech(0, 6 * RATE, 6.0)
    assert cadence.due is not None
