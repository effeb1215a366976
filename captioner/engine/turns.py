"""Voice probabilities in, turns of speech out. No audio, no clock: positions are samples.

A turn is what becomes one utterance: from somebody's first word to a pause that is long enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from captioner.engine.hypothesis import SAMPLE_RATE

FRAME = 512
"""Samples per voice probability."""


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """When a turn begins and ends.

    `onset`, `offset`: probabilities (the model's own 0.5 loses hoarse and distant voices; on
    noise 0.35 costs nothing, as its probabilities stay below 0.34 or come alone).
    `voiced_frames`: so many likely frames in a row begin a turn, for noise comes in ones and twos.
    """

    onset: float = 0.35
    offset: float = 0.2
    voiced_frames: int = 3
    prefix_ms: int = 300
    suffix_ms: int = 200
    silence_ms: int = 500
    long_turn_s: float = 8.0
    long_turn_silence_ms: int = 250
    max_turn_s: float = 14.0
    cut_within_s: float = 4.0


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Speech begins at `sample` (padding included)."""

    sample: int


@dataclass(frozen=True, slots=True)
class TurnStopped:
    """The turn ends at `sample` (padding included); everything before it belongs to it."""

    sample: int


TurnEvent = TurnStarted | TurnStopped


class TurnDetector:
    """Finds the turns of one stream. Any split of its probabilities gives the same turns."""

    def __init__(self, policy: TurnPolicy | None = None, *, sample: int = 0) -> None:
        """`sample`: the position of the first frame that will be fed."""
        self._policy = policy or TurnPolicy()
        self._sample = sample
        self._earliest = sample
        self._likely = 0
        self._start: int | None = None
        self._silence: int | None = None
        self._frames: list[float] = []

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._start is not None

    def feed(self, probabilities: Sequence[float]) -> list[TurnEvent]:
        """Take the next frames; return what they decide."""
        return [event for probability in probabilities for event in self._frame(probability)]

    def flush(self) -> list[TurnEvent]:
        """Nothing more will come: end the open turn here."""
        return list(self._stop(self._sample)) if self._start is not None else []

    def _frame(self, probability: float) -> Iterator[TurnEvent]:
        self._sample += FRAME
        if self._start is None:
            yield from self._wait(probability)
        else:
            yield from self._speak(probability)

    def _wait(self, probability: float) -> Iterator[TurnEvent]:
        self._likely = self._likely + 1 if probability >= self._policy.onset else 0
        if self._likely < self._policy.voiced_frames:
            return
        onset = self._sample - self._likely * FRAME
        yield self._open(max(self._earliest, onset - _samples(self._policy.prefix_ms)))

    def _open(self, sample: int) -> TurnStarted:
        self._start, self._silence, self._likely = sample, None, 0
        self._frames = []
        return TurnStarted(sample)

    def _speak(self, probability: float) -> Iterator[TurnEvent]:
        self._frames.append(probability)
        if probability >= self._policy.onset:
            self._silence = None
        elif probability < self._policy.offset:
            if self._silence is None:
                self._silence = self._sample - FRAME
            if self._sample - self._silence >= self._needed_silence():
                yield from self._stop(self._silence + _samples(self._policy.suffix_ms))
                return
        if self._length() >= self._policy.max_turn_s * SAMPLE_RATE:
            yield from self._cut()

    def _length(self) -> int:
        return self._sample - (self._start or 0)

    def _needed_silence(self) -> int:
        policy = self._policy
        long = self._length() > policy.long_turn_s * SAMPLE_RATE
        return _samples(policy.long_turn_silence_ms if long else policy.silence_ms)

    def _stop(self, sample: int) -> Iterator[TurnEvent]:
        self._earliest = min(sample, self._sample)
        self._start = self._silence = None
        yield TurnStopped(self._earliest)

    def _cut(self) -> Iterator[TurnEvent]:
        """End a turn that is too long where speech is least likely, and go on in a new one."""
        within = round(self._policy.cut_within_s * SAMPLE_RATE / FRAME)
        tail = self._frames[-within:]
        least = min(range(len(tail)), key=lambda index: (tail[index], -index))
        rest = tail[least:]
        cut = self._sample - len(rest) * FRAME + FRAME // 2
        yield from self._stop(cut)
        yield self._open(cut)
        self._frames = rest


def _samples(milliseconds: int) -> int:
    return milliseconds * SAMPLE_RATE // 1000
