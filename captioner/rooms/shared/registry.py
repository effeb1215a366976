"""The rooms that many processes share, as one of them sees them."""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from captioner.bus.bus import Bus
from captioner.captions.messages import from_message
from captioner.captions.model import Numbered, RoomChange
from captioner.errors import RoomExists, RoomNotFound
from captioner.metrics import Metrics
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.choices import changed_settings, room_id
from captioner.rooms.clock import utc_now
from captioner.rooms.corrections import Correction
from captioner.rooms.directory import RoomSummary
from captioner.rooms.local import Finish
from captioner.rooms.record_json import record_from
from captioner.rooms.records import RoomRecord
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.copies import ROOMS, register
from captioner.rooms.shared.following import Followed, summary_of
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.requests import Changed, Command, Corrected, Request
from captioner.rooms.shared.room import ANSWER_S, SharedRoom

END_S = 90.0
"""How long captioning what was said may take when a room ends."""

logger = logging.getLogger(__name__)


class SharedRooms:
    """Implements `captioner.rooms.directory.Directory`. Use it as an asynchronous context.

    `on_ending`, `on_erased` and `on_changed` are as those of `captioner.rooms.registry.Rooms`.
    """

    def __init__(
        self, redis: Redis, bus: Bus, leases: Leases, metrics: Metrics | None = None
    ) -> None:
        self.on_ending: builtins.list[Finish] = []
        self.on_erased: builtins.list[Callable[[str], None]] = []
        self.on_changed: builtins.list[Callable[[SharedRoom], None]] = []
        self._redis = redis
        self._bus = bus
        self._leases = leases
        self._metrics = metrics or Metrics()
        self._followed: dict[str, Followed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._finishing: set[str] = set()

    async def __aenter__(self) -> SharedRooms:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def list(self) -> tuple[RoomSummary, ...]:
        [found] = await self._redis.read(("SMEMBERS", ROOMS))
        rooms = [room.decode() for room in found]
        told = await self._redis.read(
            *(("HMGET", key(room, "room"), "record", "change") for room in rooms)
        )
        known = [
            summary_of(record_from(room, record), change)
            for room, (record, change) in zip(rooms, told, strict=True)
            if record is not None
        ]
        return tuple(sorted(known, key=lambda summary: summary.created_at, reverse=True))

    async def summary(self, room: str) -> RoomSummary:
        found = await self._follow(room)
        return RoomSummary(
            found.room.settings, found.room.status, found.room.languages, found.created_at
        )

    async def create(self, settings: RoomSettings) -> SharedRoom:
        if not await register(self._redis, RoomRecord(settings, utc_now(), "idle")):
            raise RoomExists(f"there is a room {settings.id} already")
        with suppress(RoomNotFound):  # which somebody is told who asked before it was there
            return await self.get(settings.id)
        return await self.get(settings.id)

    async def get(self, room: str) -> SharedRoom:
        return (await self._follow(room)).room

    async def get_or_create(self, settings: RoomSettings) -> SharedRoom:
        with suppress(RoomNotFound):
            return await self.get(settings.id)
        with suppress(RoomExists):
            return await self.create(settings)
        return await self.get(settings.id)

    async def change(self, room: str, message: Mapping[str, object]) -> SharedRoom:
        found = await self._follow(room)
        changed_settings(found.room.settings, message)  # what is wrong is said at once
        return await self._ask(found, Changed(message), ANSWER_S)

    async def correct(self, room: str, correction: Correction) -> Numbered:
        followed = await self._follow(room)
        told = await followed.letters.ask(Corrected(correction), patience_s=ANSWER_S)
        return Numbered(told["caption"]["seq"], from_message(told["caption"]))

    async def pause(self, room: str) -> SharedRoom:
        return await self._ask(await self._follow(room), Command("pause"), ANSWER_S)

    async def resume(self, room: str) -> SharedRoom:
        return await self._ask(await self._follow(room), Command("resume"), ANSWER_S)

    async def end(self, room: str) -> SharedRoom:
        return await self._ask(await self._follow(room), Command("end"), END_S)

    async def delete(self, room: str) -> None:
        await self._ask(await self._follow(room), Command("delete"), END_S)
        self._forget(room)

    async def _ask(self, followed: Followed, request: Request, patience_s: float) -> SharedRoom:
        await followed.letters.ask(request, patience_s=patience_s)
        return followed.room

    async def _follow(self, room: str) -> Followed:
        """The room, kept in step with what its keeper says from now on."""
        room_id(room)
        followed = self._followed.get(room)
        if followed is None:
            followed = self._followed[room] = Followed(
                room, self._redis, self._room, on_left=self._leave, on_erased=self._forget
            )
            self._start(followed.run(), f"following {room}")
        await followed.until_known()
        return followed

    def _room(self, settings: RoomSettings, change: RoomChange) -> SharedRoom:
        return SharedRoom(
            settings,
            change,
            redis=self._redis,
            bus=self._bus,
            leases=self._leases,
            on_finish=self._begin_finish,
            on_changed=self._changed,
            on_shown=self._metrics.shown_unnumbered,
        )

    def _leave(self, followed: Followed) -> None:
        if self._followed.get(followed.name) is followed:
            del self._followed[followed.name]

    def _forget(self, room: str) -> None:
        if self._followed.pop(room, None) is not None:
            for erased in self.on_erased:
                erased(room)

    def _begin_finish(self, room: str) -> None:
        """The room is to end: caption what was said in it here."""
        if room not in self._finishing:
            self._finishing.add(room)
            self._start(self._finish(room), f"finishing {room}")

    async def _finish(self, room: str) -> None:
        try:
            for part in self.on_ending:
                await part(room)
        finally:
            self._finishing.discard(room)

    def _changed(self, room: SharedRoom) -> None:
        for changed in self.on_changed:
            changed(room)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
