"""Turns from scripted voice probabilities: no audio, no model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.turns import (
    FRAME,
    TurnDetector,
    TurnEvent,
    TurnGrown,
    TurnPaused,
    TurnPolicy,
    TurnStarted,
    TurnStopped,
)

SPEECH, SILENCE = 0.9, 0.01
S = 16_000


def frames(seconds: float, probability: float) -> list[float]:
    return [probability] * round(seconds * S / FRAME)


def near(sample: int, seconds: float) -> bool:
    """Within a frame."""
    return abs(sample - seconds * S) <= FRAME


def test_a_turn_has_padding_before_and_after_its_speech() -> None:
    script = frames(2, SILENCE) + frames(4, SPEECH) + frames(1, SILENCE)
    started, paused, stopped = without_growth(TurnDetector().feed(script))
    assert isinstance(started, TurnStarted) and near(started.sample, 2 - 0.3)
    assert isinstance(stopped, TurnStopped) and near(stopped.sample, 6 + 0.256)
    assert isinstance(paused, TurnPaused) and paused.sample == stopped.sample


def test_two_likely_frames_in_a_row_are_no_speech() -> None:
    script = [SPEECH, SPEECH, SILENCE] * 20
    assert TurnDetector().feed(script) == []


def without_growth(events: Sequence[TurnEvent]) -> list[TurnEvent]:
    return [event for event in events if not isinstance(event, TurnGrown)]


def test_a_turn_says_when_it_has_grown() -> None:
    turns = TurnDetector()
    started, *grown = turns.feed(frames(2, SILENCE) + frames(3, SPEECH))
    assert all(isinstance(event, TurnGrown) for event in grown)
    first, second, *_ = (event.sample for event in grown)
    assert near(first, 2 - 0.3 + 0.7) and near(second, 2 - 0.3 + 1.4)


def test_it_does_not_grow_in_a_pause_and_what_was_said_before_counts_no_more_after_it() -> None:
    turns = TurnDetector()
    turns.feed(frames(4, SPEECH))
    events = turns.feed(frames(0.4, SILENCE) + frames(1, SPEECH))
    paused = next(event.sample for event in events if isinstance(event, TurnPaused))
    last = events[-1]
    assert isinstance(last, TurnGrown) and near(last.sample, paused / S + 0.7)


def test_a_pause_that_does_not_last_is_told_and_forgotten() -> None:
    turns = TurnDetector()
    events = without_growth(turns.feed(frames(4, SPEECH) + frames(0.4, SILENCE)))
    assert [type(event) for event in events] == [TurnStarted, TurnPaused]
    assert without_growth(turns.feed(frames(1, SPEECH))) == []
    assert turns.speaking


def test_between_onset_and_offset_a_turn_goes_on_but_none_begins() -> None:
    assert TurnDetector().feed(frames(3, 0.25)) == []
    turns = TurnDetector()
    turns.feed(frames(4, SPEECH))
    assert without_growth(turns.feed(frames(2, 0.25))) == []


def test_short_turns_wait_longer_and_long_turns_less() -> None:
    def needed(spoken_s: float) -> float:
        turns = TurnDetector()
        turns.feed(frames(spoken_s, SPEECH))
        count = 0
        while turns.speaking:
            turns.feed([SILENCE])
            count += 1
        return count * FRAME / S

    assert [round(needed(spoken_s), 1) for spoken_s in (1, 5, 10)] == [0.6, 0.5, 0.3]


def test_a_turn_that_is_too_long_is_cut_where_speech_is_least_likely() -> None:
    script = frames(20, SPEECH)
    dip = round(11 * S / FRAME)
    script[dip] = 0.4
    started, stopped, again = without_growth(TurnDetector().feed(script))[:3]
    assert isinstance(started, TurnStarted)
    assert isinstance(stopped, TurnStopped) and near(stopped.sample, 11)
    assert isinstance(again, TurnStarted) and again.sample == stopped.sample


def test_a_turn_does_not_begin_before_the_one_before_it_ended() -> None:
    policy = TurnPolicy(prefix_ms=2000)
    script = frames(4, SPEECH) + frames(0.6, SILENCE) + frames(4, SPEECH)
    events = TurnDetector(policy).feed(script)
    stopped = next(event for event in events if isinstance(event, TurnStopped))
    started = [event.sample for event in events if isinstance(event, TurnStarted)]
    assert started == [0, stopped.sample]


def test_a_short_gap_belongs_to_the_turn_behind_it_and_a_long_one_to_none() -> None:
    def begins(gap_s: float) -> float:
        script = frames(4, SPEECH) + frames(gap_s, SILENCE) + frames(4, SPEECH)
        events = without_growth(TurnDetector().feed(script))
        stopped = next(event for event in events if isinstance(event, TurnStopped))
        return (events[-1].sample - stopped.sample) / S

    assert begins(1.1) == 0
    assert begins(1.3) > 0.6


def test_the_end_of_the_stream_ends_the_turn() -> None:
    turns = TurnDetector(sample=100)
    turns.feed(frames(1, SPEECH))
    assert turns.flush() == [TurnStopped(100 + len(frames(1, SPEECH)) * FRAME)]
    assert turns.flush() == []


PROBABILITIES = st.lists(
    st.tuples(st.sampled_from([0.01, 0.18, 0.3, 0.5, 0.95]), st.integers(1, 120)), max_size=12
).map(lambda runs: [probability for probability, count in runs for _ in range(count)])


@given(PROBABILITIES, st.lists(st.integers(1, 50)))
def test_any_split_gives_the_same_turns(script: list[float], sizes: list[int]) -> None:
    turns = TurnDetector()
    events: list[TurnEvent] = []
    for first, last in pairwise([0, *accumulate(sizes), len(script)]):
        events += turns.feed(script[first:last])
    assert events == TurnDetector().feed(script)


@given(PROBABILITIES)
def test_turns_alternate_do_not_overlap_and_are_not_too_long(script: list[float]) -> None:
    turns = TurnDetector()
    told = turns.feed(script) + turns.flush()
    events = [e for e in told if isinstance(e, TurnStarted | TurnStopped)]
    kinds = [type(event) for event in events]
    assert kinds == [TurnStarted, TurnStopped] * (len(events) // 2)
    samples = [event.sample for event in events]
    assert samples == sorted(samples)
    assert all(0 <= sample <= len(script) * FRAME for sample in samples)
    lengths = [stop - start for start, stop in zip(samples[::2], samples[1::2], strict=True)]
    assert all(length <= TurnPolicy().max_turn_s * S + FRAME for length in lengths)
