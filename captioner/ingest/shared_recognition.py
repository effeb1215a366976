"""Who recognises the streams of shared rooms: who captions one tells the other processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from captioner.realtime.engines import Upstream
from captioner.redis.connection import Redis
from captioner.rooms.by_room import by_room
from captioner.rooms.shared.kept_room import track_duty
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.told import Matters, Told


class SharedRecognition:
    """Tells who recognises here, in `run`; finds who does anywhere.

    `here` is asked for the streams that this process captions.
    """

    def __init__(self, redis: Redis, leases: Leases, here: Callable[[], Matters[Upstream]]) -> None:
        self._told = Told(
            redis, leases, "recognition", here, duty=track_duty, encode=asdict, decode=_upstream
        )

    async def run(self) -> None:
        """Tell what changes, until cancelled; in a task of the caller's."""
        await self._told.run()

    async def recognition(self, rooms: Sequence[str]) -> dict[str, dict[str, Upstream]]:
        """Who recognises the streams of these rooms, by room and stream.

        Of other processes nothing is known while Redis is away.
        """
        return by_room(rooms, await self._told.everywhere(rooms))


def _upstream(told: Mapping[str, Any]) -> Upstream:
    return Upstream(told["engine"], bool(told["standby"]), told["trouble"])
