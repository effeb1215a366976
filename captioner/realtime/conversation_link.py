"""One conversation session at work: requests go out, what the server says comes in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from math import inf

from captioner.race import race
from captioner.realtime.answers import Answer, Answered, NotAnswered, Over, Request, Sound
from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import Connect, Connection
from captioner.realtime.conversation import Conversation
from captioner.realtime.partners import Partner
from captioner.realtime.renewal import FORCED_BY, LEAST_LIFETIME_S, RENEWED_BY
from captioner.realtime.trouble import Remedy, SessionEnded

MOST_UNREAD = 16 << 20
"""Bytes of sound that may wait for whoever asked: five minutes; then the answer is given up."""
CANCELLED_S = 5.0
"""So long a server may go on with a request that was cancelled."""


class Asked:
    """A request in a session. Read `next` until it is `Answered`; `leave` it in any case."""

    def __init__(self, link: ConversationLink, name: str) -> None:
        self.link = link
        self._name = name
        self._answers: deque[Answer] = deque()
        self._unread = 0
        self._error: Exception | None = None
        self._over = False
        self._news = asyncio.Event()

    async def next(self, within: float) -> Answer:
        """The next answer, once it is there.

        Raises `RequestFailed` or `SessionEnded` where none comes, `TimeoutError` if it does not
        come in so many seconds.
        """
        async with asyncio.timeout(within):
            while not self._answers and self._error is None:
                self._news.clear()
                await self._news.wait()
        if not self._answers and self._error is not None:
            raise self._error
        answer = self._answers.popleft()
        if isinstance(answer, Sound):
            self._unread -= len(answer.data)
        return answer

    def leave(self) -> None:
        """Nobody reads any more: what is still to come is cancelled."""
        if not self._over:
            self._over = True
            self.link.cancel(self._name)

    def take(self, answer: Answer) -> None:
        """The session's side of `next`."""
        if isinstance(answer, NotAnswered):
            self.fail(answer.error)
            return
        if isinstance(answer, Sound):
            self._unread += len(answer.data)
            if self._unread > MOST_UNREAD:
                self.fail(SessionEnded("the sound is not taken", Remedy.REFUSED))
                self.link.cancel(self._name)
                return
        self._over = self._over or isinstance(answer, Answered)
        self._answers.append(answer)
        self._news.set()

    def fail(self, error: Exception) -> None:
        """Nothing more comes."""
        self._error = self._error or error
        self._over = True
        self._news.set()


