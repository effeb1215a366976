"""The duty of keeping rooms: each by one process, of all those that can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from math import inf

from captioner.bus.bus import Bus
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, RoomNotFound
from captioner.metrics import Metrics
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.records import RoomRecord
from captioner.rooms.shared.copies import ERASED, KEPT, Copies, register
from captioner.rooms.shared.journal import newest_line
from captioner.rooms.shared.keeper import Keeper
from captioner.rooms.shared.leases import Lease, Leases
from captioner.rooms.shared.letters import CALLS, KEEPER

LOOK_S = 0.25
"""Between two looks for rooms whose keeper died."""
OTHER_COPIES_S = 1.0
"""After Redis forgot a room, other processes have so long to say how much of it they have."""
LONGER_COPY_S = 10.0
"""And the one that has most of it has so long to take it up, before another one does."""
_FAIR_S, _FAIR_MOST_S = 0.002, 0.1
"""A process answers a call later by that for every room it keeps, so that all keep as many."""

_PENALTY_S = 2.0
"""A process that cannot keep a room, because its disk is full for one, leaves it to others."""

logger = logging.getLogger(__name__)


class Keepers:
    """Keeps rooms as they are asked for. Run it in a task; cancelled, it lets go of all rooms."""

    def __init__(
        self,
        redis: Redis,
        bus: Bus,
        leases: Leases,
        copies: Copies,
        *,
        grace_s: float,
        metrics: Metrics | None = None,
    ) -> None:
        self._redis = redis
        self._bus = bus
        self._leases = leases
        self._copies = copies
        self._grace_s = grace_s
        self._metrics = metrics or Metrics()
        self._kept: set[str] = set()
        self._metrics.watch_rooms_kept(lambda: len(self._kept))
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._keepers: dict[str, Keeper] = {}
        self._erasing: set[asyncio.Task[None]] = set()
        self._unregistered = True
        """Whether Redis may not know the rooms of this disk."""
        self._told_at: dict[str, float] = {}
        """When Redis was told of a room that it had forgotten."""
        self._waiting_since: dict[str, float] = {}
        """Since when a process with more of a room is waited for."""
        self._again: set[str] = set()
        """Rooms that were let go of, and may be nobody's now."""

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
                    except CaptionerError as error:
                        logger.warning("The rooms of this disk cannot be read: %s", error)
                    await asyncio.sleep(LOOK_S)
        finally:
            for keeper in self._keepers.values():
                keeper.stop()
            tasks = (*self._keeping.values(), *self._erasing)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _called(self, room: bytes) -> None:
        self._try(room.decode())

    def _resumed(self) -> None:
        self._unregistered = True
        self._waiting_since.clear()  # while Redis was away nobody could take anything up

    def _told_erased(self, message: bytes) -> None:
        room, made = message.decode().split(" ")
        task = asyncio.create_task(self._erase(room, made))
        self._erasing.add(task)
        task.add_done_callback(self._erasing.discard)

    async def _look(self) -> None:
        """Find the rooms that nobody keeps any more."""
        if self._unregistered:
            await self._register_all()
        [kept] = await self._redis.read(("SMEMBERS", KEPT))
        maybe = {*self._again, *(room.decode() for room in kept)}
        rooms = [room for room in maybe if room not in self._keeping]
        lives = await self._redis.read(
            *(("EXISTS", key(room, f"lease:{KEEPER}")) for room in rooms)
        )
        self._again.difference_update(rooms)
        for room, alive in zip(rooms, lives, strict=True):
            if not alive:
                self._try(room)

    async def _register_all(self) -> None:
        """Give a Redis that forgot them the rooms of this disk; erase those that are to go."""
        self._unregistered = False
        try:
            await self._compare(await self._copies.rooms())
        except CaptionerError:
            self._unregistered = True
            raise

    async def _compare(self, records: Sequence[RoomRecord]) -> None:
        if not records:
            return
        rooms = [record.settings.id for record in records]
        [erased] = await self._redis.read(("HMGET", ERASED, *rooms))
        journals = await self._redis.read(*(("EXISTS", key(room, "journal")) for room in rooms))
        for record, made, known in zip(records, erased, journals, strict=True):
            if made is not None and made.decode() >= record.created_at.isoformat():
                await self._copies.erase(record.settings.id)
            elif not known:
                await self._register(record)

    async def _register(self, record: RoomRecord) -> None:
        """Let Redis know the room, and how much of it there is here."""
        room = record.settings.id
        lines = len(await self._copies.lines(room))
        if await register(self._redis, record, lines) or lines:
            self._told_at[room] = asyncio.get_running_loop().time()
            self._again.add(room)  # its journal is to be known, too

    async def _erase(self, room: str, made: str) -> None:
        try:
            for record in await self._copies.rooms():
                if record.settings.id == room and record.created_at.isoformat() <= made:
                    await self._copies.erase(room)
        except CaptionerError as error:
            self._unregistered = True  # which is when it is tried again
            logger.warning("Room %s is not erased here yet: %s", room, error)

    def _try(self, room: str) -> None:
        if room not in self._keeping:
            task = asyncio.create_task(self._keep(room), name=f"keeper of {room}")
            self._keeping[room] = task
            task.add_done_callback(lambda _task: self._keeping.pop(room, None))

    async def _keep(self, room: str) -> None:
        try:
            await asyncio.sleep(min(_FAIR_S * (len(self._keeping) - 1), _FAIR_MOST_S))
            if await self._elsewhere_longer(room):
                return
            lease = await self._leases.acquire(room, KEEPER)
            if lease is None:
                return
            self._told_at.pop(room, None)
            self._kept.add(room)
            try:
                await self._with(lease)
            finally:
                self._kept.discard(room)
                await self._leases.release(lease)
        except RoomNotFound:
            logger.debug("Room %s was asked for, and is not there.", room)
        except (Fenced, RedisUnavailable) as error:
            self._again.add(room)
            logger.info("Room %s is let go: %s", room, error)
        except CaptionerError as error:
            logger.warning("Room %s cannot be kept here: %s", room, error)
            await asyncio.sleep(_PENALTY_S)
        except Exception:  # one room's trouble is not the other rooms'
            logger.exception("Room %s cannot be kept here.", room)

    async def _with(self, lease: Lease) -> None:
        [unkept] = await self._redis.read(("SADD", KEPT, lease.room))
        if not unkept:
            self._metrics.keeper_taken_over()
        keeper = Keeper(
            lease,
            redis=self._redis,
            bus=self._bus,
            leases=self._leases,
            copies=self._copies,
            grace_s=self._grace_s,
        )
        self._keepers[lease.room] = keeper
        try:
            await keeper.run()
        finally:
            del self._keepers[lease.room]
        await self._redis.read(("SREM", KEPT, lease.room))

    async def _elsewhere_longer(self, room: str) -> bool:
        """Whether another process has lines that neither this disk nor Redis has.

        Those that are there get the time to say so, and then to take the room up.
        """
        clock = asyncio.get_running_loop().time
        if (left := self._told_at.get(room, -inf) + OTHER_COPIES_S - clock()) > 0:
            await asyncio.sleep(left)
            return await self._elsewhere_longer(room)  # Redis may have been told anew meanwhile
        [known] = await self._redis.read(("HGET", key(room, "room"), "lines"))
        here = len(await self._copies.lines(room))
        if int(known or 0) <= max(here, await newest_line(self._redis, room)):
            self._waiting_since.pop(room, None)
            return False
        self._again.add(room)
        return clock() - self._waiting_since.setdefault(room, clock()) < LONGER_COPY_S
