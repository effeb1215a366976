"""A long recording in passages that are short enough to be recognised at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from captioner.audio.pcm import Samples, silence, to_floats

SHORTEST_S = 7.0
LONGEST_S = 14.0
"""Measured on 13 minutes of many speakers: up to 14 s the recogniser leaves nothing out (word error
rate 6.2 %), up to 20 s some (8.3 %), up to 28 s whole sentences (11 %)."""
LEAST_S = 0.1
"""What a recogniser takes as an item."""

_STEPS_A_SECOND = 50
_PAUSE_STEPS = 15
"""A pause is 0.3 s: shorter ones lie inside of words."""


def passages(blocks: Iterable[Samples], rate: int) -> Iterator[Samples]:
    """Yield all of the audio, cut where it is quietest; only the last may be shorter.

    Silence makes up what the last needs to be an item. `rate`: of the samples, in Hz.
    """
    shortest, longest = round(SHORTEST_S * rate), round(LONGEST_S * rate)
    waiting, size = [silence(0)], 0
    for block in blocks:
        waiting.append(block)
        size += block.size
        while size >= longest:
            whole = np.concatenate(waiting)
            cut = shortest + _quietest(whole[shortest:longest], rate // _STEPS_A_SECOND)
            yield whole[:cut]
            waiting, size = [whole[cut:]], size - cut
    if size:
        last = np.concatenate(waiting)
        yield np.pad(last, (0, max(0, round(LEAST_S * rate) - last.size)))


def _quietest(samples: Samples, step: int) -> int:
    """The sample in the middle of the quietest pause, looked for in steps of so many samples."""
    steps = to_floats(samples[: samples.size - samples.size % step]).reshape(-1, step)
    loudness = np.abs(steps).mean(axis=1)
    around = np.convolve(loudness, np.ones(_PAUSE_STEPS) / _PAUSE_STEPS, "valid")
    return (int(np.argmin(around)) + _PAUSE_STEPS // 2) * step