class ConversationLink:
    """`run` it; once it is `ready`, requests may be asked where it is `free`.

    `changed` is called when that may be different, `told` with each answer. `clock`, `wall`:
    seconds, and Unix time.
    """

    def __init__(
        self,
        partner: Partner,
        connect: Connect,
        breaker: Breaker,
        conversation: Conversation,
        *,
        changed: Callable[[], None],
        told: Callable[[Answer], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.successor: ConversationLink | None = None
        """Who takes over when this one is too old."""
        self.ready = False
        self.over = False
        self.answered = False
        """Whether anything was ever answered."""
        self.opened = self.idle_since = self.heard_at = clock()
        self.renew_at = self.force_at = inf
        """When another session should take over, and when this one takes nothing more."""
        self._partner = partner
        self._connect = connect
        self._breaker = breaker
        self._conversation = conversation
        self._changed = changed
        self._told = told
        self._clock = clock
        self._wall = wall
        self._asked: dict[str, Asked] = {}
        self._cancelled: dict[str, float] = {}
        self._outgoing: deque[str] = deque()
        self._something_to_send = asyncio.Event()
        self._dropped = asyncio.Event()
        self.retired = False
        """Whether it takes no more requests."""

    @property
    def open(self) -> int:
        """How many requests the server is at work on."""
        return self._conversation.open

    def free(self, request: Request, at_once: int) -> bool:
        """Whether the request can be asked here, where so many may be open at the same time."""
        room = self.ready and not (self.over or self.retired) and self.open < at_once
        return room and self._conversation.takes(request)

    def ask(self, request: Request) -> Asked:
        """Ask for an answer."""
        name, messages = self._conversation.ask(request)
        asked = self._asked[name] = Asked(self, name)
        self._send(messages)
        return asked

    def cancel(self, name: str) -> None:
        """Nobody waits for the answer any more."""
        if self._asked.pop(name, None) is None:
            return
        self._cancelled[name] = self._clock()
        self._send(self._conversation.cancel(name))
        self._changed()

    def retire(self) -> None:
        """Take no more requests, and close when those that are open are done."""
        self.retired = True
        self._something_to_send.set()

    def drop(self) -> None:
        """Do not wait for what is open: another session may answer it."""
        self._dropped.set()

    def stuck(self) -> bool:
        """Whether the server goes on with what was cancelled."""
        now = self._clock()
        return any(now - since >= CANCELLED_S for since in self._cancelled.values())

    async def run(self, renew: float) -> None:
        """Open, configure and receive until retired. Raises `SessionEnded` if that comes first.

        `renew`: how old it may become, in seconds, whatever its server allows.
        """
        error = SessionEnded(f"{self._partner.name}: the session was closed", Remedy.RENEW)
        try:
            async with AsyncExitStack() as stack:
                with self._breaker.attempt():
                    connection = await stack.enter_async_context(self._connect())
                    await self._configure(connection)
                self._set_age(renew)
                self.ready = True
                self.idle_since = self.heard_at = self._clock()
                self._changed()
                await race(self._receive(connection), self._deliver(connection), self._give_up())
        except SessionEnded as ended:
            error = ended
            raise
        finally:
            self.over = True
            for asked in self._asked.values():
                asked.fail(error)
            self._asked.clear()

    async def _configure(self, connection: Connection) -> None:
        name = self._partner.name
        try:
            async with asyncio.timeout(self._partner.configures):
                for message in self._conversation.configure():
                    await connection.send(message)
                while not self._conversation.ready:
                    self._conversation.receive(await connection.receive())
                    for message in self._conversation.take_replies():
                        await connection.send(message)
        except TimeoutError:
            message = f"{name} did not confirm its configuration"
            raise SessionEnded(message, Remedy.RETRY) from None

    async def _give_up(self) -> None:
        await self._dropped.wait()
        raise SessionEnded(f"{self._partner.name} does not answer", Remedy.RETRY)

    def _set_age(self, renew: float) -> None:
        lifetime = self._partner.lifetime
        if self._conversation.expires_at is not None:
            told = self._conversation.expires_at - self._wall()
            lifetime = told if told >= LEAST_LIFETIME_S else lifetime
        if lifetime < inf:
            now, whole = self._clock(), min(renew / RENEWED_BY, lifetime)
            self.renew_at, self.force_at = now + RENEWED_BY * whole, now + FORCED_BY * whole

    async def _receive(self, connection: Connection) -> None:
        while True:
            event = await connection.receive()
            self.heard_at = self._clock()
            answers = self._conversation.receive(event)
            self._send(self._conversation.take_replies())
            for answer in answers:
                self._take(answer)

    def _take(self, answer: Answer) -> None:
        done = isinstance(answer, Answered | NotAnswered | Over)
        asked = self._asked.get(answer.request)
        if done:
            self._asked.pop(answer.request, None)
            self._cancelled.pop(answer.request, None)
            self.idle_since = self._clock()
            self.answered = self.answered or isinstance(answer, Answered)
        if asked is not None:
            asked.take(answer)
        self._told(answer)
        if done:
            self._something_to_send.set()  # it may have been the last
            self._changed()

    def _send(self, messages: list[str]) -> None:
        self._outgoing.extend(messages)
        self._something_to_send.set()

    async def _deliver(self, connection: Connection) -> None:
        """Send what there is to send, until nothing more has to come."""
        while not (self.retired and not self.open):
            self._something_to_send.clear()
            while self._outgoing:
                await connection.send(self._outgoing.popleft())
            if not (self.retired and not self.open):
                await self._something_to_send.wait()
