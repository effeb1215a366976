"""The duty of keeping rooms: each by one process, of all those that can."""

from __future__ import annotations

import asyncio
import logging

from captioner.bus.bus import Bus
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, RoomNotFound
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.copies import ERASED, KEPT, Copies, register
from captioner.rooms.keeper import Keeper
from captioner.rooms.leases import Lease, Leases
from captioner.rooms.letters import CALLS, KEEPER
from captioner.rooms.shared_journal import newest_line

LOOK_S = 0.25
"""Between two looks for rooms whose keeper died."""
LONGER_COPY_S = 3.0
"""How long a process whose copy is longer has to take a room up, after Redis forgot it."""
_FAIR_S = 0.002
"""A process answers a call later by that for every room it keeps, so that all keep as many."""

_PENALTY_S = 2.0
"""A process that cannot keep a room, because its disk is full for one, leaves it to others."""

logger = logging.getLogger(__name__)


class Keepers:
    """Keeps rooms as they are asked for. Run it in a task; cancelled, it lets go of all rooms."""

    def __init__(
        self, redis: Redis, bus: Bus, leases: Leases, copies: Copies, *, grace_s: float
    ) -> None:
        self._redis = redis
        self._bus = bus
        self._leases = leases
        self._copies = copies
        self._grace_s = grace_s
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._erasing: set[asyncio.Task[None]] = set()
        self._unregistered = True
        """Whether Redis may not know the rooms of this disk."""
        self._registered_at = 0.0

    async def run(self) -> None:
        try:
            async with (
                self._redis.listening(CALLS, self._called, self._resumed),
                self._redis.listening(ERASED, self._told_erased, self._resumed),
            ):
                while True:
                    try:
                        await self._look()
                    except RedisUnavailable:
                        await self._redis.wait_until_up()
                    await asyncio.sleep(LOOK_S)
        finally:
            tasks = (*self._keeping.values(), *self._erasing)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _called(self, room: bytes) -> None:
        self._try(room.decode())

    def _resumed(self) -> None:
        self._unregistered = True

    def _told_erased(self, message: bytes) -> None:
        room, made = message.decode().split(" ")
        task = asyncio.create_task(self._erase(room, made))
        self._erasing.add(task)
        task.add_done_callback(self._erasing.discard)

    async def _look(self) -> None:
        """Find the rooms that nobody keeps any more."""
        if self._unregistered:
            self._unregistered = False
            await self._register_all()
        [kept] = await self._redis.read(("SMEMBERS", KEPT))
        rooms = [room.decode() for room in kept if room.decode() not in self._keeping]
        lives = await self._redis.read(
            *(("EXISTS", key(room, f"lease:{KEEPER}")) for room in rooms)
        )
        for room, alive in zip(rooms, lives, strict=True):
            if not alive:
                self._try(room)

    async def _register_all(self) -> None:
        """Give a Redis that forgot them the rooms of this disk; erase those that are to go."""
        self._registered_at = asyncio.get_running_loop().time()
        for record in await self._copies.rooms():
            room = record.settings.id
            [erased] = await self._redis.read(("HGET", ERASED, room))
            if erased is not None and erased.decode() >= record.created_at.isoformat():
                await self._erase(room, erased.decode())
            elif await register(self._redis, record, len(await self._copies.lines(room))):
                self._try(room)  # its journal is to be known again, too

    async def _erase(self, room: str, made: str) -> None:
        for record in await self._copies.rooms():
            if record.settings.id == room and record.created_at.isoformat() <= made:
                await self._copies.erase(room)

    def _try(self, room: str) -> None:
        if room not in self._keeping:
            task = asyncio.create_task(self._keep(room), name=f"keeper of {room}")
            self._keeping[room] = task
            task.add_done_callback(lambda _task: self._keeping.pop(room, None))

    async def _keep(self, room: str) -> None:
        try:
            await asyncio.sleep(_FAIR_S * (len(self._keeping) - 1))
            lease = await self._leases.acquire(room, KEEPER)
            if lease is None:
                return
            try:
                await self._with(lease)
            finally:
                await self._leases.release(lease)
        except RoomNotFound:
            logger.debug("Room %s was asked for, and is not there.", room)
        except (Fenced, RedisUnavailable) as error:
            logger.info("Room %s is let go: %s", room, error)
        except CaptionerError as error:
            logger.warning("Room %s cannot be kept here: %s", room, error)
            await asyncio.sleep(_PENALTY_S)
        except Exception:  # one room's trouble is not the other rooms'
            logger.exception("Room %s cannot be kept here.", room)

    async def _with(self, lease: Lease) -> None:
        if await self._elsewhere_longer(lease.room):
            return
        await self._redis.read(("SADD", KEPT, lease.room))
        keeper = Keeper(
            lease,
            redis=self._redis,
            bus=self._bus,
            leases=self._leases,
            copies=self._copies,
            grace_s=self._grace_s,
        )
        await keeper.run()
        await self._redis.read(("SREM", KEPT, lease.room))

    async def _elsewhere_longer(self, room: str) -> bool:
        """Whether another process has lines that neither this disk nor Redis has."""
        if asyncio.get_running_loop().time() - self._registered_at > LONGER_COPY_S:
            return False
        [known] = await self._redis.read(("HGET", key(room, "room"), "lines"))
        here = len(await self._copies.lines(room))
        return int(known or 0) > max(here, await newest_line(self._redis, room))
