"""The one process that keeps a room: it answers letters, journals, and watches over the tracks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from captioner.bus.bus import Bus
from captioner.captions.model import Settled
from captioner.errors import BadInput, CaptionerError, Fenced, RedisUnavailable, RoomNotFound
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.choices import changed_settings
from captioner.rooms.clock import RoomClock
from captioner.rooms.copies import Copies, erase_shared
from captioner.rooms.leases import Lease, Leases
from captioner.rooms.letters import desk
from captioner.rooms.local import LocalRoom, left_open_by
from captioner.rooms.record_json import record_from, record_json
from captioner.rooms.records import Published
from captioner.rooms.registry import kept_status
from captioner.rooms.requests import (
    Changed,
    Command,
    Journalled,
    Request,
    TrackStarted,
    TrackStopped,
    refusal_message,
    request_from,
)
from captioner.rooms.shared_journal import SharedJournal

logger = logging.getLogger(__name__)

IDLE_S = 60.0
"""After so long without a track or a letter a room needs no keeper."""
LOOK_S = 0.5
"""Between two looks at whether the tracks' processes live."""
_PAGE = 64


class Keeper:
    """Keeps the room of a lease until nobody needs that, the lease is lost, or it is cancelled.

    `grace_s`: how long a track whose process died is waited for before its captions are finished.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        redis: Redis,
        bus: Bus,
        leases: Leases,
        copies: Copies,
        grace_s: float,
        idle_s: float = IDLE_S,
    ) -> None:
        self._lease = lease
        self._id = lease.room
        self._redis = redis
        self._bus = bus
        self._leases = leases
        self._copies = copies
        self._grace_s = grace_s
        self._idle_s = idle_s
        self._journal = SharedJournal(redis, copies, lease)
        self._letters: dict[str, int] = {}
        """The number of the newest letter that was done, by its sender."""
        self._news = asyncio.Event()
        self._unsure = False
        """Whether Redis may have lost lines since the last look."""
        self._silent_since: dict[str, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._ending = False
        self._erasing = False
        self._erased = False

    async def run(self) -> None:
        """Raises `RoomNotFound`, `Fenced` (somebody else keeps the room, or it must be taken up
        again) and `RedisUnavailable`.
        """
        async with self._redis.listening(key(self._id, "mail"), self._hear, self._resumed):
            try:
                await self._take_up()
                await self._keep()
                await asyncio.gather(*self._closing)
            finally:
                self._journal.stopping = True
                for task in self._closing:
                    task.cancel()
                await asyncio.gather(*self._closing, return_exceptions=True)
                if not self._erasing:
                    await self._copies.finish(self._id)

    async def _take_up(self) -> None:
        """Begin where whoever kept the room before stopped."""
        record, holders = await self._redis.read(
            ("HGET", key(self._id, "room"), "record"), ("HGETALL", key(self._id, "holders"))
        )
        if record is None:
            raise RoomNotFound(f"there is no room {self._id}")
        self._record = record_from(self._id, record)
        await self._copies.save(self._record)
        entries, self._letters = await self._journal.take_up()
        self._room = LocalRoom(
            self._record.settings, bus=self._bus, keep=self._journal.keep, clock=RoomClock()
        )
        await self._room.restore(entries, open=_tracks_held(holders))

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        busy_at = loop.time()
        while not self._erased:
            self._news.clear()
            if self._lease.lost.is_set() or self._unsure and not await self._journal.complete():
                raise Fenced(f"room {self._id} is to be taken up again")
            self._unsure = False
            if await self._empty_mailbox() or self._room.open_tracks or self._closing:
                busy_at = loop.time()
            if loop.time() - busy_at > self._idle_s:
                return
            await self._watch_tracks()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _hear(self, _message: bytes) -> None:
        self._news.set()

    def _resumed(self) -> None:
        self._unsure = True
        self._news.set()

    async def _empty_mailbox(self) -> int:
        """Do what the letters say, in their order; how many there were."""
        count = 0
        mailbox = key(self._id, "mailbox")
        while not self._erasing:
            [letters] = await self._redis.read(("XRANGE", mailbox, "-", "+", "COUNT", _PAGE))
            if not letters:
                break
            for name, fields in letters:
                await self._open(orjson.loads(fields[1]))
                await self._redis.read(("XDEL", mailbox, name))
            count += len(letters)
        return count

    async def _open(self, letter: Mapping[str, Any]) -> None:
        """Do what a letter says, if its turn has come; and tell its sender."""
        sender, number = str(letter["from"]), int(letter["number"])
        done = max(self._letters.get(sender, 0), int(letter["answered"]))
        if number > done + 1:
            return  # those before it were lost, and come again
        to = {"to": sender, "number": number}
        try:
            request = request_from(letter["request"])
        except BadInput as error:
            return await self._tell(to | refusal_message(error))
        if isinstance(request, Journalled) and number <= self._letters.get(sender, 0):
            return await self._tell(to)  # the answer was lost, not the letter
        if isinstance(request, Command) and request.name in ("end", "delete"):
            self._close(request.name, to)
        else:
            await self._do(request, to)
        self._letters[sender] = max(number, self._letters.get(sender, 0))

    def _close(self, name: str, to: Mapping[str, Any]) -> None:
        """End or erase the room while letters go on to be done: its tracks' last words are some."""
        closing = self._answer_end(to) if name == "end" else self._answer_delete(to)
        task = asyncio.create_task(closing, name=f"{name} {self._id}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        task.add_done_callback(lambda _task: self._news.set())

    async def _do(self, request: Request, to: Mapping[str, Any]) -> None:
        if isinstance(request, Journalled):
            self._journal.origin = (str(to["to"]), int(to["number"]))
            self._journal.answer = orjson.dumps(to)
        try:
            await self._answered(self._carry_out(request), to)
        finally:
            self._journal.origin, self._journal.answer = None, b""

    async def _answered(self, work: Awaitable[Mapping[str, Any]], to: Mapping[str, Any]) -> None:
        try:
            answer = await work
        except (Fenced, RedisUnavailable):
            raise
        except (CaptionerError, ValueError) as error:
            logger.debug("Room %s: a request failed: %s", self._id, type(error).__name__)
            told = error if isinstance(error, CaptionerError) else BadInput(str(error))
            answer = refusal_message(told)
        await self._tell({**answer, **to})

    async def _carry_out(self, request: Request) -> Mapping[str, Any]:
        room = self._room
        match request:
            case Journalled(Published(event, _, settled)):
                await room.publish(event, settled=settled)
                return {}
            case Journalled(Settled() as settled):
                await room.settle(settled)
                return {}
            case TrackStarted(stream):
                place = await room.open_track(stream, _Announced(request))
                clock = {"clock": room.clock_started.isoformat(), "latest": room.latest}
                return {"base": place.base, "settled": place.settled} | clock
            case TrackStopped(stream):
                await room.close_track(stream)
            case Changed(message):
                await self._change(message)
            case Command("pause"):
                await room.pause()
                await self._save()
            case Command("resume"):
                await room.resume()
                await self._save()
        return {}

    async def _change(self, message: Mapping[str, object]) -> None:
        settings = changed_settings(self._room.settings, message)
        self._record = replace(self._record, settings=settings)
        await self._save()
        self._room.settings = settings
        await self._tell({"record": record_json(self._record).decode()})
        await self._room.announce()

    async def _save(self) -> None:
        self._record = replace(self._record, status=kept_status(self._room))
        await self._copies.save(self._record)
        await self._redis.read(("HSET", key(self._id, "room"), "record", record_json(self._record)))

    async def _answer_end(self, to: Mapping[str, Any]) -> None:
        await self._answered(self._end_room(), to)

    async def _answer_delete(self, to: Mapping[str, Any]) -> None:
        await self._answered(self._erase_room(), to)
        await self._tell({"erased": True})
        self._erased = True

    async def _end_room(self) -> Mapping[str, Any]:
        await self._room.end([self._finish])
        await self._save()
        await self._copies.finish(self._id)
        return {}

    async def _erase_room(self) -> Mapping[str, Any]:
        try:
            await self._room.end([self._finish])
        except CaptionerError as error:  # a full disk must not keep what is to go
            logger.warning("Room %s: %s", self._id, error)
        self._erasing = True
        await self._copies.erase(self._id)
        await self._bus.forget(self._id)
        self._leases.abandon(self._lease)
        await erase_shared(self._redis, self._record)
        return {}

    async def _finish(self, _room: str) -> None:
        """Have what was said captioned by those who hear it; return when nobody does any more."""
        self._ending = True
        while self._room.open_tracks:
            await self._tell({"finish": True})
            await asyncio.sleep(LOOK_S)

    async def _watch_tracks(self) -> None:
        """Finish the captions of tracks whose process is gone, and did not come back."""
        now = asyncio.get_running_loop().time()
        tracks = self._room.open_tracks
        self._silent_since = {
            stream: since for stream, since in self._silent_since.items() if stream in tracks
        }
        for stream in tracks:
            if await self._leases.alive(self._id, track_duty(stream)):
                self._silent_since.pop(stream, None)
                continue
            since = self._silent_since.setdefault(stream, now)
            if now - since >= (0 if self._ending else self._grace_s):
                await self._close_orphan(stream)

    async def _close_orphan(self, stream: str) -> None:
        lease = await self._leases.acquire(self._id, track_duty(stream))
        if lease is None:
            return
        base = self._room.base(stream)
        for caption in await left_open_by(self._bus, self._id, stream):
            final = replace(
                caption, rev=caption.rev + 1, stable=len(caption.text), final=True, lag_ms=None
            )
            until = round(max(0.0, caption.end - base), 3)
            await self._room.publish(final, settled=Settled(stream, until))
        await self._room.close_track(stream)
        await self._leases.release(lease)
        logger.warning("Room %s: a stream was left, and nobody went on with it.", self._id)

    async def _tell(self, message: Mapping[str, Any]) -> None:
        await self._redis.tell(desk(self._id), orjson.dumps(message))


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
