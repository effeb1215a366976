"""The rooms that many processes share, as one of them sees them."""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType

import orjson

from captioner.bus.bus import Bus
from captioner.captions.messages import from_message
from captioner.captions.model import RoomChange
from captioner.errors import CaptionerError, RoomExists, RoomNotFound
from captioner.metrics import Metrics
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.choices import changed_settings, room_id
from captioner.rooms.clock import utc_now
from captioner.rooms.directory import RoomSummary
from captioner.rooms.local import Finish, languages_chosen
from captioner.rooms.record_json import record_from
from captioner.rooms.records import RoomRecord
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.copies import ROOMS, register
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.letters import Answer, Correspondence, corresponding
from captioner.rooms.shared.requests import Changed, Command, Request
from captioner.rooms.shared.room import ANSWER_S, SharedRoom

UNUSED_S = 60.0
"""After so long a room that nobody asked for is not listened to any more."""
END_S = 90.0
"""How long captioning what was said may take when a room ends."""

_FORGOTTEN_S = 0.5
"""Between two looks whether a Redis that forgot a room knows it again."""

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
        self._followed: dict[str, _Followed] = {}
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
            _summary(record_from(room, record), change)
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

    async def pause(self, room: str) -> SharedRoom:
        return await self._ask(await self._follow(room), Command("pause"), ANSWER_S)

    async def resume(self, room: str) -> SharedRoom:
        return await self._ask(await self._follow(room), Command("resume"), ANSWER_S)

    async def end(self, room: str) -> SharedRoom:
        return await self._ask(await self._follow(room), Command("end"), END_S)

    async def delete(self, room: str) -> None:
        await self._ask(await self._follow(room), Command("delete"), END_S)
        self._forget(room)

    async def _ask(self, followed: _Followed, request: Request, patience_s: float) -> SharedRoom:
        await followed.letters.ask(request, patience_s=patience_s)
        return followed.room

    async def _follow(self, room: str) -> _Followed:
        """The room, kept in step with what its keeper says from now on."""
        room_id(room)
        followed = self._followed.get(room)
        if followed is None:
            followed = self._followed[room] = _Followed(self, room)
            task = asyncio.create_task(followed.run(), name=f"following {room}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await followed.known.wait()
        if followed.failure is not None:
            raise followed.failure
        followed.touch()
        return followed

    def _forget(self, room: str) -> None:
        if self._followed.pop(room, None) is not None:
            for erased in self.on_erased:
                erased(room)

    def finish(self, room: str) -> None:
        """The room is to end: caption what was said in it here."""
        if room not in self._finishing:
            self._finishing.add(room)
            task = asyncio.create_task(self._finish(room), name=f"finishing {room}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _finish(self, room: str) -> None:
        try:
            for part in self.on_ending:
                await part(room)
        finally:
            self._finishing.discard(room)

    def changed(self, room: SharedRoom) -> None:
        for changed in self.on_changed:
            changed(room)


class _Followed:
    """A room that somebody here asked for a short while ago, or captions."""

    room: SharedRoom
    letters: Correspondence
    created_at: datetime

    def __init__(self, rooms: SharedRooms, name: str) -> None:
        self.known = asyncio.Event()
        self.failure: CaptionerError | None = None
        self._rooms = rooms
        self._name = name
        self._missed = asyncio.Event()
        self._erased = False
        self.touch()

    def touch(self) -> None:
        self._touched_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Follow the room until it is not used, or erased."""
        rooms = self._rooms
        try:
            async with corresponding(
                rooms._redis, self._name, self._hear, self._missed.set
            ) as self.letters:
                await self._read()
                self.known.set()
                showing = asyncio.create_task(self.room.show_unsent())
                try:
                    await self._stay()
                finally:
                    self.letters.refuse(RoomNotFound(f"there is no room {self._name}"))
                    showing.cancel()
                    await asyncio.gather(showing, return_exceptions=True)
        except CaptionerError as error:
            self.failure = error
        finally:
            if rooms._followed.get(self._name) is self:
                del rooms._followed[self._name]
            self.failure = self.failure or RoomNotFound(f"there is no room {self._name}")
            self.known.set()

    async def _stay(self) -> None:
        clock = asyncio.get_running_loop().time
        while not self._erased and (self.room.open_tracks or clock() - self._touched_at < UNUSED_S):
            with suppress(TimeoutError):
                async with asyncio.timeout(UNUSED_S / 10):
                    await self._missed.wait()
                    self._missed.clear()
                    await self._read()

    async def _read(self) -> None:
        rooms = self._rooms
        [(record, change)] = await rooms._redis.read(
            ("HMGET", key(self._name, "room"), "record", "change")
        )
        if record is None and self.known.is_set() and self.room.open_tracks:
            # Nobody erases a room while it is spoken in: Redis forgot it, and is told again.
            asyncio.get_running_loop().call_later(_FORGOTTEN_S, self._missed.set)
            return
        if record is None:
            raise RoomNotFound(f"there is no room {self._name}")
        summary = _summary(record_from(self._name, record), change)
        self.created_at = summary.created_at
        told = RoomChange(summary.status, summary.languages)
        if not self.known.is_set():
            self.room = SharedRoom(
                summary.settings,
                told,
                redis=rooms._redis,
                bus=rooms._bus,
                leases=rooms._leases,
                on_finish=rooms.finish,
                on_changed=rooms.changed,
                on_shown=rooms._metrics.shown_unnumbered,
            )
            self.room.letters = self.letters
        else:
            self.room.take(summary.settings, told)

    def _hear(self, told: Answer) -> None:
        if told.get("erased"):
            self._erased = True
            self._missed.set()
            self._rooms._forget(self._name)
        elif self.known.is_set():
            self.room.hear(told)


def _summary(record: RoomRecord, change: bytes | None) -> RoomSummary:
    told: RoomChange | None = None
    if change is not None:
        event = from_message(orjson.loads(change))
        told = event if isinstance(event, RoomChange) else None
    return RoomSummary(
        record.settings,
        told.status if told else record.status,
        told.languages if told else languages_chosen(record.settings),
        record.created_at,
    )
