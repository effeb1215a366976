"""Utterances found in coded speech: a level is a voice, and its height is how loud it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.audio.endpointing import CUT_WITHIN_S, Began, Ended, Endpointer
from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from tests.unit.realtime.coded_voice import CodedVoice

LONGEST_S = 6.0
QUIET, LOUD = 500, 20_000


def voice(seconds: float, level: int = LOUD) -> Samples:
    return np.full(round(seconds * SAMPLE_RATE), level, np.int16)


def pause(seconds: float) -> Samples:
    return silence(round(seconds * SAMPLE_RATE))


def endpointer(first: int = 0) -> Endpointer:
    return Endpointer(SAMPLE_RATE, first, longest_s=LONGEST_S, voice=CodedVoice())


def heard(pieces: Sequence[Samples], first: int = 0) -> list[Began | Ended]:
    """What is told of these pieces of a stream, to its end."""
    ears = endpointer(first)
    found = [event for piece in pieces for event in ears.hear(piece)]
    return [*found, *ears.finish()]


def ended(found: list[Began | Ended]) -> list[Ended]:
    return [event for event in found if isinstance(event, Ended)]


stretches = st.lists(
    st.tuples(st.sampled_from([0, QUIET, LOUD]), st.floats(0.05, 4.0)), min_size=1, max_size=8
)


def stream(parts: list[tuple[int, float]]) -> Samples:
    return np.concatenate([voice(seconds, level) for level, seconds in parts])


@settings(max_examples=40, deadline=None)
@given(stretches, st.lists(st.integers(1, 30_000), max_size=12))
def test_any_split_of_the_audio_gives_the_same_utterances(
    parts: list[tuple[int, float]], cuts: list[int]
) -> None:
    samples = stream(parts)
    assert heard(np.split(samples, np.cumsum(cuts))) == heard([samples])


@settings(max_examples=40, deadline=None)
@given(stretches, st.integers(0, 10**6))
def test_utterances_come_one_after_the_other_and_hold_all_that_is_long_enough_to_be_a_word(
    parts: list[tuple[int, float]], first: int
) -> None:
    samples = stream(parts)
    found = heard([samples], first)
    assert [type(event) for event in found] == [Began, Ended] * (len(found) // 2)
    covered = np.zeros(samples.size, bool)
    before = first
    for utterance in ended(found):
        assert before <= utterance.start <= utterance.end <= first + samples.size
        before = utterance.end
        covered[utterance.start - first : utterance.end - first] = True
    outside = np.where(covered, 0, samples)
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], outside != 0, [0]]))))[::2]
    assert all(run < 0.2 * SAMPLE_RATE for run in runs), "somebody was not heard"


@settings(max_examples=40, deadline=None)
@given(stretches, st.integers(500, 20_000))
def test_what_is_said_to_be_quiet_or_fixed_stays_so(
    parts: list[tuple[int, float]], frame: int
) -> None:
    samples = stream(parts)
    ears = endpointer()
    quiet = fixed = 0
    for first in range(0, samples.size, frame):
        for event in ears.hear(samples[first : first + frame]):
            if isinstance(event, Began):
                assert event.start >= quiet
            elif event.cut:
                assert event.end >= fixed
        quiet = max(quiet, ears.quiet)
        fixed = ears.fixed if ears.start is not None else 0


def test_a_pause_ends_an_utterance_and_belongs_to_none() -> None:
    found = ended(heard([pause(2), voice(1), pause(3), voice(2), pause(2)]))
    assert len(found) == 2
    assert 1.6 < found[0].start / SAMPLE_RATE < 2.0 and 3.0 < found[0].end / SAMPLE_RATE < 3.5
    assert 5.6 < found[1].start / SAMPLE_RATE < 6.0
    assert [round(utterance.voiced_s, 1) for utterance in found] == [1.0, 2.0]
    assert not any(utterance.cut for utterance in found)


def test_speech_without_a_pause_is_cut_where_its_last_second_is_quietest() -> None:
    speech = voice(20)
    quiet_at = (5.4, 10.5)
    for second in quiet_at:
        at = round(second * SAMPLE_RATE)
        speech[at : at + SAMPLE_RATE // 5] = QUIET
    found = ended(heard([speech, pause(2)]))
    assert found[0].cut and 5.4 <= found[0].end / SAMPLE_RATE <= 5.6
    assert found[1].cut and 10.5 <= found[1].end / SAMPLE_RATE <= 10.7
    assert found[1].start == found[0].end


def test_of_equally_loud_speech_no_more_than_a_second_is_left_out() -> None:
    found = ended(heard([voice(13), pause(2)]))
    lengths = [(utterance.end - utterance.start) / SAMPLE_RATE for utterance in found]
    assert all(length <= LONGEST_S for length in lengths)
    assert lengths[0] >= LONGEST_S - CUT_WITHIN_S
    assert [found[0].end, found[1].end] == [found[1].start, found[2].start]


def test_on_a_suspicion_only_a_long_utterance_is_cut() -> None:
    ears = Endpointer(SAMPLE_RATE, 0, longest_s=60.0, voice=CodedVoice())
    assert [*ears.hear(voice(5))] == [Began(0)]
    ears.cut_soon()
    assert [*ears.hear(voice(5))] == []
    ears.cut_soon()
    (cut, _) = ears.hear(voice(2))
    assert isinstance(cut, Ended) and cut.cut and 10 <= cut.end / SAMPLE_RATE <= 11.1
