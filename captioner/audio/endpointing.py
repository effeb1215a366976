"""Where utterances begin and end, found on this side: for servers that leave it to their clients.

Positions are samples of the stream that is heard, at its own rate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Protocol

import numpy as np

from captioner.audio.pcm import SPEECH_RATE, Floats, Samples, to_floats
from captioner.audio.resample import Resampler
from captioner.audio.turns import FRAME, TurnDetector, TurnPolicy, TurnStarted, TurnStopped

LONGEST_S = 18.0
"""An utterance that is longer is cut, at the quietest point of its last second."""
CUT_WITHIN_S = 1.0
SHORT_S = 8.0
"""What is shorter is not cut on a suspicion."""

POLICY = TurnPolicy(
    silence_ms=500, short_turn_more_ms=150, long_turn_silence_ms=350, max_turn_s=inf
)
"""A commit costs a second of the server's time: a bit more silence than the engine of our own."""

_SMOOTHED = 3
"""Frames: the closure of a single consonant is not yet the quietest point."""


class Voice(Protocol):
    """Tells how likely each frame (`turns.FRAME` samples at 16 kHz) is speech."""

    def feed(self, samples: Floats) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody speaks since `start` (padding included)."""

    start: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance that began at `start` ends at `end`; if `cut`, the next one goes on there.

    `voiced_s`: seconds of it in which the detector heard a voice.
    """

    start: int
    end: int
    cut: bool
    voiced_s: float


class Endpointer:
    """Feed it a stream; the same audio gives the same utterances, however it is split."""

    def __init__(
        self,
        rate: int,
        first: int,
        *,
        policy: TurnPolicy = POLICY,
        longest_s: float = LONGEST_S,
        voice: Voice,
    ) -> None:
        """`rate`: of the stream, in Hz. `first`: the position of its first sample."""
        self._rate = rate
        self._first = first
        self._usually_longest = self._longest = round(longest_s * SPEECH_RATE)
        self._policy = policy
        self._voice = voice
        self._resampler = Resampler(rate, SPEECH_RATE)
        self._turns = TurnDetector(policy)
        self._rest = np.zeros(0, np.float32)
        self._heard = 0
        """Samples at 16 kHz in which a voice was looked for."""
        self._start: int | None = None
        self._voiced = 0
        self._recent: deque[tuple[bool, float]] = deque(maxlen=round(SPEECH_RATE / FRAME))
        """Of each frame of the last second: whether it may be speech, and its power."""
        self.position = first
        """Where the stream has got to."""

    @property
    def start(self) -> int | None:
        """Where the open utterance began; None while nobody speaks."""
        return None if self._start is None else self._place(self._start)

    @property
    def voiced_s(self) -> float:
        """For how long a voice was heard in the open utterance, in seconds."""
        return self._voiced * FRAME / SPEECH_RATE

    @property
    def quiet(self) -> int:
        """Nobody spoke before this who is not in an utterance that was told."""
        if self._start is not None:
            return self._place(self._start)
        padding_ms = self._policy.prefix_ms + self._policy.gap_ms
        earliest = self._heard - padding_ms * SPEECH_RATE // 1000
        return max(self._first, self._place(earliest - self._policy.voiced_frames * FRAME))

    @property
    def fixed(self) -> int:
        """The open utterance will not be cut before this."""
        if self._start is None:
            return self.position
        longest = self._start + self._longest - round(CUT_WITHIN_S * SPEECH_RATE)
        return min(self.position, self._place(longest))

    def hear(self, samples: Samples) -> Iterator[Began | Ended]:
        """Go on with the stream; tell where utterances begin and end."""
        self.position += samples.size
        yield from self._hear(self._resampler.feed(to_floats(samples)))

    def finish(self) -> Iterator[Began | Ended]:
        """There is no more: an utterance that is open ends here."""
        yield from self._hear(self._resampler.flush())
        if self._start is not None:
            yield self._end(self.position, cut=False)

    def cut_soon(self) -> None:
        """End the open utterance within a second, where it is quietest, unless it is short."""
        if self._start is not None and self._heard - self._start > SHORT_S * SPEECH_RATE:
            self._longest = self._heard - self._start + round(CUT_WITHIN_S * SPEECH_RATE)

    def _hear(self, samples: Floats) -> Iterator[Began | Ended]:
        samples = np.concatenate([self._rest, samples])
        whole = samples.size - samples.size % FRAME
        self._rest = samples[whole:]
        for at in range(0, whole, FRAME):
            frame = samples[at : at + FRAME]
            yield from self._frame(frame, *self._voice.feed(frame))

    def _frame(self, frame: Floats, probability: float) -> Iterator[Began | Ended]:
        self._heard += FRAME
        self._voiced += probability >= self._policy.onset
        self._recent.append((probability >= self._policy.offset, float(np.dot(frame, frame))))
        for turn in self._turns.feed([probability]):
            if isinstance(turn, TurnStarted):
                self._start, self._voiced = turn.sample, self._policy.voiced_frames
                yield Began(self._place(turn.sample))
            elif isinstance(turn, TurnStopped):
                yield self._end(self._place(turn.sample), cut=False)
        if self._start is not None and self._heard - self._start >= self._longest:
            yield from self._cut(self._quietest())

    def _cut(self, sample: int) -> Iterator[Began | Ended]:
        self._turns.cut(sample)
        yield self._end(self._place(sample), cut=True)
        self._start, self._voiced = sample, self._policy.voiced_frames
        yield Began(self._place(sample))

    def _end(self, end: int, *, cut: bool) -> Ended:
        assert self._start is not None
        start, self._start = self._place(self._start), None
        self._longest = self._usually_longest
        return Ended(start, max(start, end), cut, self.voiced_s)

    def _quietest(self) -> int:
        """The middle of the quietest frames of the last second; of equal ones the last."""
        frames = list(self._recent)
        around = range(len(frames) - _SMOOTHED + 1)
        best = min(around, key=lambda at: (*_loudness(frames[at : at + _SMOOTHED]), -at))
        return self._heard - round((len(frames) - best - _SMOOTHED / 2) * FRAME)

    def _place(self, sample: int) -> int:
        """A position of the stream for a sample at 16 kHz."""
        return self._first + max(0, sample) * self._rate // SPEECH_RATE


def _loudness(frames: list[tuple[bool, float]]) -> tuple[bool, float]:
    """No voice at all is quieter than any; one frame without, at a word's edge, is no pause."""
    return any(voiced for voiced, _ in frames), sum(power for _, power in frames)
