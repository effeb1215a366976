"""Readers that come and go, and notice when an event is missing or comes twice."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.e2e.reader import Reader

RETRY_S = 0.1


class RestlessReader:
    """Follows a room, and leaves its server every few seconds to come back at any."""

    def __init__(self, url: str, rng: random.Random, stay_s: float) -> None:
        self.read = Reader()
        self.doubled: list[str] = []
        self.recovered: list[bool] = []
        """What each server said of the resume, but for the first."""
        self._url = url
        self._rng = rng
        self._stay_s = stay_s

    async def run(self) -> None:
        while True:
            read = self.read
            position = f"&after={read.seq}&epoch={read.epoch}" if read.epoch else ""
            with suppress(OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                async with (
                    asyncio.timeout(self._rng.uniform(0.2, 2 * self._stay_s)),
                    connect(f"{self._url}?language=*{position}", compression=None) as socket,
                ):
                    async for message in socket:
                        self.take(json.loads(message))
            await asyncio.sleep(RETRY_S)

    def take(self, event: dict[str, Any]) -> None:
        if event["type"] == "error":
            return  # the next connection may do better
        if event["type"] == "hello":
            if self.read.epoch:
                self.recovered.append(event["recovered"])
            if not event["recovered"]:
                self.read.seq = 0
        elif event["seq"] <= self.read.seq:
            self.doubled.append(f"{event} after {self.read.seq}")
        self.read.receive(event)


@asynccontextmanager
async def restless_readers(
    url: str, count: int, *, stay_s: float, seed: int = 1
) -> AsyncIterator[list[RestlessReader]]:
    """So many readers of a room (by the address of its captions), until the block ends."""
    readers = [RestlessReader(url, random.Random(seed + n), stay_s) for n in range(count)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(reader.run()) for reader in readers]
        yield readers
        for task in running:
            task.cancel()
