"""Transcripts of rooms that many processes share, read from the journal that Redis has."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from captioner.archive.transcript import Transcript
from captioner.errors import BadInput
from captioner.redis.connection import Redis
from captioner.rooms.directory import Directory
from captioner.rooms.lines import from_line
from captioner.rooms.records import Published
from captioner.rooms.shared.journal import journal_lines

_MOST = 64
"""Rooms whose transcript is kept in memory, for the next who asks."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Read:
    """As much of a room's journal as was read."""

    created_at: datetime
    lines: int = 0
    transcript: Transcript = field(default_factory=Transcript)


class SharedTranscripts:
    """Finds transcripts; what was read of a journal is not read again."""

    def __init__(self, redis: Redis, rooms: Directory) -> None:
        self._redis = redis
        self._rooms = rooms
        self._known: OrderedDict[str, _Read] = OrderedDict()
        self._reading = asyncio.Lock()

    async def transcript(self, room: str) -> Transcript:
        """The room's transcript so far; raises `RoomNotFound` and `RedisUnavailable`."""
        created_at = (await self._rooms.summary(room)).created_at
        async with self._reading:
            known = self._known.get(room)
            if known is None or known.created_at != created_at:
                known = self._known[room] = _Read(created_at)
            self._known.move_to_end(room)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
            await self._read_on(room, known)
            return known.transcript

    async def _read_on(self, room: str, known: _Read) -> None:
        for line in await journal_lines(self._redis, room, after=known.lines):
            known.lines += 1
            try:
                entry = from_line(orjson.loads(line))
            except (ValueError, BadInput) as error:
                logger.warning("Room %s: a line is damaged: %s", room, type(error).__name__)
                continue
            if isinstance(entry, Published):
                known.transcript.add(entry.event)
