"""A room in the process that keeps it: what others ask of it is done here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from captioner.bus.bus import Bus
from captioner.captions.messages import to_message
from captioner.captions.model import Settled
from captioner.errors import CaptionerError, RoomNotFound
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.choices import changed_settings
from captioner.rooms.clock import RoomClock
from captioner.rooms.local import LocalRoom, languages_behind
from captioner.rooms.record_json import record_from, record_json
from captioner.rooms.records import Published, RoomRecord
from captioner.rooms.registry import kept_status
from captioner.rooms.room import heard_translation_duty, translation_duty
from captioner.rooms.shared.copies import Copies, erase_shared
from captioner.rooms.shared.journal import SharedJournal
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.letters import desk
from captioner.rooms.shared.requests import (
    Changed,
    Command,
    Corrected,
    Journalled,
    Request,
    TrackStarted,
    TrackStopped,
)

FINISH_S = 0.5
"""Between two reminders that what was said is to be captioned to its end."""
UNTRANSLATED_S = 2.0
"""For so long a process is waited for that translates what was said."""

logger = logging.getLogger(__name__)

Answer = Mapping[str, Any]


class KeptRoom:
    """Use `taken_up`. `room` is the room itself, as in a process that does everything."""

    def __init__(
        self,
        room: LocalRoom,
        record: RoomRecord,
        *,
        redis: Redis,
        bus: Bus,
        copies: Copies,
        leases: Leases,
    ) -> None:
        self.room = room
        self.record = record
        self.ending = False
        """Whether tracks that nobody captions any more are not waited for."""
        self._redis = redis
        self._bus = bus
        self._copies = copies
        self._leases = leases

    @property
    def id(self) -> str:
        return self.record.settings.id

    async def do(self, request: Request) -> Answer:
        """Do what can be done at once; raises `CaptionerError` or `ValueError` where it cannot."""
        match request:
            case Journalled(Published(event, _, settled)):
                await self.room.publish(event, settled=settled)
            case Journalled(Settled() as settled):
                await self.room.settle(settled)
            case TrackStarted():
                return await self._start_track(request)
            case TrackStopped(stream):
                await self.room.close_track(stream)
            case Changed(message):
                await self._change(message)
            case Corrected(correction):
                told = await self.room.correct(correction)
                return {"caption": to_message(told.event, told.seq)}
            case Command("pause"):
                await self.room.pause()
                await self._save()
            case Command("resume"):
                await self.room.resume()
                await self._save()
        return {}

    async def end(self) -> Answer:
        """Finish what was said, wherever it is captioned, and close the room for good."""
        await self.room.end([self._finish])
        await self._save()
        await self._copies.finish(self.id)
        return {}

    async def finish_for_good(self) -> None:
        """Have nothing more captioned: the room is to be erased."""
        try:
            await self.room.end([self._finish])
        except CaptionerError as error:  # a full disk must not keep what is to go
            logger.warning("Room %s: %s", self.id, error)

    async def erase(self) -> None:
        """Erase everything that is kept of it, here and in Redis; the other disks follow."""
        await self._copies.erase(self.id)
        await self._bus.forget(self.id)
        await erase_shared(self._redis, self.record)

    async def tell(self, message: Answer) -> None:
        """Say something to every process that follows the room."""
        await self._redis.tell(desk(self.id), orjson.dumps(message))

    async def _start_track(self, started: TrackStarted) -> Answer:
        place = await self.room.open_track(started.stream, _Announced(started))
        return {
            "base": place.base,
            "settled": place.settled,
            "clock": self.room.clock_started.isoformat(),
            "latest": self.room.latest,
        }

    async def _change(self, message: Mapping[str, object]) -> None:
        settings = changed_settings(self.room.settings, message)
        self.record = replace(self.record, settings=settings)
        await self._save()
        self.room.settings = settings
        await self.tell({"record": record_json(self.record).decode()})
        await self.room.announce()

    async def _save(self) -> None:
        self.record = replace(self.record, status=kept_status(self.room))
        await self._copies.save(self.record)
        await self._redis.read(("HSET", key(self.id, "room"), "record", record_json(self.record)))

    async def _finish(self, _room: str) -> None:
        """Have what was said captioned by those who hear it; return when nobody does any more."""
        self.ending = True
        while self.room.open_tracks:
            await self.tell({"finish": True})
            await asyncio.sleep(FINISH_S)
        await self._translate_the_rest()

    async def _translate_the_rest(self) -> None:
        """Have what was said translated, if there are processes that do it."""
        clock = asyncio.get_running_loop().time
        worked_at = clock()
        while behind := await languages_behind(self._bus, self.room.settings):
            duties = [(self.id, duty) for language in behind for duty in self._duties(language)]
            if await self._leases.living(duties):
                worked_at = clock()
            if clock() - worked_at > UNTRANSLATED_S:
                logger.warning("Room %s ends, and nobody translates the rest of it.", self.id)
                return
            await self.tell({"finish": True})
            await asyncio.sleep(FINISH_S)

    def _duties(self, language: str) -> list[str]:
        """Those of whoever may translate into the language, the whole room or one stream."""
        heard = [heard_translation_duty(language, stream) for stream in self.room.streams]
        return [translation_duty(language), *heard]


async def taken_up(
    room: str, journal: SharedJournal, *, redis: Redis, bus: Bus, copies: Copies, leases: Leases
) -> tuple[KeptRoom, dict[str, int]]:
    """The room as whoever kept it before left it, and by sender the newest letter that was done.

    Raises `RoomNotFound`, `Fenced`, `RedisUnavailable`, `StorageFailed`.
    """
    record, holders = await redis.read(
        ("HGET", key(room, "room"), "record"), ("HGETALL", key(room, "holders"))
    )
    if record is None:
        raise RoomNotFound(f"there is no room {room}")
    known = record_from(room, record)
    await copies.save(known)
    entries, letters = await journal.take_up()
    local = LocalRoom(
        known.settings, bus=bus, keep=journal.keep, newest=copies.newest, clock=RoomClock()
    )
    await local.restore(entries, open=_tracks_held(holders))
    return KeptRoom(local, known, redis=redis, bus=bus, copies=copies, leases=leases), letters


class _Announced:
    """Implements `captioner.rooms.room.Publisher`: one that another process knows."""

    attended = True

    def __init__(self, started: TrackStarted) -> None:
        self.speaker = started.speaker
        self.language = started.language

    def displaced(self) -> None:
        """Never: its process holds the lease."""


_TRACK = "track/"


def track_duty(stream: str) -> str:
    """The duty of captioning a stream."""
    return f"{_TRACK}{stream}"


def _tracks_held(holders: Mapping[bytes, bytes]) -> list[str]:
    """The streams that some process captions, or did when it died."""
    duties = (duty.decode() for duty, token in holders.items() if token)
    return [duty.removeprefix(_TRACK) for duty in duties if duty.startswith(_TRACK)]
