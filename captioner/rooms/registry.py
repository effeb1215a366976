"""The rooms of this server: made, found, changed, ended and erased."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from captioner.bus.bus import Bus
from captioner.captions.model import Numbered, Status
from captioner.errors import RoomExists, RoomNotFound, StorageFailed
from captioner.rooms.choices import changed_settings
from captioner.rooms.clock import RoomClock, utc_now
from captioner.rooms.corrections import Correction
from captioner.rooms.directory import RoomSummary
from captioner.rooms.local import Finish, LocalRoom, languages_chosen
from captioner.rooms.records import Entry, Published, Records, RoomRecord
from captioner.rooms.room import RoomSettings

_NO_CHANGE: Mapping[str, object] = MappingProxyType({})


class Rooms:
    """Implements `captioner.rooms.directory.Directory` for one process.

    A room is read from its journal when it is first asked for.

    `on_ending`: called with the room's id, all at once, when a room ends; the room has ended when
    the last returns. Whoever publishes into rooms finishes there what was said. `on_erased`:
    called with the id of a room that is gone, before there may be another of that id.
    `on_changed`: called with a room whose settings are other ones now.
    """

    def __init__(
        self,
        bus: Bus,
        records: Records,
        *,
        clock: Callable[[], RoomClock] = RoomClock,
        today: Callable[[], datetime] = utc_now,
    ) -> None:
        self.on_ending: list[Finish] = []
        self.on_erased: list[Callable[[str], None]] = []
        self.on_changed: list[Callable[[LocalRoom], None]] = []
        self._bus = bus
        self._records = records
        self._clock = clock
        self._today = today
        self._known: dict[str, RoomRecord] = {}
        self._rooms: dict[str, LocalRoom] = {}
        self._registering = asyncio.Lock()

    async def load(self) -> None:
        """Learn which rooms are kept: once, before anything else."""
        self._known = {record.settings.id: record for record in await self._records.rooms()}

    async def list(self) -> tuple[RoomSummary, ...]:
        """All rooms, the newest first."""
        newest = sorted(self._known.values(), key=lambda known: known.created_at, reverse=True)
        return tuple(self._summary(record.settings.id) for record in newest)

    async def summary(self, room: str) -> RoomSummary:
        """Raises `RoomNotFound`."""
        return self._summary(room)

    def _summary(self, room: str) -> RoomSummary:
        record = self._record(room)
        status, languages = record.status, languages_chosen(record.settings)
        if found := self._rooms.get(room):
            status, languages = found.status, found.languages
        return RoomSummary(record.settings, status, languages, record.created_at)

    async def create(self, settings: RoomSettings) -> LocalRoom:
        """Raises `RoomExists` where the id is taken."""
        async with self._registering:
            if settings.id in self._known:
                raise RoomExists(f"there is a room {settings.id} already")
            record = RoomRecord(settings, self._today(), "idle")
            await self._records.save(record)
            room = self._new(settings)
            await room.announce()
            self._known[settings.id] = record
            self._rooms[settings.id] = room
            return room

    async def get(self, room: str) -> LocalRoom:
        """Raises `RoomNotFound`."""
        if room in self._rooms:
            return self._rooms[room]
        async with self._registering:
            record = self._record(room)
            if room not in self._rooms:
                found = self._new(record.settings)
                await found.restore(await self._records.entries(room))
                self._rooms[room] = found
            return self._rooms[room]

    async def get_or_create(self, settings: RoomSettings) -> LocalRoom:
        """The room of that id, as it is, or a new one with these settings."""
        try:
            return await self.create(settings)
        except RoomExists:
            return await self.get(settings.id)

    async def change(self, room: str, message: Mapping[str, object]) -> LocalRoom:
        """Change the settings that the message names; raises `BadInput`, `RoomNotFound`."""
        found = await self.get(room)
        await self._save(found, message)
        for changed in self.on_changed:
            changed(found)
        await found.announce()
        return found

    async def correct(self, room: str, correction: Correction) -> Numbered:
        """Correct a final; raises `RoomNotFound`, `CaptionNotFound`, `CaptionOpen`."""
        return await (await self.get(room)).correct(correction)

    async def pause(self, room: str) -> LocalRoom:
        """Off the record; raises `RoomNotFound`, `RoomEnded`."""
        found = await self.get(room)
        await found.pause()
        await self._save(found)
        return found

    async def resume(self, room: str) -> LocalRoom:
        """On the record again; raises `RoomNotFound`."""
        found = await self.get(room)
        await found.resume()
        await self._save(found)
        return found

    async def end(self, room: str) -> LocalRoom:
        """Finish what was said and close the room for good; raises `RoomNotFound`."""
        found = await self.get(room)
        await found.end(self.on_ending)
        await self._save(found)
        await self._records.finish(room)
        return found

    async def delete(self, room: str) -> None:
        """End the room and erase everything kept of it; raises `RoomNotFound`."""
        found = await self.get(room)
        with suppress(StorageFailed):  # a full disk must not keep what is to go
            await found.end(self.on_ending)
        async with self._registering:
            self._record(room)
            await self._records.erase(room)
            await self._bus.forget(room)
            del self._known[room], self._rooms[room]
            for forget in self.on_erased:
                forget(room)

    async def _save(self, room: LocalRoom, message: Mapping[str, object] = _NO_CHANGE) -> None:
        async with self._registering:
            settings = changed_settings(room.settings, message)
            record = replace(self._record(room.id), settings=settings, status=kept_status(room))
            await self._records.save(record)
            self._known[room.id] = record
            room.settings = settings

    def _record(self, room: str) -> RoomRecord:
        if room not in self._known:
            raise RoomNotFound(f"there is no room {room}")
        return self._known[room]

    def _new(self, settings: RoomSettings) -> LocalRoom:
        return LocalRoom(
            settings,
            bus=self._bus,
            keep=self._keep,
            newest=self._records.newest,
            clock=self._clock(),
        )

    async def _keep(self, room: str, entry: Entry) -> int:
        await self._records.append(room, entry)
        if isinstance(entry, Published):
            return await self._bus.publish(room, entry.event)
        return 0


def kept_status(room: LocalRoom) -> Status:
    """The status as it will be when the room is read again: no track outlives its process."""
    return "idle" if room.status == "live" else room.status
