"""A room's keeping apart from its journal: on the keeper's disk, and what all processes know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from captioner.captions.model import Caption
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua
from captioner.rooms.record_json import record_json
from captioner.rooms.records import RoomRecord
from captioner.rooms.shared.journal import Lines
from captioner.rooms.shared.letters import KEEPER

ROOMS = "captioner:rooms"
"""The set of all rooms' ids."""
ERASED = "captioner:erased"
"""The hash of the rooms that were erased: by id, when the newest of that id had been made. Also
the channel on which it is told."""
KEPT = "captioner:kept"
"""The set of the rooms that some process keeps, or did when it died."""

_PARTS = (
    *("room", "holders", "fence", f"lease:{KEEPER}", "journal", "mailbox"),
    *("usage", "spent", "recognition"),
)

_REGISTER = Script("register", lua("captioner.rooms.shared", "register"))


class Copies(Lines, Protocol):
    """What a process that keeps rooms has on its own disk."""

    async def rooms(self) -> Sequence[RoomRecord]: ...

    async def save(self, record: RoomRecord) -> None: ...

    async def newest(self, room: str, caption: str, language: str) -> Caption | None:
        """As `captioner.rooms.records.Newest`."""
        ...

    async def finish(self, room: str) -> None:
        """Bring all that is derived from the journal up to date."""
        ...

    async def erase(self, room: str) -> None:
        """Remove everything kept of the room; one that is not there is no mistake."""
        ...


async def register(redis: Redis, record: RoomRecord, lines: int = 0) -> bool:
    """Let all processes know the room; whether they did not yet.

    `lines`: how many its journal has, as far as the caller knows.
    """
    room = record.settings.id
    await redis.read(("SADD", ROOMS, room))
    return bool(await redis.run(_REGISTER, [key(room, "room")], record_json(record), lines))


async def erase_shared(redis: Redis, record: RoomRecord) -> None:
    """Let all processes forget the room, those that do not run now too."""
    room, made = record.settings.id, record.created_at.isoformat()
    await redis.read(
        ("HSET", ERASED, room, made),
        ("SREM", ROOMS, room),
        ("SREM", KEPT, room),
        ("DEL", *(key(room, part) for part in _PARTS)),
    )
    await redis.tell(ERASED, f"{room} {made}".encode())
