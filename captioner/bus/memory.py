"""The bus of a single process: everything in memory, and lost with it."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from captioner.bus.bus import History
from captioner.captions.model import Caption, Event, Numbered, Position
from captioner.errors import SubscriberTooSlow

Key = int | tuple[str, str]
"""What replaces what: a caption its older revisions, by `(id, language)`; the rest nothing."""


def random_epoch() -> str:
    """A short word that no earlier history of the room was called."""
    return secrets.token_hex(4)


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
        self._rooms: OrderedDict[str, _History] = OrderedDict()
        """By the time of the last event, the quietest room first."""
        self._bytes = 0

    async def publish(self, room: str, event: Event) -> int:
        history = self._history(room)
        self._rooms.move_to_end(room)
        numbered, growth = history.add(event)
        self._bytes += growth
        if len(history.kept) > self._keep_events:
            self._bytes -= history.drop_oldest()
        while self._bytes > self._keep_bytes:
            self._bytes -= next(h for h in self._rooms.values() if h.kept).drop_oldest()
        for subscription in tuple(history.subscriptions):
            subscription.offer(numbered)
        return numbered.seq

    async def position(self, room: str) -> Position:
        return self._history(room).position

    async def history(self, room: str, after: Position | None = None) -> History:
        return self._history(room).after(after)

    @asynccontextmanager
    async def subscribe(self, room: str) -> AsyncIterator[AsyncIterator[Numbered]]:
        subscription = _Subscription(self._backlog)
        subscriptions = self._history(room).subscriptions
        subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            subscriptions.discard(subscription)

    async def forget(self, room: str) -> None:
        history = self._rooms.pop(room, None)
        if history is not None:
            self._bytes -= sum(weight(numbered.event) for numbered in history.kept.values())
            for subscription in tuple(history.subscriptions):
                subscription.end()

    def _history(self, room: str) -> _History:
        if room not in self._rooms:
            self._rooms[room] = _History(self._new_epoch())
        return self._rooms[room]


class _History:
    """What is kept of one room, in the order of `seq`, and who listens to it."""

    def __init__(self, epoch: str) -> None:
        self.kept: OrderedDict[Key, Numbered] = OrderedDict()
        self.subscriptions: set[_Subscription] = set()
        self._epoch = epoch
        self._seq = 0
        self._dropped = 0
        """The `seq` of the newest event that is no longer kept."""

    @property
    def position(self) -> Position:
        return Position(self._epoch, self._seq)

    def add(self, event: Event) -> tuple[Numbered, int]:
        """Number and keep the event; also say by how many bytes what is kept has grown."""
        self._seq += 1
        numbered = Numbered(self._seq, event)
        if not isinstance(event, Caption):
            self.kept[self._seq] = numbered
            return numbered, weight(event)
        key = (event.id, event.language)
        older = self.kept.get(key)
        if older is None:
            self.kept[key] = numbered
            return numbered, weight(event)
        assert isinstance(older.event, Caption)
        if older.event.rev >= event.rev:
            return numbered, 0
        self.kept[key] = numbered
        self.kept.move_to_end(key)
        return numbered, weight(event) - weight(older.event)

    def drop_oldest(self) -> int:
        """Forget the event published longest ago; return its weight in bytes."""
        _, numbered = self.kept.popitem(last=False)
        self._dropped = numbered.seq
        return weight(numbered.event)

    def after(self, position: Position | None) -> History:
        start = Position(self._epoch, 0) if position is None else position
        recovered = start.epoch == self._epoch and self._dropped <= start.seq <= self._seq
        past = start.seq if recovered else 0
        events: list[Numbered] = []
        for numbered in reversed(self.kept.values()):
            if numbered.seq <= past:
                break
            events.append(numbered)
        return History(self.position, tuple(reversed(events)), recovered)


class _Subscription:
    """Events on their way to one subscriber."""

    def __init__(self, backlog: int) -> None:
        self._backlog = backlog
        self._waiting: deque[Numbered] = deque()
        self._news = asyncio.Event()
        self._too_slow = False
        self._ended = False

    def offer(self, numbered: Numbered) -> None:
        if len(self._waiting) == self._backlog:
            self._too_slow = True
            self._waiting.clear()
        elif not self._too_slow:
            self._waiting.append(numbered)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    def __aiter__(self) -> AsyncIterator[Numbered]:
        return self

    async def __anext__(self) -> Numbered:
        while not self._waiting:
            if self._too_slow:
                raise SubscriberTooSlow(f"more than {self._backlog} events were waiting")
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


def weight(event: Event) -> int:
    """About how many bytes an event takes in memory."""
    if isinstance(event, Caption):
        return 500 + 2 * len(event.text) + 120 * len(event.phrases)
    return 300
