"""When the open utterance is decoded once more."""

from __future__ import annotations

from collections import deque

from captioner.engine.hypothesis import SAMPLE_RATE

PARTIAL_INTERVAL_S = 0.7
"""Between the partial decodes of an utterance, in its audio and on the clock."""
FASTEST = 2.0
"""Audio that comes faster than so many times its own pace gets finals only: they come as soon."""
_PACE_S = 1.0


class Cadence:
    """Says since when a partial is due. Positions are samples, `now` is seconds on any clock."""

    def __init__(self) -> None:
        self.due: float | None = None
        """None: no new audio, or a partial is being decoded."""
        self.hurried = False
        """Whether audio comes faster than anybody speaks."""
        self._marks: deque[tuple[int, float]] = deque(maxlen=2)
        self._decoded_until = 0
        self._taken = float("-inf")
        self._decoding = False

    def received(self, position: int, now: float) -> None:
        """Audio has come up to `position`."""
        self.hurried = self._in_a_hurry(position, now)
        if not self._marks or position - self._marks[-1][0] >= _PACE_S * SAMPLE_RATE:
            self._marks.append((position, now))

    def speech(self, start: int, position: int, now: float) -> None:
        """An utterance is open since `start`, and audio is here up to `position`."""
        fresh = position - max(start, self._decoded_until)
        enough = fresh >= PARTIAL_INTERVAL_S * SAMPLE_RATE
        if self._decoding or not enough or self.hurried:
            self.due = None
        elif self.due is None:
            self.due = max(now, self._taken + PARTIAL_INTERVAL_S)

    def take(self, position: int, now: float) -> None:
        """What is open is decoded up to `position`, from `now` on."""
        self.due = None
        self._decoding = True
        self._decoded_until = position
        self._taken = now

    def done(self) -> None:
        """The partial that was taken is decoded."""
        self._decoding = False

    def stop(self) -> None:
        """No utterance is open."""
        self.due = None

    def _in_a_hurry(self, position: int, now: float) -> bool:
        if not self._marks:
            return False
        then_at, then = self._marks[0]
        audio_s = (position - then_at) / SAMPLE_RATE
        return audio_s > FASTEST * (now - then) + PARTIAL_INTERVAL_S
