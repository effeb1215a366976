"""Where the bus ends and the readers begin: one subscription a room, however many read it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType

from captioner.bus.bus import Bus
from captioner.delivery.connection import Connection
from captioner.delivery.farewell import GOING_AWAY, Farewell
from captioner.delivery.feed import Feed
from captioner.delivery.group import Group
from captioner.delivery.keepalive import Keepalive
from captioner.delivery.reader import Asked, Reader
from captioner.delivery.turns import Turns
from captioner.rooms.room import Room


class Hub:
    """Hands every room's events to its readers. Use it as an asynchronous context."""

    def __init__(self, bus: Bus, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._turns = Turns()
        self._keepalive = Keepalive()
        self._reading: set[Feed] = set()
        self._nobody_reads = asyncio.Event()
        self._nobody_reads.set()
        self._closing = False
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Hub:
        await self._tasks.__aenter__()
        self._pinging = self._tasks.create_task(self._keepalive.run(), name="keepalive")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pinging.cancel()
        for feed in self._reading:
            feed.stop()
        await self._tasks.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def read(self, room: Room, asked: Asked) -> AsyncIterator[Reader]:
        """A reader of the room, greeted; nothing is missing between what it missed and live."""
        async with self._arrival(room, asked) as (reader, _):
            yield reader

    @asynccontextmanager
    async def attend(self, room: Room, asked: Asked) -> AsyncIterator[Connection]:
        """The same for a transport, which has until the end of the block to be handed over.

        From then on the connection reads by itself, until it is lost.
        """
        async with self._arrival(room, asked) as (reader, group):
            yield Connection(reader, group, self._keepalive)

    @asynccontextmanager
    async def _arrival(self, room: Room, asked: Asked) -> AsyncIterator[tuple[Reader, Group]]:
        feed = self._feed(room.settings.id)
        group, reader = feed.group(asked), Reader(asked)
        # It listens before it asks for the history: what comes twice is told by its `seq`.
        group.add(reader)
        try:
            await feed.subscribed.wait()
            reader.raise_if_failed()
            reader.greet(room, await self._bus.history(feed.room, asked.after))
            if self._closing:
                reader.close(Farewell(GOING_AWAY))
            yield reader, group
        finally:
            if not reader.handed_over:
                group.remove(reader)

    async def close(self) -> None:
        """Let every reader go, with what was published so far; return when all have gone."""
        self._closing = True
        for feed in tuple(self._reading):
            feed.close(Farewell(GOING_AWAY))
        await self._nobody_reads.wait()

    def languages(self) -> dict[str, frozenset[str]]:
        """What is read of which rooms just now, of the languages that readers name."""
        return {room: feed.languages for room, feed in self._feeds.items() if not feed.over}

    def _feed(self, room: str) -> Feed:
        feed = self._feeds.get(room)
        if feed is None or feed.over:
            feed = Feed(self._bus, room, self._turns, self._clock, self._drop)
            feed.start(self._tasks)
            self._feeds[room] = feed
            self._reading.add(feed)
            self._nobody_reads.clear()
        return feed

    def _drop(self, feed: Feed) -> None:
        feed.stop()
        self._reading.discard(feed)
        if self._feeds.get(feed.room) is feed:
            del self._feeds[feed.room]
        if not self._reading:
            self._nobody_reads.set()
