"""The bus of several processes: numbered and remembered in Redis, told to all at once."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from captioner.bus.bus import Fence, History, Live
from captioner.bus.history import RoomHistory
from captioner.bus.publication import (
    KEEP_EVENTS,
    PUBLISH_EVENT,
    event_args,
    event_keys,
    published_at,
)
from captioner.bus.replica import Replica
from captioner.bus.stored import Told, position, stored
from captioner.bus.subscription import Subscription
from captioner.captions.model import Event, Position
from captioner.errors import RedisUnavailable
from captioner.redis.connection import Redis
from captioner.redis.script import Script, lua

_PUBLISH = Script("publish", PUBLISH_EVENT + "return {publish_event(1, 1)}")
_FORGET = Script("forget", lua("captioner.bus", "forget"))

_MOST_UNSURE = 1_000
"""Rooms in which the answer to the last publication was lost; more are forgotten."""


class RedisBus:
    """Implements `captioner.bus.bus.Bus` for all processes that share a Redis.

    Use it as an asynchronous context. A room keeps its newest `keep_events` events; a subscriber
    may have `backlog` waiting. However many subscribe to a room here, the process subscribes and
    reads the history once, and answers `history` and `position` itself, also while Redis is away.
    """

    def __init__(
        self, redis: Redis, *, keep_events: int = KEEP_EVENTS, backlog: int = 1_000
    ) -> None:
        self._redis = redis
        self._keep_events = keep_events
        self._backlog = backlog
        self._name = secrets.token_hex(8)
        self._published = 0
        self._unsure: OrderedDict[str, tuple[Event, int]] = OrderedDict()
        """The event whose publication got no answer, and its number, by room."""
        self._replicas: dict[str, Replica] = {}
        self._following: dict[Replica, asyncio.Task[None]] = {}
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> RedisBus:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for following in self._following.values():
            following.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    async def publish(self, room: str, event: Event, *, fence: Fence | None = None) -> int:
        number = self._number(room, event)
        arguments = event_args(
            event, publisher=self._name, number=number, fence=fence, keep=self._keep_events
        )
        try:
            answer = await self._redis.run(_PUBLISH, event_keys(room), *arguments)
        except (RedisUnavailable, asyncio.CancelledError):
            self._unsure[room] = event, number
            if len(self._unsure) > _MOST_UNSURE:
                self._unsure.popitem(last=False)
            raise
        at = published_at(answer)
        if room in self._replicas:
            self._replicas[room].published(Told(at.epoch, at.seq, event))
        return at.seq

    def show(self, room: str, event: Event) -> None:
        if room in self._replicas:
            self._replicas[room].show(event)

    async def position(self, room: str) -> Position:
        known = self._known(room)
        return await position(self._redis, room) if known is None else known.position

    async def history(self, room: str, after: Position | None = None) -> History:
        known = self._known(room)
        if known is not None:
            return known.after(after)
        found = await stored(self._redis, room, after)
        return History(found.position, found.events, found.recovered)

    @asynccontextmanager
    async def subscribe(self, room: str) -> AsyncIterator[AsyncIterator[Live]]:
        replica = self._replicas.get(room) or self._follow(room)
        subscription = Subscription(self._backlog)
        replica.users += 1
        try:
            await replica.loaded()
            replica.subscriptions.add(subscription)
            yield subscription
        finally:
            replica.subscriptions.discard(subscription)
            replica.users -= 1
            if not replica.users:
                self._drop(replica)

    async def forget(self, room: str) -> None:
        replica = self._replicas.get(room)
        self._unsure.pop(room, None)
        await self._redis.run(_FORGET, event_keys(room))
        if replica is not None:
            self._end(replica)

    def _number(self, room: str, event: Event) -> int:
        """A new one, or that of the same event where nobody knows whether it was published."""
        unsure = self._unsure.pop(room, None)
        if unsure is not None and unsure[0] == event:
            return unsure[1]
        self._published += 1
        return self._published

    def _known(self, room: str) -> RoomHistory | None:
        replica = self._replicas.get(room)
        return None if replica is None else replica.history

    def _follow(self, room: str) -> Replica:
        replica = Replica(self._redis, room, keep=self._keep_events, forgotten=self._end)
        self._replicas[room] = replica
        self._following[replica] = self._tasks.create_task(
            replica.follow(), name=f"replica of {room}"
        )
        return replica

    def _end(self, replica: Replica) -> None:
        """The room was forgotten: whoever subscribes from now on is in another one."""
        if self._replicas.get(replica.room) is replica:
            del self._replicas[replica.room]
        replica.end()

    def _drop(self, replica: Replica) -> None:
        if self._replicas.get(replica.room) is replica:
            del self._replicas[replica.room]
        self._following.pop(replica).cancel()
