"""One session at work: a track's audio goes out, what the server says comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from math import inf
from typing import Any

from captioner.audio.endpointing import Voice
from captioner.captions.recognition import Committed, Delta, Recognition, SessionLost
from captioner.realtime.connection import Connection
from captioner.realtime.engines import Engine
from captioner.realtime.opening import configure
from captioner.realtime.pace import Pace
from captioner.realtime.sending import Sending, sending
from captioner.realtime.session import Session
from captioner.realtime.tape import Tape
from captioner.realtime.trouble import Remedy, SessionEnded

Clock = Callable[[], float]
Tell = Callable[["Link", Sequence[Recognition]], Awaitable[None]]

SMALLEST_CHUNK_S = 0.02
"""Smaller messages cost more than the time that they save."""
LARGEST_CHUNK_S = 0.1
AWAKE_S = 15.0
"""Without anything sent for so long, proxies and servers begin to think that nobody is there."""
WORD_GAP_S = 2.0
"""Words that do not come for so long, while a voice seems to go on, have ended: music goes on."""
COUNTED_S = 1.0
"""So much audio is sent before it is told what was sent."""
STOP_S = 10.0
"""How long what is being sent may take to be sent, when another session takes over."""
_LOOK_S = 5.0
_UNREAD_S = 0.1
"""What came while nobody read is read, before it is said not to have come."""


class Link:
    """`open` it, `start` it where it is to begin, and `run` it.

    `tell` is called with what the server says; `check` raises where no more may be sent.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        session: Session,
        tape: Tape,
        tell: Tell,
        *,
        sent: Callable[[float], None] = lambda _seconds: None,
        check: Callable[[], None] = lambda: None,
        voice: Callable[[], Voice],
        clock: Clock,
        opened_at: float = 0.0,
    ) -> None:
        """`opened_at`: what the clock on the wall says now (Unix time)."""
        self.name = name
        self.engine = engine
        self.session = session
        self.opened = clock()
        self.opened_at = opened_at
        self._news = asyncio.Event()
        self._said_again: frozenset[str] = frozenset()
        self._tape = tape
        self._tell = tell
        self._sent = sent
        self._check = check
        self._voice = voice
        self._clock = clock
        self._stack = AsyncExitStack()
        self._connection: Connection
        self._sending: Sending
        self._position = 0
        self._sent_at = clock()
        self._told_at = clock()
        self._counted = 0.0
        """Seconds of audio that were sent and told of."""
        self._words_at: float | None = None
        """When words last came for the open utterance."""
        self._receiving: asyncio.Task[None]
        self._answered = False
        """Whether the server has said something that the feeding may wait for."""
        self._smallest = round(SMALLEST_CHUNK_S * tape.rate)
        self._largest = round(LARGEST_CHUNK_S * tape.rate)
        self._idle = False
        """Whether it waits for the server to say something."""
        self._stopping = False
        self._fed = asyncio.Event()
        """Set when no more audio will be sent."""

    async def open(self) -> None:
        """Connect and configure. Raises `EngineUnavailable`; then nothing is left open."""
        try:
            self._connection = await self._stack.enter_async_context(self.engine.connect())
            await configure(self._connection, self.session)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection."""
        await self._stack.aclose()

    def start(self, position: int) -> None:
        """The first sample that will be sent is that one of the tape."""
        self._position = position
        self.session.start(self._tape.time(position))
        self._sending = sending(self.session, self._tape, position, self._voice)
        self._told_at = self._sent_at = self._clock()

    async def run(self) -> None:
        """Send and receive until everything is recognised. Raises `EngineUnavailable`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._receiving = tasks.create_task(self._receive())
                feeding = tasks.create_task(self._feed())
                await asyncio.wait([self._receiving])
                feeding.cancel()
        finally:
            self._count()
            await self.close()

    async def stop(self) -> None:
        """Send no more audio: return when what was begun is sent."""
        self._stopping = True
        await self._tape.wake()
        try:
            async with asyncio.timeout(STOP_S):
                await self._fed.wait()
        except TimeoutError:
            raise SessionEnded(f"{self.engine.name} takes no more audio", Remedy.RETRY) from None

    def retire(self) -> tuple[str, ...]:
        """Another session goes on at `session.front`: only what is committed counts.

        Return the items that only that one will hear to their end.
        """
        said_again = self.session.retire()
        self._said_again = frozenset(said_again)
        self._finish_if_done()
        return said_again

    def is_said_again(self, event: Recognition) -> bool:
        """Whether the event is of an item that another session hears from its beginning."""
        return not isinstance(event, SessionLost) and event.item in self._said_again

    async def news(self, *, within: float) -> None:
        """Wait until the server has said something, or for so many seconds."""
        self._news.clear()
        try:
            async with asyncio.timeout(within):
                await self._news.wait()
        except TimeoutError:
            return

    async def _feed(self) -> None:
        """Send what is there as it comes; at the end have the rest committed."""
        pace = Pace(self.session.provider.pace, self._clock)
        while not await self._at_end():
            samples = self._tape.read(self._position, self._position + self._largest)
            self._position += samples.size
            before = self.session.sent
            await self._send(self._sending.take(samples))
            self._look_for_words()
            await self._stay_awake()
            await pace.wait(self.session.sent - before)
            if self.session.sent - self._counted >= COUNTED_S:
                self._count()
                self._check()
        if not self._stopping:
            await self._finish()
        self._fed.set()
        self._finish_if_done()

    def _count(self) -> None:
        """Tell how much was sent since this was told last."""
        sent = self.session.sent
        self._sent(sent - self._counted)
        self._counted = sent

    async def _finish(self) -> None:
        await self._send(self._sending.finish())
        while self._sending.held:
            await self._tape.wait(lambda: self._answered)
            self._answered = False
            await self._send(self._sending.go_on())

    async def _at_end(self) -> bool:
        """Wait until there is something to send, or never will be."""
        await self._tape.wait(self._due)
        self._answered = False
        return self._stopping or (self._tape.ended and self._position == self._tape.end)

    def _due(self) -> bool:
        there = self._tape.end - self._position >= self._smallest or self._tape.ended
        return self._stopping or self._answered or (there and not self._too_far_ahead)

    @property
    def _too_far_ahead(self) -> bool:
        """Whether the server has more audio than it should, which it has not answered."""
        session = self.session
        return session.provider.probes and (
            session.position - session.heard >= session.provider.ahead
        )

    async def _receive(self) -> None:
        """Pass on what the server says, until everything is settled."""
        owed, since = None, self._clock()
        while not self.session.finished:
            if owed != (owed := self.session.owed):
                since = self._clock()
            patience = inf
            if owed is not None:
                patience = since + self.session.provider.completes - self._clock()
            message = await self._message(min(max(_UNREAD_S, patience), _LOOK_S))
            if message is not None:
                self._told_at = self._clock()
                events = self.session.receive(message)
            elif patience > _LOOK_S:
                events = []  # but what was heard on this side may be settled
            else:
                events = self.session.give_up(alive=self._told_at > since)
            self._note_words(events)
            if self._sending.held:
                self._answered = True
                await self._tape.wake()
            await self._tell(self, events)
            self._news.set()

    async def _message(self, patience: float) -> Mapping[str, Any] | None:
        """The server's next event; None if it does not come in so many seconds."""
        self._idle = True
        try:
            async with asyncio.timeout(patience):
                return await self._connection.receive()
        except TimeoutError:
            return None
        finally:
            self._idle = False

    def _finish_if_done(self) -> None:
        """Nothing more has to come: do not wait for it."""
        if self.session.finished and self._idle:
            self._receiving.cancel()

    def _note_words(self, events: Sequence[Recognition]) -> None:
        for event in events:
            if isinstance(event, Delta):
                self._words_at = self._clock()
            elif isinstance(event, Committed):
                self._words_at = None

    def _look_for_words(self) -> None:
        if self._words_at is not None and self._clock() - self._words_at > WORD_GAP_S:
            self._words_at = None
            self._sending.words_ended()

    async def _stay_awake(self) -> None:
        if self._clock() - self._sent_at > AWAKE_S:
            await self._send(self.session.stay_awake())

    async def _send(self, messages: Iterable[str]) -> None:
        for message in messages:
            await self._connection.send(message)
            self._sent_at = self._clock()
