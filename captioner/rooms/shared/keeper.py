"""The one process that keeps a room: it does what letters say, and watches over the tracks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

import orjson

from captioner.bus.bus import Bus
from captioner.errors import BadInput, CaptionerError, Fenced, RedisUnavailable
from captioner.redis.connection import Redis
from captioner.redis.script import key
from captioner.rooms.shared.copies import Copies
from captioner.rooms.shared.journal import SharedJournal
from captioner.rooms.shared.kept_room import KeptRoom, taken_up
from captioner.rooms.shared.leases import Lease, Leases
from captioner.rooms.shared.orphans import Orphans
from captioner.rooms.shared.requests import (
    Command,
    Journalled,
    Request,
    refusal_message,
    request_from,
)

IDLE_S = 60.0
"""After so long without a track or a letter a room needs no keeper."""
LOOK_S = 0.5
"""Between two looks at whether the tracks' processes live."""
_PAGE = 64

logger = logging.getLogger(__name__)

To = Mapping[str, Any]
"""Whom an answer is for: the sender and the number of a letter."""


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
        self._closing: set[asyncio.Task[None]] = set()
        self._erasing = False
        self._erased = False

    async def run(self) -> None:
        """Raises `RoomNotFound`, `Fenced` (somebody else keeps the room, or it must be taken up
        again), `StorageFailed` and `RedisUnavailable`.
        """
        async with self._redis.listening(key(self._id, "mail"), self._hear, self._resumed):
            try:
                kept, self._letters = await taken_up(
                    self._id,
                    self._journal,
                    redis=self._redis,
                    bus=self._bus,
                    copies=self._copies,
                    leases=self._leases,
                )
                await self._keep(kept)
                await asyncio.gather(*self._closing, return_exceptions=True)
            finally:
                self.stop()
                for task in self._closing:
                    task.cancel()
                await asyncio.gather(*self._closing, return_exceptions=True)
                if not self._erasing:
                    await self._copies.finish(self._id)

    def stop(self) -> None:
        """Whoever cancels `run` says so first: what waits for Redis then ends."""
        self._journal.stop()

    async def _keep(self, kept: KeptRoom) -> None:
        orphans = Orphans(kept, bus=self._bus, leases=self._leases, grace_s=self._grace_s)
        loop = asyncio.get_running_loop()
        busy_at = looked_at = loop.time()
        while not self._erased:
            self._news.clear()
            await self._check()
            if await self._empty_mailbox(kept) or kept.room.open_tracks or self._closing:
                busy_at = loop.time()
            if loop.time() - busy_at > self._idle_s:
                return
            if loop.time() - looked_at >= LOOK_S:  # not at every letter
                await orphans.look()
                looked_at = loop.time()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _check(self) -> None:
        """Raise `Fenced` where this process must not go on."""
        if self._lease.lost.is_set() or self._unsure and not await self._journal.complete():
            raise Fenced(f"room {self._id} is to be taken up again")
        self._unsure = False

    def _hear(self, _message: bytes) -> None:
        self._news.set()

    def _resumed(self) -> None:
        self._unsure = True
        self._news.set()

    async def _empty_mailbox(self, kept: KeptRoom) -> int:
        """Do what the letters say, in their order; how many there were."""
        count = 0
        mailbox = key(self._id, "mailbox")
        while not self._erasing:
            [letters] = await self._redis.read(("XRANGE", mailbox, "-", "+", "COUNT", _PAGE))
            if not letters:
                break
            for name, fields in letters:
                await self._open(orjson.loads(fields[1]), kept)
                await self._redis.read(("XDEL", mailbox, name))
            count += len(letters)
        return count

    async def _open(self, letter: Mapping[str, Any], kept: KeptRoom) -> None:
        """Do what a letter says, if its turn has come; and tell its sender."""
        sender, number = str(letter["from"]), int(letter["number"])
        done = self._letters.get(sender, 0)
        if number > max(done, int(letter["answered"])) + 1:
            return  # those before it were lost, and come again
        to = {"to": sender, "number": number}
        try:
            request = request_from(letter["request"])
        except (BadInput, ValueError) as error:
            return await kept.tell(to | refusal_message(BadInput(str(error))))
        if isinstance(request, Journalled) and number <= done:
            return await kept.tell(to)  # the answer was lost, not the letter
        if isinstance(request, Command) and request.name in ("end", "delete"):
            self._close(request.name, kept, to)
        else:
            await self._do(request, kept, to)
        self._letters[sender] = max(number, done)

    async def _do(self, request: Request, kept: KeptRoom, to: To) -> None:
        self._journal.origin = (str(to["to"]), int(to["number"]))
        if isinstance(request, Journalled):  # nothing else is answered with no more than that
            self._journal.answer = orjson.dumps(to)
        try:
            answer = await _outcome(kept.do(request))
            if self._journal.answer or answer or not isinstance(request, Journalled):
                await kept.tell({**answer, **to})
        finally:
            self._journal.origin, self._journal.answer = None, b""

    def _close(self, name: str, kept: KeptRoom, to: To) -> None:
        """End or erase the room while letters go on to be done: its tracks' last words are some."""
        closing = self._erase(kept, to) if name == "delete" else _end(kept, to)
        task = asyncio.create_task(closing, name=f"{name} {self._id}")
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        self._news.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whoever asked for it asks again, of whoever keeps the room then.
            logger.info("Room %s was not closed: %s", self._id, error)

    async def _erase(self, kept: KeptRoom, to: To) -> None:
        await kept.finish_for_good()
        self._erasing = True
        self._leases.abandon(self._lease)
        await kept.erase()
        await kept.tell(to)
        await kept.tell({"erased": True})
        self._erased = True


async def _end(kept: KeptRoom, to: To) -> None:
    answer = await _outcome(kept.end())
    await kept.tell({**answer, **to})


async def _outcome(work: Awaitable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What there is to say of the work: its answer, or why it was not done."""
    try:
        return await work
    except (Fenced, RedisUnavailable):
        raise
    except (CaptionerError, ValueError) as error:
        return refusal_message(error if isinstance(error, CaptionerError) else BadInput(str(error)))
