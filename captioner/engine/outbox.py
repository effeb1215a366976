"""The events that wait for a client, and whoever waits for there to be fewer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from pydantic import BaseModel
from websockets.asyncio.server import ServerConnection

from captioner.engine import server_events

MAX_UNSENT = 1000
"""Events that may wait for a client that reads slowly; beyond it the socket is not read."""
MAX_UNHEARD = 100
"""The same where they are speech: beyond it nothing more is spoken."""
GOING_AWAY = 1001
"""Closes the connections of an engine that stops."""
FINISH_S = 5.0
"""How long what is under way may take when the engine stops."""


class Outbox:
    """One client's. `send` must run beside whatever tells."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._unsent: deque[str] = deque()
        self._news = asyncio.Event()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._unsent)

    def tell(self, events: Iterable[BaseModel]) -> None:
        """Send the events in their order; perhaps none: then only those who wait look again."""
        self._unsent.extend(map(server_events.encode, events))
        self._news.set()
        self._changed.set()

    async def send(self) -> None:
        """Send until cancelled."""
        while True:
            while self._unsent:
                await self._socket.send(self._unsent[0])
                self._unsent.popleft()
            self._changed.set()
            self._news.clear()
            await self._news.wait()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what telling and sending bring about."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def leave(self, settled: Callable[[], bool]) -> None:
        """Say goodbye: the engine stops, and what is not settled soon is left undone."""
        try:
            async with asyncio.timeout(FINISH_S):
                await self.until(lambda: settled() and not self._unsent)
        except TimeoutError:
            pass  # the client hears the rest from the next server, if it asks again
        await self._socket.close(GOING_AWAY, "The engine stops.")
