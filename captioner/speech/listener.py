"""One listener: what waits for it, and no more than that."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from captioner.errors import CaptionerError
from captioner.speech.sound import FRAME_S, Frames, Heard, Lost

MOST_BEHIND = round(5.0 / FRAME_S)
"""Frames that wait for a listener."""
_LEFT = round(1.0 / FRAME_S)
"""Of them, how many are left to one that more would wait for."""


class Listener:
    """Iterates over what is heard, until the voice ends; raises `CaptionerError` where it fails.

    A listener that falls more than 5 s behind loses the oldest sound, is told how much, and goes on
    a second behind. Nobody waits for it.
    """

    def __init__(self, *first: Heard) -> None:
        self.going_away = False
        """Whether the voice ended because this process stops: another one may go on."""
        self._waiting: deque[Heard] = deque(first)
        self._behind = 0
        self._over = False
        self._error: CaptionerError | None = None
        self._news = asyncio.Event()

    def offer(self, heard: Heard) -> None:
        """This is heard next."""
        if self._over:
            return
        self._waiting.append(heard)
        if isinstance(heard, Frames):
            self._behind += heard.count
            if self._behind > MOST_BEHIND:
                self._lose()
        self._news.set()

    def end(self, error: CaptionerError | None = None, *, going_away: bool = False) -> None:
        """Nothing follows what waits."""
        if not self._over:
            self._over, self._error, self.going_away = True, error, going_away
            self._news.set()

    def raise_if_failed(self) -> None:
        """Raise why the voice cannot speak, if it cannot."""
        if self._error is not None:
            raise self._error

    def __aiter__(self) -> AsyncIterator[Heard]:
        return self

    async def __anext__(self) -> Heard:
        while not self._waiting:
            self.raise_if_failed()
            if self._over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        heard = self._waiting.popleft()
        if isinstance(heard, Frames):
            self._behind -= heard.count
        return heard

    def _lose(self) -> None:
        lost, mark = 0.0, None
        while self._behind > _LEFT:
            heard = self._waiting.popleft()
            if isinstance(heard, Frames):
                self._behind -= heard.count
                lost += heard.count * FRAME_S
            elif isinstance(heard, Lost):
                lost += heard.seconds
            elif not heard.skipped:
                mark = heard
        if mark is not None:  # Whose sound goes on behind the hole.
            self._waiting.appendleft(mark)
        self._waiting.appendleft(Lost(round(lost, 3)))
