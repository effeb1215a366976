"""Requests on their way to the process that keeps a room, and its answers.

A request is a letter in the room's mailbox, a Redis stream. Letters are numbered by their sender
and taken in that order; each is answered on the room's channel. What is not answered is sent
again, and the keeper, who notes in the journal which letter a line came from, does nothing twice.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from captioner.bus.bus import Fence
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, StorageFailed
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua
from captioner.rooms.shared.requests import Request, answer_of, request_message

CALLS = "captioner:calls"
"""The channel on which a process that keeps rooms is asked for."""
KEEPER = "archive"
"""The duty of the process that keeps a room."""
RESEND_S = 1.0
"""After so long without an answer a letter is sent again."""
MOST_WAITING = 4096
"""Letters in a mailbox; and those of a sender that are not answered."""

_SUBMIT = Script("submit", lua("captioner.rooms.shared", "submit"))

Answer = Mapping[str, Any]


def desk(room: str) -> str:
    """The channel on which a room's keeper speaks."""
    return key(room, "desk")


def mailbox_keys(room: str) -> list[str]:
    """Mailbox, holders, the keeper's lease, the mailbox's channel."""
    return [key(room, name) for name in ("mailbox", "holders", f"lease:{KEEPER}", "mail")]


@dataclass(slots=True)
class _Letter:
    request: Request
    fence: Fence | None
    answer: asyncio.Future[Answer]
    sent_at: float | None = field(default=None)


class Correspondence:
    """A process's letters to the keeper of one room. Use `corresponding`."""

    def __init__(self, redis: Redis, room: str, hear: Callable[[Answer], None]) -> None:
        self._redis = redis
        self._room = room
        self._hear = hear
        self._sender = secrets.token_hex(6)
        self._number = 0
        self._unanswered: dict[int, _Letter] = {}
        self._news = asyncio.Event()
        self._answered = asyncio.Event()

    def send(self, request: Request, fence: Fence | None = None) -> asyncio.Future[Answer]:
        """Send a letter; the answer comes as the future's result.

        `fence`: in the name of which duty; where that is somebody else's by now, the answer is
        `Fenced`.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._number += 1
        self._unanswered[self._number] = _Letter(request, fence, answer)
        self._news.set()
        return answer

    async def ask(
        self, request: Request, fence: Fence | None = None, *, patience_s: float | None
    ) -> Answer:
        """Send a letter and wait for the answer, for so many seconds if it is not None.

        Raises what the keeper does, and `StorageFailed` where none is there.
        """
        answer = self.send(request, fence)
        try:
            async with asyncio.timeout(patience_s):
                return await answer
        except TimeoutError:
            raise StorageFailed(
                "No process keeps the rooms just now. Run one with the role archive."
                if self._redis.up
                else "Redis cannot be reached just now."
            ) from None
        finally:
            self._drop(answer)

    def refuse(self, error: CaptionerError) -> None:
        """Nobody will answer any more."""
        for number in tuple(self._unanswered):
            self._fail(number, error)

    async def until_few(self) -> None:
        """Wait while too many letters wait for their answer."""
        while len(self._unanswered) >= MOST_WAITING:
            self._answered.clear()
            await self._answered.wait()

    def hear(self, message: bytes) -> None:
        """Something was said on the room's channel."""
        told = orjson.loads(message)
        if "to" not in told:
            self._hear(told)
        elif told["to"] == self._sender:
            self._take(int(told["number"]), told)

    def send_again(self) -> None:
        """Answers may have been missed."""
        for letter in self._unanswered.values():
            letter.sent_at = None
        self._news.set()

    async def run(self) -> None:
        """Carry the letters, in a task of the caller's, until cancelled."""
        while True:
            self._news.clear()
            try:
                await self._submit_all()
            except RedisUnavailable:
                await self._redis.wait_until_up()
                self.send_again()
                await asyncio.sleep(RESEND_S / 10)  # it may be there, and full
                continue
            try:
                async with asyncio.timeout(RESEND_S / 2 if self._unanswered else None):
                    await self._news.wait()
            except TimeoutError:
                self._look_for_lost_ones()

    async def _submit_all(self) -> None:
        for number in sorted(self._unanswered):
            letter = self._unanswered.get(number)
            if letter is not None and letter.sent_at is None:
                letter.sent_at = asyncio.get_running_loop().time()
                if not await self._submit(number, letter):
                    self.send_again()
                    await asyncio.sleep(RESEND_S / 10)
                    return

    async def _submit(self, number: int, letter: _Letter) -> bool:
        """Put the letter into the mailbox; whether that can be done now."""
        content = {
            "from": self._sender,
            "number": number,
            "answered": min(self._unanswered) - 1,
            "request": request_message(letter.request),
        }
        duty, token = (letter.fence.duty, letter.fence.token) if letter.fence else ("", "")
        keys = mailbox_keys(self._room)
        accepted = await self._redis.run(
            _SUBMIT, keys, orjson.dumps(content), MOST_WAITING, duty, token
        )
        if accepted == -1:
            self._fail(number, Fenced("another process has taken this over"))
        elif accepted == 0:
            await self._redis.tell(CALLS, self._room.encode())
        return bool(accepted != -2)

    def _look_for_lost_ones(self) -> None:
        """Send all again, in their order, once the oldest has waited for too long."""
        oldest = next(iter(self._unanswered.values()), None)
        if oldest is not None and oldest.sent_at is not None:
            if asyncio.get_running_loop().time() - oldest.sent_at > RESEND_S:
                self.send_again()

    def _take(self, number: int, told: Answer) -> None:
        letter = self._unanswered.pop(number, None)
        self._answered.set()
        if letter is None or letter.answer.done():
            return
        try:
            letter.answer.set_result(answer_of(told))
        except CaptionerError as error:
            letter.answer.set_exception(error)
            letter.answer.exception()  # not everybody who sends a letter waits for the answer

    def _fail(self, number: int, error: CaptionerError) -> None:
        self._take(number, {"error": type(error).__name__, "message": str(error)})

    def _drop(self, answer: asyncio.Future[Answer]) -> None:
        for number, letter in tuple(self._unanswered.items()):
            if letter.answer is answer:
                del self._unanswered[number]
                self._answered.set()


@asynccontextmanager
async def corresponding(
    redis: Redis,
    room: str,
    hear: Callable[[Answer], None] = lambda _told: None,
    missed: Callable[[], None] = lambda: None,
) -> AsyncIterator[Correspondence]:
    """Letters to a room's keeper, while the block runs.

    `hear` is told what the keeper says to all; `missed`: that something of it may have been missed.
    """
    letters = Correspondence(redis, room, hear)

    def resumed() -> None:
        letters.send_again()
        missed()

    async with redis.listening(desk(room), letters.hear, resumed):
        carrying = asyncio.create_task(letters.run(), name=f"letters to {room}")
        try:
            yield letters
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)
