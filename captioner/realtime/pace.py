"""How fast a server is sent audio that it has missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

BURST_S = 0.1
"""So much may come at once: a network delivers in bursts too."""


class Pace:
    """At most so many seconds of audio in one, whatever was left unsent before.

    Servers were seen to drop what comes four times as fast as it was spoken, without a word.
    """

    def __init__(self, pace: float | None, clock: Callable[[], float]) -> None:
        """`pace`: seconds of audio a second; None, as fast as it is taken."""
        self._pace = pace
        self._clock = clock
        self._due = clock()
        """When the next audio may be sent."""

    async def wait(self, seconds: float) -> None:
        """So much was sent; wait until more may be."""
        if self._pace is None or seconds == 0:
            return
        now = self._clock()
        self._due = max(self._due, now - BURST_S) + seconds / self._pace
        if self._due > now:
            await asyncio.sleep(self._due - now)
