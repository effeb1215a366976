"""Who recognises the streams of rooms that many processes share: who captions one tells the others.

A room has a hash in Redis with an entry for each stream. It counts while the stream's lease is
held: of a process that died nothing is believed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import orjson

from captioner.errors import RedisUnavailable
from captioner.ingest.tracks import by_room
from captioner.realtime.engines import Upstream
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua
from captioner.rooms.shared.kept_room import track_duty
from captioner.rooms.shared.leases import Leases

LOOK_S = 0.5
"""Between two looks at what is to be told."""
_REPEAT = 10
"""So many looks later all is told again, in case that Redis or another process lost it."""

_TAKE_BACK = Script("take back", lua("captioner.ingest", "take_back"))

_Streams = Mapping[tuple[str, str], Upstream]
"""By room and stream."""


class SharedRecognition:
    """Tells who recognises here, in `run`; finds who does anywhere.

    `here` is asked for the streams that this process captions.
    """

    def __init__(self, redis: Redis, leases: Leases, here: Callable[[], _Streams]) -> None:
        self._redis = redis
        self._leases = leases
        self._here = here
        self._process = secrets.token_hex(6)
        self._told: dict[tuple[str, str], bytes] = {}

    async def run(self) -> None:
        """Tell what changes, until cancelled; in a task of the caller's."""
        looks = 0
        try:
            while True:
                try:
                    await self._tell(again=looks % _REPEAT == 0)
                except RedisUnavailable:
                    await self._redis.wait_until_up()
                await asyncio.sleep(LOOK_S)
                looks += 1
        finally:
            with suppress(RedisUnavailable):
                await self._tell(again=False)

    async def recognition(self, rooms: Sequence[str]) -> dict[str, dict[str, Upstream]]:
        """Who recognises the streams of these rooms, by room and stream.

        Of other processes nothing is known while Redis is away.
        """
        elsewhere: _Streams = {}
        with suppress(RedisUnavailable):
            elsewhere = await self._elsewhere(rooms)
        return by_room(rooms, {**elsewhere, **self._here()})

    async def _tell(self, *, again: bool) -> None:
        now = {where: self._message(upstream) for where, upstream in self._here().items()}
        news = now if again else dict(now.items() - self._told.items())
        await self._redis.read(
            *(("HSET", _name(room), stream, message) for (room, stream), message in news.items())
        )
        for room, stream in self._told.keys() - now.keys():
            await self._redis.run(_TAKE_BACK, [_name(room)], stream, self._told[room, stream])
        self._told = now

    async def _elsewhere(self, rooms: Sequence[str]) -> _Streams:
        told = await self._redis.read(*(("HGETALL", _name(room)) for room in rooms))
        found = {
            (room, stream.decode()): _upstream(message)
            for room, streams in zip(rooms, told, strict=True)
            for stream, message in streams.items()
        }
        duties = [(room, track_duty(stream)) for room, stream in found]
        living = await self._leases.living(duties)
        return {
            where: upstream
            for (where, upstream), duty in zip(found.items(), duties, strict=True)
            if duty in living
        }

    def _message(self, upstream: Upstream) -> bytes:
        # The process is named so that none takes back what another one tells.
        told = {"engine": upstream.engine, "standby": upstream.standby, "trouble": upstream.trouble}
        return orjson.dumps(told | {"process": self._process})


def _name(room: str) -> str:
    return key(room, "recognition")


def _upstream(message: bytes) -> Upstream:
    told = orjson.loads(message)
    return Upstream(told["engine"], bool(told["standby"]), told["trouble"])
