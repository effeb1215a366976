"""A room, and a hub that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from captioner.archive.store import Store
from captioner.bus.bus import Bus
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Event
from captioner.delivery.hub import Hub
from captioner.delivery.reader import Asked, Reader
from captioner.rooms.local import LocalRoom
from captioner.rooms.registry import Rooms
from captioner.rooms.room import RoomSettings

NOW = Asked()


@dataclass(frozen=True)
class House:
    bus: Bus
    rooms: Rooms
    room: LocalRoom
    hub: Hub

    def read(self, asked: Asked = NOW) -> AbstractAsyncContextManager[Reader]:
        return self.hub.read(self.room, asked)


@asynccontextmanager
async def house(store: Store, *events: Event, bus: Bus | None = None) -> AsyncIterator[House]:
    """A house with one room, in which the events have happened."""
    bus = bus or MemoryBus()
    rooms = Rooms(bus, store)
    room = await rooms.create(RoomSettings("demo", language="en"))
    for event in events:
        await room.publish(event)
    async with Hub(bus) as hub:
        yield House(bus, rooms, room, hub)
