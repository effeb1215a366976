"""When each moment of a stream arrived here: what delays are measured against."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

_STEP_S = 0.1
_MOST = 8192
"""Some minutes; what arrived before them is taken to have arrived with their first."""


class Arrivals:
    """`clock`: any seconds that go on while the stream does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._positions: list[float] = []
        self._times: list[float] = []

    def note(self, until: float) -> None:
        """The stream has arrived up to a position, in seconds."""
        if self._positions and until - self._positions[-1] < _STEP_S:
            return
        self._positions.append(until)
        self._times.append(self._clock())
        if len(self._positions) > _MOST:
            del self._positions[: _MOST // 2], self._times[: _MOST // 2]

    def ago(self, position: float) -> float:
        """Seconds since the stream arrived up to a position; 0 where it has not."""
        index = bisect_left(self._positions, position)
        return max(0.0, self._clock() - self._times[index]) if index < len(self._times) else 0.0
