"""What the processes that share rooms tell each other of the duties they do, while they do them.

A room has a hash in Redis with an entry for each. It counts while the duty's lease is held: of a
process that died nothing is believed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import orjson

from captioner.errors import RedisUnavailable
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua
from captioner.rooms.shared.leases import Leases

LOOK_S = 0.5
"""Between two looks at what is to be told."""
_REPEAT = 10
"""So many looks later all is told again, in case that Redis or another process lost it."""

_TAKE_BACK = Script("take back", lua("captioner.rooms.shared", "take_back"))

T = TypeVar("T")
Matters = Mapping[tuple[str, str], T]
"""By room and what the duty is about: a stream, a language."""


class Told(Generic[T]):
    """Tells how the duties go that are done here, in `run`; finds how they go anywhere."""

    def __init__(
        self,
        redis: Redis,
        leases: Leases,
        name: str,
        here: Callable[[], Matters[T]],
        *,
        duty: Callable[[str], str],
        encode: Callable[[T], Mapping[str, Any]],
        decode: Callable[[Mapping[str, Any]], T],
    ) -> None:
        """`name`: of the hash. `here` is asked for what this process does."""
        self._redis = redis
        self._leases = leases
        self._name = name
        self._here = here
        self._duty = duty
        self._encode = encode
        self._decode = decode
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

    async def everywhere(self, rooms: Sequence[str]) -> Matters[T]:
        """Of these rooms, and of others what this process does.

        Of other processes nothing is known while Redis is away.
        """
        elsewhere: Matters[T] = {}
        with suppress(RedisUnavailable):
            elsewhere = await self._elsewhere(rooms)
        return {**elsewhere, **self._here()}

    async def _tell(self, *, again: bool) -> None:
        now = {where: self._message(matter) for where, matter in self._here().items()}
        news = now if again else dict(now.items() - self._told.items())
        await self._redis.read(
            *(("HSET", self._key(room), what, message) for (room, what), message in news.items())
        )
        for room, what in self._told.keys() - now.keys():
            await self._redis.run(_TAKE_BACK, [self._key(room)], what, self._told[room, what])
        self._told = now

    async def _elsewhere(self, rooms: Sequence[str]) -> Matters[T]:
        told = await self._redis.read(*(("HGETALL", self._key(room)) for room in rooms))
        found = {
            (room, what.decode()): self._decode(orjson.loads(message))
            for room, matters in zip(rooms, told, strict=True)
            for what, message in matters.items()
        }
        duties = [(room, self._duty(what)) for room, what in found]
        living = await self._leases.living(duties)
        return {
            where: matter
            for (where, matter), duty in zip(found.items(), duties, strict=True)
            if duty in living
        }

    def _message(self, matter: T) -> bytes:
        # The process is named so that none takes back what another one tells.
        return orjson.dumps({**self._encode(matter), "process": self._process})

    def _key(self, room: str) -> str:
        return key(room, self._name)
