"""A room as long as somebody in this process needs it: kept in step with what its keeper says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import orjson

from captioner.captions.messages import from_message
from captioner.captions.model import RoomChange
from captioner.errors import CaptionerError, RedisUnavailable, RoomNotFound
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.directory import RoomSummary
from captioner.rooms.local import languages_chosen
from captioner.rooms.record_json import record_from
from captioner.rooms.records import RoomRecord
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.letters import Answer, Correspondence, corresponding
from captioner.rooms.shared.room import SharedRoom

UNUSED_S = 60.0
"""After so long a room that nobody asked for is not followed any more."""
_AGAIN_S = 0.5
"""Between two looks at a room that Redis cannot tell of just now."""

MakeRoom = Callable[[RoomSettings, RoomChange], SharedRoom]


class Followed:
    """A room that somebody here asked for a short while ago, or captions. Wait `until_known`.

    `on_left` is called, with this, when the room is not followed any more; `on_erased`, with its
    name, when it is gone.
    """

    room: SharedRoom
    letters: Correspondence
    created_at: datetime

    def __init__(
        self,
        name: str,
        redis: Redis,
        make_room: MakeRoom,
        *,
        on_left: Callable[[Followed], None],
        on_erased: Callable[[str], None],
    ) -> None:
        self.name = name
        self._redis = redis
        self._make_room = make_room
        self._on_left = on_left
        self._on_erased = on_erased
        self._known = asyncio.Event()
        self._failure: CaptionerError | None = None
        self._missed = asyncio.Event()
        """Something may have been said that was not heard."""
        self._erased = False
        self._asked_at = asyncio.get_running_loop().time()

    async def until_known(self) -> None:
        """Raises `RoomNotFound` and `RedisUnavailable`; else somebody needs the room from now."""
        await self._known.wait()
        if self._failure is not None:
            raise self._failure
        self._asked_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Follow the room until nobody needs it, or it is erased."""
        try:
            async with corresponding(
                self._redis, self.name, self._hear, self._missed.set
            ) as self.letters:
                await self._look()
                self._known.set()
                await self._follow()
        except CaptionerError as error:
            self._failure = error
        finally:
            self._failure = self._failure or RoomNotFound(f"there is no room {self.name}")
            self._known.set()
            self._on_left(self)

    async def _follow(self) -> None:
        showing = asyncio.create_task(self.room.show_unsent(), name=f"unsent of {self.name}")
        try:
            while self._is_needed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(UNUSED_S / 10):
                        await self._missed.wait()
                        self._missed.clear()
                        await self._look_again()
            self._on_left(self)  # before anything is waited for: nobody may get it now
        finally:
            self.letters.refuse(RoomNotFound(f"there is no room {self.name}"))
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    @property
    def _is_needed(self) -> bool:
        age = asyncio.get_running_loop().time() - self._asked_at
        return not self._erased and (bool(self.room.open_tracks) or age < UNUSED_S)

    async def _look(self) -> None:
        """Learn how the room is; raises `RoomNotFound`."""
        [(record, change)] = await self._redis.read(
            ("HMGET", key(self.name, "room"), "record", "change")
        )
        if record is None:
            raise RoomNotFound(f"there is no room {self.name}")
        summary = summary_of(record_from(self.name, record), change)
        self.created_at = summary.created_at
        told = RoomChange(summary.status, summary.languages)
        if self._known.is_set():
            self.room.take(summary.settings, told)
        else:
            self.room = self._make_room(summary.settings, told)
            self.room.letters = self.letters

    async def _look_again(self) -> None:
        try:
            await self._look()
            return
        except RoomNotFound:
            # Nobody erases a room while it is spoken in: Redis forgot it, and is told again.
            if not self.room.open_tracks:
                raise
        except RedisUnavailable:
            pass  # what is known of the room is better than nothing
        asyncio.get_running_loop().call_later(_AGAIN_S, self._missed.set)

    def _hear(self, told: Answer) -> None:
        if told.get("erased"):
            self._erased = True
            self._missed.set()
            self._on_erased(self.name)
        elif self._known.is_set():
            self.room.hear(told)
        else:
            self._missed.set()


def summary_of(record: RoomRecord, change: bytes | None) -> RoomSummary:
    """The room by its record and, where its keeper has said something, the newest of that."""
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
