"""What one process knows of a room that several share, kept up while somebody here reads it."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

from captioner.bus.history import RoomHistory
from captioner.bus.publication import channel
from captioner.bus.stored import Stored, Told, stored, told
from captioner.bus.subscription import Subscription
from captioner.captions.model import Event, Numbered, Unnumbered
from captioner.errors import RedisUnavailable
from captioner.redis.connection import Redis

_PAUSE = (0.1, 0.25)
"""Seconds between attempts to catch up while Redis is away, by chance."""


class Replica:
    """One room's history and its subscribers within this process.

    Read from Redis once, then made of what is told live; a hole is filled from Redis before
    anything that follows it goes to the subscribers. While Redis is away, it stands still.
    `forgotten` is called when the room is.
    """

    def __init__(
        self, redis: Redis, room: str, *, keep: int, forgotten: Callable[[Replica], None]
    ) -> None:
        self.room = room
        self.subscriptions: set[Subscription] = set()
        self.users = 0
        """How many subscribe or are about to."""
        self.history: RoomHistory | None = None
        self._redis = redis
        self._keep = keep
        self._forgotten = forgotten
        self._behind = asyncio.Event()
        self._behind.set()
        self._ahead: deque[Told] = deque(maxlen=keep)
        """What was told while a hole was not filled yet; what falls out leaves another hole."""
        self._settled = asyncio.Event()
        self._trouble = ""

    async def loaded(self) -> None:
        """Return once there is a history; raises `RedisUnavailable`."""
        await self._settled.wait()
        if self.history is None:
            raise RedisUnavailable(self._trouble)

    async def follow(self) -> None:
        """Keep up until cancelled; return where even the beginning fails."""
        async with self._redis.listening(channel(self.room), self._hear, self._behind.set):
            while True:
                await self._behind.wait()
                try:
                    await self._catch_up()
                except RedisUnavailable as error:
                    if self.history is None:
                        self._trouble = str(error)
                        self._settled.set()
                        return
                    await asyncio.sleep(random.uniform(*_PAUSE))

    def published(self, news: Told) -> None:
        """This process published it, and need not wait to be told."""
        self._take(news)

    def show(self, event: Event) -> None:
        for subscription in tuple(self.subscriptions):
            subscription.offer(Unnumbered(event))

    def end(self) -> None:
        """Nothing follows for those who subscribe now."""
        for subscription in self.subscriptions:
            subscription.end()
        self.subscriptions.clear()

    def _hear(self, message: bytes) -> None:
        if message:
            self._take(told(message))
        else:
            self._forgotten(self)

    def _take(self, news: Told) -> None:
        if self.history is None or self._behind.is_set():
            self._ahead.append(news)
            return
        # What does not come next is not kept here: it is in Redis, and read with what is missing.
        here = self.history.position
        if news.epoch == here.epoch and news.seq <= here.seq:
            return
        if news.epoch == here.epoch and news.seq == here.seq + 1:
            self._add(news.seq, news.event)
        else:
            self._behind.set()

    async def _catch_up(self) -> None:
        here = self.history.position if self.history is not None else None
        self._behind.set()
        found = await stored(self._redis, self.room, here)
        self._apply(found)
        self._behind.clear()
        ahead = tuple(self._ahead)
        self._ahead.clear()
        for news in ahead:
            self._take(news)
        self._settled.set()

    def _apply(self, found: Stored) -> None:
        if self.history is not None and found.recovered:
            for numbered in found.events:
                self._add(numbered.seq, numbered.event)
            self.history.catch_up(found.position.seq)
            return
        here = found.position
        self.history = RoomHistory(here.epoch, here.seq, found.dropped, found.events)
        for subscription in tuple(self.subscriptions):
            subscription.lose("what was missed is not kept")

    def _add(self, seq: int, event: Event | None) -> None:
        assert self.history is not None
        if event is None:
            self.history.catch_up(seq)
            return
        numbered = Numbered(seq, event)
        self.history.add(numbered)
        if len(self.history) > self._keep:
            self.history.drop_oldest()
        for subscription in tuple(self.subscriptions):
            subscription.offer(numbered)
