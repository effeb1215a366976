"""One client: its WebSocket on one side, its session and the scheduler on the other."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from captioner.engine.client_events import parse
from captioner.engine.outbox import MAX_UNSENT, Outbox
from captioner.engine.receiving import receive
from captioner.engine.scheduler import Scheduler
from captioner.engine.session import TranscriptionSession
from captioner.engine.session_config import SessionConfig

MAX_UNDECIDED_S = 120.0
"""Speech of one session that may wait for its final decode; beyond it the socket is not read."""


class Connection:
    """A client that sends too much is not read until there is room: its own sending then waits."""

    def __init__(self, socket: ServerConnection, scheduler: Scheduler) -> None:
        self._socket = socket
        self._scheduler = scheduler
        self._outbox = Outbox(socket)
        self._session = TranscriptionSession(self._outbox.tell)

    async def run(self, config: SessionConfig, stopping: asyncio.Event) -> None:
        """Serve the client until it goes, or until the server stops."""
        transcriber = self._session.transcriber
        self._scheduler.join(transcriber)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._session.create(config)
                sending = tasks.create_task(self._outbox.send())
                receiving = tasks.create_task(self._receive())
                stopped = tasks.create_task(stopping.wait())
                await asyncio.wait({receiving, stopped}, return_when=asyncio.FIRST_COMPLETED)
                receiving.cancel()
                if stopping.is_set():
                    await self._outbox.leave(lambda: transcriber.settled)
                stopped.cancel()
                sending.cancel()
        except* ConnectionClosed:
            pass  # the client is gone, and what it wanted with it
        finally:
            self._scheduler.leave(transcriber)

    async def _receive(self) -> None:
        await receive(self._socket, parse, self._session, self._scheduler, self._until_room)

    async def _until_room(self) -> None:
        await self._outbox.until(self._has_room)

    def _has_room(self) -> bool:
        undecided = self._session.transcriber.undecided_s
        return undecided < MAX_UNDECIDED_S and len(self._outbox) < MAX_UNSENT
