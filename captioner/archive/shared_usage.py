"""What rooms that many processes share used: each process keeps its running totals in Redis.

Totals and not additions, so that nothing counts twice when an answer is lost, and a Redis that
forgot them can be told again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import orjson

from captioner.accounts.accounts import Accounts, RoomUsage, Spending
from captioner.accounts.ledger import Ledger
from captioner.accounts.records import Used, User
from captioner.archive.usage import used_from, used_line
from captioner.errors import RedisUnavailable, RoomNotFound, StorageFailed
from captioner.realtime.cost import Usage
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua

_KEPT_S = 7 * 24 * 3600
"""What was spent on a day is remembered for so long after it was last told."""

_KEEP = Script("keep usage", lua("captioner.archive", "keep_usage"))

_Totals = dict[tuple[User, date], Usage]


@dataclass(slots=True)
class _Kept:
    """What this process used in a room, as Redis was told."""

    made: str = ""
    """When the room was made: tells it from others of its id."""
    server: str = ""
    """The Redis that was told all of it."""
    totals: _Totals = field(default_factory=dict)


class SharedUsage:
    """Implements `captioner.accounts.records.UsageRecords`.

    A room has a hash with an entry for each process, session and day, and one of what each process
    spent; a day (UTC) has a hash of what each process spent in all rooms.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._process = secrets.token_hex(6)
        self._rooms: dict[str, _Kept] = {}

    async def used(self) -> Mapping[str, Sequence[Used]]:
        """Nothing: a room's is read when it is asked for."""
        return {}

    async def append(self, room: str, entries: Sequence[Used]) -> float:
        kept = self._rooms.get(room, _Kept())
        totals = _with(kept.totals, entries)
        changed = {(entry.session, entry.day) for entry in entries}
        whole = self._has_changed(room, kept)
        lines = [
            part
            for number, (name, usage) in enumerate(totals.items())
            if whole or name in changed
            for part in (f"{self._process}:{number}", orjson.dumps(used_line(Used(*name, usage))))
        ]
        spent = sum((usage.spent_usd for usage in totals.values()), 0.0)
        keys = [key(room, name) for name in ("room", "usage", "spent")]
        try:
            answer = await self._redis.run(_KEEP, keys, kept.made, self._process, spent, *lines)
        except RedisUnavailable as error:
            raise StorageFailed(str(error)) from error
        made, elsewhere, server = (part.decode() for part in answer)
        if not made:
            raise StorageFailed("Redis does not know the room.")
        if kept.made not in ("", made):
            self.forget(room)
            raise RoomNotFound(f"the room {room} is another one by now")
        self._rooms[room] = _Kept(made, server if whole else kept.server, totals)
        return float(elsewhere)

    async def exchange(self, day: date, spent_usd: float) -> float:
        name = _spent_on(day)
        tell = (("HSET", name, self._process, spent_usd), ("EXPIRE", name, _KEPT_S))
        try:
            *_, spent = await self._redis.read(*(tell if spent_usd else ()), ("HGETALL", name))
        except RedisUnavailable as error:
            raise StorageFailed(str(error)) from error
        others = (usd for process, usd in spent.items() if process.decode() != self._process)
        return sum(map(float, others), 0.0)

    def lacks(self, room: str) -> bool:
        kept = self._rooms.get(room)
        return kept is not None and bool(kept.totals) and self._has_changed(room, kept)

    def forget(self, room: str) -> None:
        """The room was erased: if there is another one of its id, nothing of this one is in it."""
        self._rooms.pop(room, None)

    async def usage(self, room: str, accounts: Accounts) -> RoomUsage:
        """The account of a room, over all processes."""
        day = accounts.clock().date()
        [lines], [spent] = await asyncio.gather(
            self._redis.read(("HVALS", key(room, "usage"))),
            self._redis.read(("HVALS", _spent_on(day))),
        )
        ledger = Ledger(room)
        for entry in sorted((used_from(orjson.loads(line)) for line in lines), key=_begin):
            ledger.restore(entry)
        budgets = accounts.budgets
        return RoomUsage(
            ledger.sessions,
            ledger.interpreting,
            Spending(budgets.room, ledger.spent_usd),
            Spending(budgets.day, sum(map(float, spent), 0.0)),
        )

    def _has_changed(self, room: str, kept: _Kept) -> bool:
        """Whether the memory of the room's server may be another than the one that was told."""
        try:
            return self._redis.run_id_of(key(room, "room")) != kept.server
        except RedisUnavailable:
            return False


def _spent_on(day: date) -> str:
    return f"captioner:spent:{day.isoformat()}"


def _with(totals: _Totals, entries: Sequence[Used]) -> _Totals:
    """The totals and what is added to them; each keeps its place."""
    more = dict(totals)
    for entry in entries:
        name = entry.session, entry.day
        more[name] = more.get(name, Usage()) + entry.usage
    return more


def _begin(entry: Used) -> tuple[object, ...]:
    return *entry.session.began, entry.day
