"""Voice probabilities in, turns of speech out. No audio, no clock: positions are samples.

A turn is what becomes one utterance: from somebody's first word to a pause that is long enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from captioner.audio.pcm import SPEECH_RATE

FRAME = 512
"""Samples per voice probability."""


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """When a turn begins and ends. Probabilities of a frame, and times as their names say.

    Chosen on 13 minutes of many voices, by the word error rate of the finals and their delay: with
    100 ms less of silence, or of padding, up to one word more in a hundred is wrong.

    `onset`, `offset`: a frame as likely as `onset` is speech, one below `offset` is not. The
        model's own 0.5 loses hoarse and distant voices; on noise 0.35 costs nothing. An offset
        of 0.15 instead of 0.2 keeps turns together whose pieces are hard to understand.
    `voiced_frames`: so many likely frames in a row begin a turn, for noise comes in ones and twos.
    `prefix_ms`: audio before the first of them that belongs to the turn.
    `gap_ms`: between two turns, at most this much is given to the second rather than to neither:
        the detector may have missed a word in it.
    `suffix_ms`: silence after the last word that does; then the turn pauses.
    `silence_ms`: silence that ends a turn; less in a long one, more in a short one, for a few
        words alone are what Whisper understands worst.
    `growth_ms`: of speech, between the partial decodes of a turn.
    `max_turn_s`: a turn that is longer is cut where speech was least likely in `cut_within_s`.
    """

    onset: float = 0.35
    offset: float = 0.15
    voiced_frames: int = 3
    prefix_ms: int = 300
    gap_ms: int = 600
    suffix_ms: int = 256
    silence_ms: int = 450
    short_turn_s: float = 2.0
    short_turn_more_ms: int = 150
    long_turn_s: float = 8.0
    long_turn_silence_ms: int = 256
    max_turn_s: float = 14.0
    cut_within_s: float = 6.0
    growth_ms: int = 700


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Speech begins at `sample` (padding included)."""

    sample: int


@dataclass(frozen=True, slots=True)
class TurnGrown:
    """There is more speech before `sample` than when this was last said."""

    sample: int


@dataclass(frozen=True, slots=True)
class TurnPaused:
    """Nobody speaks just now: if that lasts, the turn stops at this same `sample`."""

    sample: int


@dataclass(frozen=True, slots=True)
class TurnStopped:
    """The turn ends at `sample` (padding included); everything before it belongs to it.

    `cut`: in the middle of speech, which the next turn goes on with.
    """

    sample: int
    cut: bool = False


TurnEvent = TurnStarted | TurnGrown | TurnPaused | TurnStopped


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
        self._paused = False
        self._grown = sample
        """Where the last TurnGrown was, or what counts as one."""
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
        return [] if self._start is None else [self._stop(self._sample)]

    def cut(self, sample: int) -> list[TurnEvent]:
        """End the open turn at `sample`, in the middle of speech, and go on in a new one."""
        rest = -(-(self._sample - sample) // FRAME)
        frames = self._frames[len(self._frames) - rest :] if rest else []
        events: list[TurnEvent] = [self._stop(sample, cut=True), self._open(sample)]
        self._frames = frames
        return events

    def _frame(self, probability: float) -> Iterator[TurnEvent]:
        self._sample += FRAME
        if self._start is None:
            yield from self._wait(probability)
        else:
            yield from self._speak(self._start, probability)

    def _wait(self, probability: float) -> Iterator[TurnEvent]:
        self._likely = self._likely + 1 if probability >= self._policy.onset else 0
        if self._likely == self._policy.voiced_frames:
            begin = self._sample - self._likely * FRAME - _samples(self._policy.prefix_ms)
            gap = begin - self._earliest
            self._grown = max(begin, self._earliest)
            yield self._open(self._earliest if gap <= _samples(self._policy.gap_ms) else begin)

    def _open(self, sample: int) -> TurnStarted:
        self._start, self._likely = sample, 0
        self._silence, self._paused = None, False
        self._frames = []
        return TurnStarted(sample)

    def _speak(self, start: int, probability: float) -> Iterator[TurnEvent]:
        self._frames.append(probability)
        if probability >= self._policy.onset:
            self._silence, self._paused = None, False
        elif probability < self._policy.offset:
            if self._silence is None:
                self._silence = self._sample - FRAME
            yield from self._be_silent(start, self._silence)
        if self._start is None:
            return
        if not self._paused and self._sample - self._grown >= _samples(self._policy.growth_ms):
            self._grown = self._sample
            yield TurnGrown(self._sample)
        if self._sample - start >= self._policy.max_turn_s * SPEECH_RATE:
            yield from self.cut(self._least_likely())

    def _be_silent(self, start: int, since: int) -> Iterator[TurnEvent]:
        end = since + _samples(self._policy.suffix_ms)
        if self._sample - since >= self._needed_silence(start, since):
            yield self._stop(end)
        elif self._sample >= end and not self._paused:
            self._paused = True
            self._grown = end
            yield TurnPaused(end)

    def _needed_silence(self, start: int, since: int) -> int:
        policy = self._policy
        if self._sample - start > policy.long_turn_s * SPEECH_RATE:
            return _samples(policy.long_turn_silence_ms)
        short = since - start < policy.short_turn_s * SPEECH_RATE
        return _samples(policy.silence_ms + short * policy.short_turn_more_ms)

    def _stop(self, sample: int, *, cut: bool = False) -> TurnStopped:
        self._earliest = min(sample, self._sample)
        self._start = self._silence = None
        return TurnStopped(self._earliest, cut)

    def _least_likely(self) -> int:
        """The middle of the frame where, of late, speech was least likely."""
        within = round(self._policy.cut_within_s * SPEECH_RATE / FRAME)
        tail = self._frames[-within:]
        least = min(range(len(tail)), key=lambda index: (tail[index], -index))
        return self._sample - (len(tail) - least) * FRAME + FRAME // 2


def _samples(milliseconds: int) -> int:
    return milliseconds * SPEECH_RATE // 1000
