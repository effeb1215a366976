"""The audio of one track that is not settled yet: what a session may have to hear again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from captioner.audio.pcm import SampleRing, Samples


class Tape:
    """Positions are samples, from 0 at `start` (seconds on the caller's clock)."""

    def __init__(self, start: float, rate: int, kept: float) -> None:
        """`rate`: in Hz. `kept`: seconds of audio at most; whoever adds more waits."""
        self.rate = rate
        self.ended = False
        """Whether there is no more to come."""
        self._start = start
        self._most = round(kept * rate)
        self._ring = SampleRing()
        self._changed = asyncio.Event()

    @property
    def begin(self) -> int:
        """The oldest sample that is kept."""
        return self._ring.start

    @property
    def end(self) -> int:
        """The sample that comes next."""
        return self._ring.end

    @property
    def full(self) -> bool:
        """Whether whoever adds to it has to wait."""
        return self._ring.size >= self._most

    def time(self, sample: int) -> float:
        """Where a sample lies on the caller's clock."""
        return self._start + sample / self.rate

    def sample(self, time: float) -> int:
        """The sample that lies there on the caller's clock, of those that are kept."""
        return min(max(round((time - self._start) * self.rate), self.begin), self.end)

    async def add(self, samples: Samples) -> None:
        """Add samples, all or (cancelled) none."""
        await self.wait(lambda: not self.full)
        self._ring.push(samples)
        self._changed.set()

    async def close(self) -> None:
        """There is no more to come."""
        self.ended = True
        self._changed.set()

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that depends on this tape, or on what `wake` tells of."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def wake(self) -> None:
        """Something changed that somebody may wait for."""
        self._changed.set()

    def read(self, start: int, end: int) -> Samples:
        """The samples between two positions, as far as they are there."""
        return self._ring.read(start, end - start)

    async def forget(self, until: float) -> None:
        """Let go of what lies before a time."""
        self._ring.forget(round((until - self._start) * self.rate))
        self._changed.set()
