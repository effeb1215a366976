"""How the translations of rooms go that many processes share: who translates tells the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from captioner.redis.connection import Redis
from captioner.rooms.by_room import by_room
from captioner.rooms.room import translation_duty
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.told import Matters, Told
from captioner.translation.progress import Progress


class SharedProgress:
    """Tells how the translations go that are made here, in `run`; finds how they go anywhere."""

    def __init__(self, redis: Redis, leases: Leases, here: Callable[[], Matters[Progress]]) -> None:
        self._told = Told(
            redis, leases, "translation", here, duty=translation_duty, encode=asdict, decode=_read
        )

    async def run(self) -> None:
        """Tell what changes, until cancelled; in a task of the caller's."""
        await self._told.run()

    async def progress(self, rooms: Sequence[str]) -> dict[str, dict[str, Progress]]:
        """By room and language, of those that are translated into just now.

        Of other processes nothing is known while Redis is away.
        """
        return by_room(rooms, await self._told.everywhere(rooms))


def _read(told: Mapping[str, Any]) -> Progress:
    return Progress(told["translator"], told["trouble"], int(told["behind"]))
