"""Where the bus ends and the readers begin: one subscription a room, however many read it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType

from captioner.bus.bus import Bus
from captioner.captions.model import Numbered, Position, RoomChange
from captioner.delivery.frames import Framer
from captioner.delivery.reader import GOING_AWAY, NORMAL, Asked, Reader
from captioner.errors import CaptionerError, ReaderTooSlow, RoomNotFound, SubscriberTooSlow
from captioner.rooms.room import Room

logger = logging.getLogger(__name__)


class Hub:
    """Hands every room's events to its readers. Use it as an asynchronous context."""

    def __init__(self, bus: Bus, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._clock = clock
        self._feeds: dict[str, _Feed] = {}
        self._nobody_reads = asyncio.Event()
        self._nobody_reads.set()
        self._closing = False
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Hub:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for feed in self._feeds.values():
            feed.stop()
        await self._tasks.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def read(self, room: Room, asked: Asked) -> AsyncIterator[Reader]:
        """A reader of the room, greeted; nothing is missing between what it missed and live."""
        name = room.settings.id
        feed = self._feeds.get(name)
        if feed is None or feed.over:
            feed = self._feeds[name] = _Feed(self._bus, name, self._clock)
            feed.start(self._tasks)
        reader = Reader(asked)
        # It listens before it asks for the history: what comes twice is told by its `seq`.
        feed.readers.add(reader)
        self._nobody_reads.clear()
        try:
            await feed.subscribed.wait()
            reader.greet(room, await self._bus.history(name, asked.after))
            if self._closing:
                reader.close(GOING_AWAY)
            yield reader
        finally:
            feed.readers.discard(reader)
            if not feed.readers:
                self._drop(name, feed)

    async def close(self) -> None:
        """Let every reader go, with what was published so far; return when all have gone."""
        self._closing = True
        for feed in self._feeds.values():
            for reader in feed.readers:
                reader.close(GOING_AWAY)
        await self._nobody_reads.wait()

    def _drop(self, name: str, feed: _Feed) -> None:
        feed.stop()
        if self._feeds.get(name) is feed:
            del self._feeds[name]
        if not self._feeds:
            self._nobody_reads.set()


class _Feed:
    """A room's events on their way from the bus to its readers."""

    def __init__(self, bus: Bus, room: str, clock: Callable[[], float]) -> None:
        self.readers: set[Reader] = set()
        self.subscribed = asyncio.Event()
        self.over = False
        self._bus = bus
        self._room = room
        self._clock = clock
        self._framer = Framer()
        self._position: Position | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        self._task = tasks.create_task(self._run(), name=f"feed of {self._room}")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._follow()
            error: CaptionerError = RoomNotFound("The room was deleted.")
        except Exception:  # one room's trouble is not the other rooms'
            logger.exception("Room %s cannot be read.", self._room)
            error = CaptionerError("The server failed to read the room.")
        self.over = True
        self._fail(error)
        self.subscribed.set()

    async def _follow(self) -> None:
        """Hand on events until the room is forgotten."""
        while True:
            async with self._bus.subscribe(self._room) as events:
                await self._catch_up()
                self.subscribed.set()
                try:
                    async for live in events:
                        if isinstance(live, Numbered):
                            self._hand_on(live)
                    return
                except SubscriberTooSlow:
                    logger.warning("Room %s was read too slowly; catching up.", self._room)

    async def _catch_up(self) -> None:
        """Hand on what was missed while nobody was subscribed."""
        if self._position is None:
            self._position = await self._bus.position(self._room)
            return
        history = await self._bus.history(self._room, self._position)
        if not history.recovered:
            self._position = history.position
            self._fail(ReaderTooSlow("The server fell behind; connect again to resume."))
            return
        for numbered in history.events:
            self._hand_on(numbered)

    def _hand_on(self, numbered: Numbered) -> None:
        assert self._position is not None
        if numbered.seq <= self._position.seq:
            return
        self._position = Position(self._position.epoch, numbered.seq)
        event, now = numbered.event, self._clock()
        frames = self._framer.frames(numbered)
        for reader in self.readers:
            frame = frames.get(reader.asked.mode)
            if frame is not None and reader.asked.wants(event):
                reader.offer(frame, now)
        if isinstance(event, RoomChange) and event.status == "ended":
            for reader in self.readers:
                reader.close(NORMAL)

    def _fail(self, error: CaptionerError) -> None:
        for reader in self.readers:
            reader.fail(error)
