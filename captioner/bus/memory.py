"""The bus of a single process: everything in memory, and lost with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from captioner.bus.bus import Fence, History, Live
from captioner.bus.epoch import random_epoch
from captioner.bus.history import RoomHistory
from captioner.bus.subscription import Subscription
from captioner.captions.model import Event, Numbered, Position, Unnumbered


class MemoryBus:
    """Implements `captioner.bus.bus.Bus` for one process and one event loop.

    A room keeps its newest `keep_events` events, all rooms together about `keep_bytes`; what was
    published longest ago goes first, and a reader who asks for it is told by `recovered`.
    A subscriber may have `backlog` events waiting; one more, and it gets `SubscriberTooSlow`.
    """

    def __init__(
        self,
        *,
        keep_events: int = 5_000,
        keep_bytes: int = 256 * 2**20,
        backlog: int = 1_000,
        new_epoch: Callable[[], str] = random_epoch,
    ) -> None:
        self._keep_events = keep_events
        self._keep_bytes = keep_bytes
        self._backlog = backlog
        self._new_epoch = new_epoch
        self._rooms: OrderedDict[str, _Room] = OrderedDict()
        """By the time of the last event, the quietest room first."""
        self._bytes = 0

    async def publish(self, room: str, event: Event, *, fence: Fence | None = None) -> int:
        found = self._room(room)
        self._rooms.move_to_end(room)
        numbered = Numbered(found.history.position.seq + 1, event)
        self._bytes -= found.history.weight
        found.history.add(numbered)
        if len(found.history) > self._keep_events:
            found.history.drop_oldest()
        self._bytes += found.history.weight
        while self._bytes > self._keep_bytes:
            quietest = next(r.history for r in self._rooms.values() if len(r.history))
            self._bytes -= quietest.weight
            quietest.drop_oldest()
            self._bytes += quietest.weight
        for subscription in tuple(found.subscriptions):
            subscription.offer(numbered)
        return numbered.seq

    def show(self, room: str, event: Event) -> None:
        for subscription in tuple(self._room(room).subscriptions):
            subscription.offer(Unnumbered(event))

    async def position(self, room: str) -> Position:
        return self._room(room).history.position

    async def history(self, room: str, after: Position | None = None) -> History:
        return self._room(room).history.after(after)

    @asynccontextmanager
    async def subscribe(self, room: str) -> AsyncIterator[AsyncIterator[Live]]:
        subscription = Subscription(self._backlog)
        subscriptions = self._room(room).subscriptions
        subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            subscriptions.discard(subscription)

    async def forget(self, room: str) -> None:
        found = self._rooms.pop(room, None)
        if found is not None:
            self._bytes -= found.history.weight
            for subscription in tuple(found.subscriptions):
                subscription.end()

    def _room(self, room: str) -> _Room:
        if room not in self._rooms:
            self._rooms[room] = _Room(self._new_epoch())
        return self._rooms[room]


class _Room:
    """What is kept of a room, and who listens to it."""

    def __init__(self, epoch: str) -> None:
        self.history = RoomHistory(epoch)
        self.subscriptions: set[Subscription] = set()
