"""Whether audio comes faster than anybody speaks."""

from __future__ import annotations

from captioner.engine.hypothesis import SAMPLE_RATE

FASTEST = 2.0
"""Audio that goes on faster than so many times its own pace is in a hurry."""
BURST_S = 15.0
"""So much at once is not: a network that stalled, or a publisher that came back, catches up."""


class Hurry:
    """Positions are samples, `now` is seconds on any clock."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None
        self._ahead_s = 0.0

    def received(self, position: int, now: float) -> None:
        """Audio has come up to `position`."""
        if self._last is not None:
            audio_s = (position - self._last[0]) / SAMPLE_RATE
            self._ahead_s = max(0.0, self._ahead_s + audio_s - FASTEST * (now - self._last[1]))
        self._last = position, now

    def __bool__(self) -> bool:
        return self._ahead_s > BURST_S
