"""Connections to a server that is in the same process: no sockets, so also in virtual time.

The server works within `send`, as long as it reads; what it says is there at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import inf
from typing import Any

from captioner.engine import server_events
from captioner.realtime.connection import Connection
from captioner.realtime.trouble import SessionEnded, closed, not_let_in, unreachable
from tests.faults.recogniser import WordRecogniser
from tests.faults.script import ABORTED, Refused, Unreachable
from tests.faults.server import FaultServer
from tests.faults.session import Close, FaultySession, Half

MOST_UNREAD = 256 * 1024
"""Characters that may wait for a server that does not read; then `send` waits."""
MOST_UNSENT = 1000
"""Events that may wait for a client that does not read; then the server does not read."""


class MemoryConnection(Connection):
    """The client's end; the server's is behind it."""

    def __init__(self, session: FaultySession, name: str) -> None:
        self._name = name
        self._session = session
        self._recogniser = WordRecogniser()
        self._loop = asyncio.get_running_loop()
        self._unread: deque[str] = deque()
        self._unread_size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        for event in self._recogniser.create():
            session.say(server_events.encode(event), self._loop.time())
        self._work()

    async def send(self, message: str) -> None:
        while self._unread_size >= MOST_UNREAD and self._session.ended is None:
            self._room.clear()
            await self._room.wait()
        if self._session.ended is not None:
            raise self._lost(self._session.ended)
        self._unread.append(message)
        self._unread_size += len(message)
        self._work()

    async def receive(self) -> Mapping[str, Any]:
        outgoing = self._session.outgoing
        while not outgoing:
            self._news.clear()
            await self._news.wait()
        match outgoing[0]:
            case Close() as end:
                raise self._lost(end)
            case Half():
                raise self._lost(Close(ABORTED))
            case event:
                outgoing.popleft()
        if len(outgoing) == MOST_UNSENT - 1:
            self._work()
        return event

    def leave(self) -> None:
        """The client closes the connection."""
        if self._timer is not None:
            self._timer.cancel()
        self._session.break_off()
        self._room.set()
        self._news.set()

    def _lost(self, end: Close) -> SessionEnded:
        return closed(self._name, end.code, end.reason)

    def _work(self) -> None:
        """The server reads what it may and says what is due."""
        session, now = self._session, self._loop.time()
        session.pass_time(now)
        while self._unread and now >= session.reads_at and len(session.outgoing) < MOST_UNSENT:
            message = self._unread.popleft()
            self._unread_size -= len(message)
            for taken in session.hear(message, now):
                for event in self._recogniser.receive(taken.event):
                    session.say(server_events.encode(event), now)
        if self._unread_size < MOST_UNREAD or session.ended is not None:
            self._room.set()
        if session.outgoing:
            self._news.set()
        stalled = bool(self._unread) and now < session.reads_at
        self._wake_at(min(session.due, session.reads_at if stalled else inf))

    def _wake_at(self, when: float) -> None:
        if when == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = None if when == inf else self._loop.call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer, self._timer_at = None, inf
        self._work()


def in_memory(
    server: FaultServer, name: str = "fake"
) -> Callable[[], AbstractAsyncContextManager[Connection]]:
    """Connections to `server`; its clock is that of the loop. One that is refused raises.

    `name`: what errors call it.
    """

    @asynccontextmanager
    async def open_connection() -> AsyncIterator[Connection]:
        session = server.attempt(asyncio.get_running_loop().time())
        match session:
            case Refused(status, retry_after):
                raise not_let_in(name, status, retry_after)
            case Unreachable(after_s):
                await asyncio.sleep(after_s)
                raise unreachable(name, "connection refused")
        connection = MemoryConnection(session, name)
        try:
            yield connection
        finally:
            connection.leave()

    return open_connection
