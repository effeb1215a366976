"""Processes that share rooms over a real Redis, in one event loop, and their sudden ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from captioner.archive.store import Store, open_store
from captioner.bus.redis import RedisBus
from captioner.captions.model import Caption, Event
from captioner.errors import CaptionerError
from captioner.metrics import Metrics
from captioner.redis.connection import Redis, connected
from captioner.rooms.shared.keepers import Keepers
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.registry import SharedRooms

TIMEOUT_S = 30.0
GRACE_S = 0.5
"""How long a track without a process is waited for."""


@dataclass
class Process:
    """One that captions and answers readers and, with a folder of its own, keeps rooms."""

    redis: Redis
    bus: RedisBus
    leases: Leases
    rooms: SharedRooms
    store: Store | None
    metrics: Metrics
    _life: AsyncExitStack
    _connection: asyncio.Task[None]

    async def crash(self) -> None:
        """It dies: what it holds in Redis stays as it is."""
        self._connection.cancel()
        await asyncio.gather(self._connection, return_exceptions=True)
        with suppress(CaptionerError):
            await self._life.aclose()

    def counted(self, name: str) -> float | None:
        """The value of a metric without labels."""
        return self.metrics.registry.get_sample_value(f"captioner_{name}")

    async def events(self, room: str) -> list[Event]:
        return [numbered.event for numbered in (await self.bus.history(room)).events]

    async def finals(self, room: str) -> list[str]:
        captions = [event for event in await self.events(room) if isinstance(event, Caption)]
        return [c.text for c in sorted(captions, key=lambda c: c.start) if c.final and c.text]


@asynccontextmanager
async def process(url: str, data: Path | None = None) -> AsyncIterator[Process]:
    """A process until the block ends; then it lets go of what it holds, unless it has crashed."""
    async with AsyncExitStack() as life:
        redis, connection = await life.enter_async_context(_connection(url))
        bus = await life.enter_async_context(RedisBus(redis))
        metrics = Metrics()
        leases = await life.enter_async_context(Leases(redis, metrics=metrics))
        rooms = await life.enter_async_context(SharedRooms(redis, bus, leases, metrics))
        store = None
        if data is not None:
            store = life.enter_context(open_store(data))
            keepers = Keepers(redis, bus, leases, store, grace_s=GRACE_S, metrics=metrics)
            await life.enter_async_context(_running(keepers))
        yield Process(redis, bus, leases, rooms, store, metrics, life, connection)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[tuple[Redis, asyncio.Task[None]]]:
    """A connection that can be broken for good from outside."""
    ready: asyncio.Future[Redis] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with connected(url) as redis:
            ready.set_result(redis)
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    redis = await ready
    try:
        await redis.wait_until_up()
        yield redis, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _running(keepers: Keepers) -> AsyncIterator[None]:
    task = asyncio.create_task(keepers.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
