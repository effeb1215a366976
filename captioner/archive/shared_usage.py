"""What rooms that many processes share used: a list a room in Redis, an entry an addition."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

import orjson

from captioner.accounts.accounts import Accounts, RoomUsage, Spending
from captioner.accounts.ledger import Ledger
from captioner.accounts.records import Used
from captioner.archive.usage import merged, used_from, used_line
from captioner.errors import RedisUnavailable, StorageFailed
from captioner.redis.connection import Redis
from captioner.redis.script import key

SPENT = "captioner:spent"
"""The hash of what was spent in all rooms, in USD, by day (UTC)."""


class SharedUsage:
    """Implements `captioner.accounts.records.UsageRecords`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def used(self) -> Mapping[str, Sequence[Used]]:
        """Nothing: a room's is read when it is asked for."""
        return {}

    async def append(self, room: str, entries: Sequence[Used]) -> None:
        lines = [orjson.dumps(used_line(entry)) for entry in entries]
        spent = [("HINCRBYFLOAT", SPENT, e.day.isoformat(), e.usage.spent_usd) for e in entries]
        try:
            await self._redis.read(
                ("RPUSH", key(room, "usage"), *lines), *(day for day in spent if day[3])
            )
        except RedisUnavailable as error:
            raise StorageFailed(str(error)) from error

    async def usage(self, room: str, accounts: Accounts) -> RoomUsage:
        """The account of a room, over all processes."""
        day = accounts.clock().date()
        [lines], spent = await asyncio.gather(
            self._redis.read(("LRANGE", key(room, "usage"), 0, -1)), self.spent(day)
        )
        ledger = Ledger(room)
        for entry in merged(used_from(orjson.loads(line)) for line in lines):
            ledger.restore(entry)
        budgets = accounts.budgets
        return RoomUsage(
            dict(ledger.sessions),
            Spending(budgets.room, ledger.spent_usd),
            Spending(budgets.day, spent),
        )

    async def spent(self, day: date) -> float:
        """USD that all rooms spent on a day."""
        [spent] = await self._redis.read(("HGET", SPENT, day.isoformat()))
        return float(spent or 0)
