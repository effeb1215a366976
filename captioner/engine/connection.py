"""One client: its WebSocket on one side, its session and the scheduler on the other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable

from pydantic import BaseModel
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from captioner.engine import server_events
from captioner.engine.client_events import parse
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.scheduler import Scheduler
from captioner.engine.session import TranscriptionSession

MAX_UNDECIDED_S = 120.0
"""Speech of one session that may wait for its final decode; beyond it the socket is not read."""
MAX_UNSENT = 1000
"""Events that may wait for a client that reads slowly; beyond it the socket is not read."""
FINISH_S = 5.0
"""How long the items that are committed may take to settle when the server stops."""


class Connection:
    """A client that sends too much is not read until there is room: its own sending then waits."""

    def __init__(self, socket: ServerConnection, scheduler: Scheduler) -> None:
        self._socket = socket
        self._scheduler = scheduler
        self._session = TranscriptionSession(self._tell)
        self._unsent: deque[str] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def run(self, model: str | None, stopping: asyncio.Event) -> None:
        """Serve the client until it goes, or until the server stops."""
        transcriber = self._session.transcriber
        self._scheduler.join(transcriber)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._session.create(model)
                sending = tasks.create_task(self._send())
                receiving = tasks.create_task(self._receive())
                stopped = tasks.create_task(stopping.wait())
                await asyncio.wait({receiving, stopped}, return_when=asyncio.FIRST_COMPLETED)
                receiving.cancel()
                if stopping.is_set():
                    await self._finish()
                stopped.cancel()
                sending.cancel()
        except* ConnectionClosed:
            pass  # the client is gone, and what it wanted with it
        finally:
            self._scheduler.leave(transcriber)

    async def _receive(self) -> None:
        async for message in self._socket:
            try:
                event = parse(message)
            except ProtocolError as error:
                self._session.refuse(error)
                continue
            for _ in self._session.receive(event, time.monotonic()):
                self._scheduler.wake()
                await asyncio.sleep(0)
                await self._until(self._has_room)
            self._scheduler.wake()

    async def _send(self) -> None:
        while True:
            while self._unsent:
                await self._socket.send(self._unsent[0])
                self._unsent.popleft()
            self._room.set()
            self._news.clear()
            await self._news.wait()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(FINISH_S):
                await self._until(self._nothing_owed)
        except TimeoutError:
            pass  # the client hears the rest from the next server, if it sends it again
        await self._socket.close(1001, "The engine stops.")

    def _tell(self, events: Iterable[BaseModel]) -> None:
        self._unsent.extend(map(server_events.encode, events))
        self._news.set()
        self._room.set()

    def _has_room(self) -> bool:
        undecided = self._session.transcriber.undecided_s
        return undecided < MAX_UNDECIDED_S and len(self._unsent) < MAX_UNSENT

    def _nothing_owed(self) -> bool:
        return self._session.transcriber.settled and not self._unsent

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for what sending and decoding bring about."""
        while not condition():
            self._room.clear()
            await self._room.wait()
