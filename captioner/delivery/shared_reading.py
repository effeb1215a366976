"""What is read of which rooms, by the readers of all processes that share them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from captioner.errors import RedisUnavailable
from captioner.redis.connection import Redis
from captioner.redis.script import Script, lua

READING = "captioner:reading"
"""The languages that are read, each with its room, by the time until which that holds."""
REPEAT_S = 0.5
HOLDS_S = 5.0
"""For so long what a process said is believed: it may have died."""

_NOTE = Script("note what is read", lua("captioner.delivery", "shared_reading"))


class SharedReading:
    """Tells the others what is read here, in `run`; `languages` is what is read anywhere."""

    def __init__(self, redis: Redis, here: Callable[[], Mapping[str, frozenset[str]]]) -> None:
        self._redis = redis
        self._here = here

    async def run(self) -> None:
        """Tell, again and again, until cancelled; in a task of the caller's."""
        while True:
            try:
                if self._here():
                    await self.languages()
            except RedisUnavailable:
                await self._redis.wait_until_up()
            await asyncio.sleep(REPEAT_S)

    async def languages(self) -> dict[str, frozenset[str]]:
        """By room; raises `RedisUnavailable`."""
        here = [f"{room} {tag}" for room, tags in self._here().items() for tag in sorted(tags)]
        told = await self._redis.run(_NOTE, [READING], round(1000 * HOLDS_S), *here)
        found: dict[str, set[str]] = {}
        for entry in told:
            room, language = entry.decode().split(" ")
            found.setdefault(room, set()).add(language)
        return {room: frozenset(languages) for room, languages in found.items()}
