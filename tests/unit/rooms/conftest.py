"""A server's rooms on a real disk and bus, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from captioner.archive.store import Store, open_store
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Caption, Event
from captioner.rooms.clock import RoomClock
from captioner.rooms.records import RoomRecord
from captioner.rooms.registry import Rooms
from captioner.rooms.room import RoomSettings


@dataclass
class Time:
    """Seconds since the test began, and what the wall shows besides."""

    seconds: float = 0.0
    wall_ahead: float = 0.0

    def monotonic(self) -> float:
        return 1_000.0 + self.seconds

    def wall(self) -> datetime:
        begun = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        return begun + timedelta(seconds=self.seconds + self.wall_ahead)


@dataclass
class Speaker:
    """Implements `captioner.rooms.room.Publisher`."""

    speaker: str | None = "Ana"
    language: str = "en"
    attended: bool = True
    times_displaced: int = 0

    def displaced(self) -> None:
        self.times_displaced += 1


@dataclass
class Server:
    """One run of the server; the next finds what this one kept."""

    rooms: Rooms
    bus: MemoryBus
    store: Store

    async def events(self, room: str) -> list[Event]:
        return [numbered.event for numbered in (await self.bus.history(room)).events]


@dataclass
class Machine:
    """Where the server runs: its disk and its time outlive it."""

    data: Path
    time: Time = field(default_factory=Time)

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Server]:
        bus = MemoryBus()
        with open_store(self.data) as store:
            rooms = Rooms(
                bus,
                store,
                clock=lambda: RoomClock(self.time.monotonic, self.time.wall),
                today=self.time.wall,
            )
            await rooms.load()
            yield Server(rooms, bus, store)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
async def server(machine: Machine, anyio_backend: str) -> AsyncIterator[Server]:
    async with machine.server() as running:
        yield running


def recorded(settings: RoomSettings) -> RoomRecord:
    return RoomRecord(settings, datetime(2026, 3, 1, tzinfo=UTC), "idle")


def final(name: str, text: str = "Hello.", *, language: str = "en", start: float = 0.0) -> Caption:
    return Caption(name, language, 1, text, len(text), True, start, start + 1.0, "mic")


def partial(name: str, text: str = "Hel", *, language: str = "en") -> Caption:
    return Caption(name, language, 1, text, 0, False, 0.0, 1.0, "mic")
