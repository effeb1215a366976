"""The turns that are heard in audio: those after a turn do not depend on what was before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from captioner.audio.turns import TurnEvent, TurnPolicy, TurnStarted, TurnStopped
from captioner.engine.listener import Listener
from tests.e2e.speech import RATE, load

STEP = round(0.1 * RATE)


@pytest.fixture(scope="module")
def sound(demo_recording: Path) -> npt.NDArray[np.float32]:
    return (load(demo_recording) / 32768).astype(np.float32)


def heard(sound: npt.NDArray[np.float32], policy: TurnPolicy, *, first: int = 0) -> list[TurnEvent]:
    """The turns from a sample of the sound on, as a new session hears them."""
    listener = Listener(RATE, policy, first=first)
    turns: list[TurnEvent] = []
    for at in range(first, sound.size, STEP):
        turns += listener.append(sound[at : at + STEP])
    return turns


@pytest.mark.parametrize(
    "policy", [TurnPolicy(), TurnPolicy(max_turn_s=4.0, cut_within_s=2.0)], ids=["pauses", "cuts"]
)
def test_a_session_that_begins_where_a_turn_ended_hears_the_same_turns(
    sound: npt.NDArray[np.float32], policy: TurnPolicy
) -> None:
    turns = heard(sound, policy)
    ends = [turn for turn in turns if isinstance(turn, TurnStopped)]
    assert len(ends) > 3
    for end in ends:
        rest = turns[turns.index(end) + 1 :]
        assert heard(sound, policy, first=end.sample) == rest


def test_speech_goes_on_in_the_next_turn_where_one_is_cut(
    sound: npt.NDArray[np.float32],
) -> None:
    turns = heard(sound, TurnPolicy(max_turn_s=4.0, cut_within_s=2.0))
    cuts = [turn.sample for turn in turns if isinstance(turn, TurnStopped) and turn.cut]
    starts = [turn.sample for turn in turns if isinstance(turn, TurnStarted)]
    assert cuts
    assert set(cuts) <= set(starts)
