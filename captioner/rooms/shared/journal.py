"""The journal of a room that many processes share: on its keeper's disk, and then in Redis.

Both hold the same lines. Redis numbers them, so that a line is never there twice, and gives a line
to all other processes in the same step in which it publishes the line's event: a final that a
reader has seen is in the journal, whatever dies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import orjson

from captioner.bus.publication import PUBLISH_EVENT, event_args, event_keys
from captioner.captions.messages import to_message
from captioner.captions.model import RoomChange
from captioner.errors import BadInput, Fenced, RedisUnavailable
from captioner.race import race
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua
from captioner.rooms.lines import from_line, to_line
from captioner.rooms.records import Entry, Published
from captioner.rooms.shared.leases import Lease
from captioner.rooms.shared.letters import desk

logger = logging.getLogger(__name__)

_PAGE = 1000
_PAUSE_S = 0.1


class Lines(Protocol):
    """A journal on a disk, line by line."""

    async def lines(self, room: str) -> list[bytes]: ...

    async def append_line(self, room: str, entry: Entry, line: bytes) -> None:
        """Raises `StorageFailed`, with nothing written."""
        ...

    async def rewrite(self, room: str, lines: Sequence[bytes]) -> None:
        """Put these lines in the place of those there."""
        ...


class SharedJournal:
    """The journal of one room, for its keeper. `take_up` first.

    `answer`: what is said on the room's channel in the step that publishes the next entry.
    """

    def __init__(self, redis: Redis, disk: Lines, lease: Lease) -> None:
        self._redis = redis
        self._disk = disk
        self._lease = lease
        self._room = lease.room
        self._count = 0
        self.origin: tuple[str, int] | None = None
        """The letter that the next entries come from: its sender and number."""
        self.answer: bytes = b""
        self._stopped = asyncio.Event()

    async def take_up(self) -> tuple[list[Entry], dict[str, int]]:
        """Bring disk and Redis to the same lines.

        Returns the entries, and the number of the last letter of every sender that is in them.
        """
        shared = await journal_lines(self._redis, self._room)
        kept = await self._disk.lines(self._room)
        if kept[: len(shared)] == shared:
            self._count = len(shared)
            for line in kept[len(shared) :]:  # this disk alone has them: Redis forgot
                await self._commit(line, _entry_of(line))
        else:
            logger.info("Room %s: the journal is brought up to date.", self._room)
            await self._disk.rewrite(self._room, shared)
            kept, self._count = shared, len(shared)
        return _read(kept)

    def stop(self) -> None:
        """Wait for Redis no more: whoever keeps the room next goes on."""
        self._stopped.set()

    async def complete(self) -> bool:
        """Whether Redis still has every line."""
        newest = await newest_line(self._redis, self._room)
        return newest >= self._count

    async def keep(self, _room: str, entry: Entry) -> int:
        """Implements `captioner.rooms.records.Keep`.

        Waits for Redis where it is away. Raises `Fenced` where the room is somebody else's by now,
        or Redis has forgotten it: then the journal is to be taken up again.
        """
        said = to_line(entry) if self.origin is None else to_line(entry) | {"by": self.origin}
        line = orjson.dumps(said) + b"\n"
        await self._disk.append_line(self._room, entry, line)
        while True:
            try:
                return await self._commit(line, entry)
            except RedisUnavailable:
                await self._until_up()
                await asyncio.sleep(_PAUSE_S)  # it may be there, and full
                if self._stopped.is_set():
                    raise

    async def _until_up(self) -> None:
        """Wait until Redis is there, or is not waited for."""
        await race(self._redis.wait_until_up(), self._until_stopped())

    async def _until_stopped(self) -> None:
        await self._stopped.wait()

    async def _commit(self, line: bytes, entry: Entry | None) -> int:
        """Put the line into Redis, if it is not there; the `seq` of its event, 0 for none."""
        event = entry.event if isinstance(entry, Published) else None
        change = orjson.dumps(to_message(event)) if isinstance(event, RoomChange) else b""
        keys = [key(self._room, name) for name in ("holders", "journal", "room")]
        fence = self._lease.fence
        number = self._count + 1
        published = () if event is None else event_args(event, publisher="journal", number=number)
        outcome, seq = await self._redis.run(
            _COMMIT,
            [*keys, desk(self._room), *event_keys(self._room)],
            fence.duty,
            fence.token,
            number,
            line,
            change,
            self.answer,
            len(published),
            *published,
        )
        if outcome < 0:
            raise Fenced(f"room {self._room} is kept elsewhere, or to be taken up again")
        self._count += 1
        self.answer = b""
        return int(seq)


_COMMIT = Script("commit", PUBLISH_EVENT + lua("captioner.rooms.shared", "commit"))


async def journal_lines(redis: Redis, room: str, after: int = 0) -> list[bytes]:
    """The lines that Redis has behind the one of that number."""
    lines: list[bytes] = []
    while True:
        first = f"({after + len(lines)}-0"
        [page] = await redis.read(("XRANGE", key(room, "journal"), first, "+", "COUNT", _PAGE))
        lines += [fields[1] for _, fields in page]
        if len(page) < _PAGE:
            return lines


async def newest_line(redis: Redis, room: str) -> int:
    """The number of the last line that Redis has."""
    [newest] = await redis.read(("XREVRANGE", key(room, "journal"), "+", "-", "COUNT", 1))
    return int(newest[0][0].split(b"-")[0]) if newest else 0


def _read(lines: Sequence[bytes]) -> tuple[list[Entry], dict[str, int]]:
    entries = [entry for entry in map(_entry_of, lines) if entry is not None]
    letters: dict[str, int] = {}
    for line in lines:
        if b'"by":' in line:
            sender, number = orjson.loads(line)["by"]
            letters[sender] = max(number, letters.get(sender, 0))
    return entries, letters


def _entry_of(line: bytes) -> Entry | None:
    """None for a damaged line: it keeps its number, and says nothing."""
    try:
        return from_line(orjson.loads(line))
    except (ValueError, BadInput) as error:
        logger.warning("A line of a journal is damaged: %s", type(error).__name__)
        return None
