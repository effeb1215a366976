"""A session's clock: its samples, and where each of them lies on the caller's clock.

Servers count what they were sent. Where silence is not sent, or some is added to keep a connection
alive, their milliseconds and the caller's seconds part: here they meet again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

_MOST = 4096
"""Stretches that are kept: hours of a meeting, each pause of which begins one."""


class SampleClock:
    """Times are seconds on the caller's clock."""

    def __init__(self, start: float, rate: int) -> None:
        """`start`: the time of the first sample. `rate`: samples a second, as they are counted."""
        self._rate = rate
        self._begins = [0.0]
        """Where each stretch begins, in seconds of what was sent."""
        self._times = [start]
        self._sent = 0

    @property
    def now(self) -> float:
        """The time of the sample that comes next."""
        return self._times[-1] + self._sent / self._rate - self._begins[-1]

    @property
    def sent(self) -> float:
        """Seconds of audio that were sent."""
        return self._sent / self._rate

    def advance(self, samples: int) -> None:
        """So many samples were sent."""
        self._sent += samples

    def jump(self, time: float) -> None:
        """The sample that comes next is heard at `time`, whatever was sent before it."""
        if time == self.now:
            return
        self._begins.append(self._sent / self._rate)
        self._times.append(time)
        if len(self._begins) > _MOST:
            del self._begins[: _MOST // 2], self._times[: _MOST // 2]

    def start(self, seconds: float) -> float:
        """The time of what begins so far into what was sent."""
        return self._time(bisect_right(self._begins, seconds) - 1, seconds)

    def end(self, seconds: float) -> float:
        """The time of what ends so far into what was sent."""
        return self._time(bisect_left(self._begins, seconds) - 1, seconds)

    def _time(self, stretch: int, seconds: float) -> float:
        stretch = max(stretch, 0)
        time = self._times[stretch] + seconds - self._begins[stretch]
        following = self._times[stretch + 1 : stretch + 2]
        return min([time, *following])
