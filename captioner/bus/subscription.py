"""One subscriber of a room's live events, within this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from captioner.bus.bus import Live
from captioner.errors import SubscriberTooSlow


class Subscription:
    """Events on their way to one subscriber, at most `backlog` of them."""

    def __init__(self, backlog: int) -> None:
        self._backlog = backlog
        self._waiting: deque[Live] = deque()
        self._news = asyncio.Event()
        self._trouble: str | None = None
        self._ended = False

    def offer(self, event: Live) -> None:
        if len(self._waiting) == self._backlog:
            self.lose(f"more than {self._backlog} events were waiting")
        elif self._trouble is None:
            self._waiting.append(event)
        self._news.set()

    def lose(self, why: str) -> None:
        """What follows is not what comes next: only the history says what is right."""
        self._trouble = why
        self._waiting.clear()
        self._news.set()

    def end(self) -> None:
        """Nothing follows what waits."""
        self._ended = True
        self._news.set()

    def __aiter__(self) -> AsyncIterator[Live]:
        return self

    async def __anext__(self) -> Live:
        while not self._waiting:
            if self._trouble is not None:
                raise SubscriberTooSlow(self._trouble)
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()
