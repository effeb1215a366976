"""A track's transcription over time: one session after another, and no sample lost between them.

Audio is kept until the recogniser has settled it. When a session is lost, the next one hears
again everything from the first item that was open.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from captioner.audio.pcm import SAMPLE_RATE, SampleRing, Samples
from captioner.captions.recognition import Expired, Recognition, SessionLost
from captioner.errors import EngineUnavailable
from captioner.realtime.connection import Connect, Connection
from captioner.realtime.session import Options, Session

logger = logging.getLogger(__name__)

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Silence:
    """Before `until` (seconds on the caller's clock) nobody spoke that was not told of."""

    until: float


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is kept and how long is waited.

    `kept_s`: unsettled audio, at most; a sender that is further ahead waits. `configure_s`: for
    `session.updated`. `completion_s`: for the words of a committed item, before it is given up.
    `silence_s`: audio that was sent so long ago and has opened no item is silent, but for its last
    `margin_s`, where a word may begin. `first_retry_s`, `last_retry_s`: pauses between attempts to
    connect, doubled from one to the next, and jittered.
    """

    kept_s: float = 300.0
    configure_s: float = 120.0
    completion_s: float = 120.0
    silence_s: float = 3.0
    margin_s: float = 1.0
    first_retry_s: float = 0.25
    last_retry_s: float = 5.0


CHUNK = SAMPLE_RATE // 10
"""Live audio is sent in pieces of 100 ms: smaller ones cost more than they win."""
LARGEST_CHUNK = 2 * SAMPLE_RATE
_EVENTS = 256


class Transcription:
    """One track's way to the recogniser. `run` does the work; `events` is what comes of it.

    `start`: seconds on the caller's clock of the first sample that will be sent.
    `on_trouble` is told in plain words why nothing is recognised just now, and None once it is.
    """

    def __init__(
        self,
        connect: Connect,
        options: Options,
        *,
        start: float = 0.0,
        patience: Patience | None = None,
        on_trouble: Callable[[str | None], None] = lambda _trouble: None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._connect = connect
        self._options = options
        self._start = start
        self._patience = patience or Patience()
        self._on_trouble = on_trouble
        self._clock = clock
        self._ring = SampleRing()
        self._sent = 0
        """Samples handed to the current session, on the track's count."""
        self._ended = False
        self._changed = asyncio.Condition()
        self._events: asyncio.Queue[Recognition | Silence | None] = asyncio.Queue(_EVENTS)
        self._lost: list[str] = []
        """Items of lost sessions that the present one may still hear again."""
        self._silent_until = start

    async def send(self, samples: Samples) -> None:
        """Add samples; waits while too much is kept."""
        most = round(self._patience.kept_s * SAMPLE_RATE)
        async with self._changed:
            await self._changed.wait_for(lambda: self._ring.size < most)
            self._ring.push(samples)
            self._changed.notify_all()

    async def end(self) -> None:
        """No more samples: what is left will be recognised, then `events` ends."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def events(self) -> AsyncIterator[list[Recognition | Silence]]:
        """What the recogniser says, session after session, until all is said.

        What it said at once comes at once.
        """
        ended = False
        while not ended:
            batch = [await self._events.get()]
            while not self._events.empty():
                batch.append(self._events.get_nowait())
            ended = batch[-1] is None
            yield [event for event in batch if event is not None]

    async def run(self) -> None:
        """Connect, and connect again, until everything that was sent is recognised."""
        pause = self._patience.first_retry_s
        while True:
            session = Session(self._options, self._start + self._ring.start / SAMPLE_RATE)
            try:
                async with self._connect() as connection:
                    await self._configure(connection, session)
                    pause = self._patience.first_retry_s
                    self._on_trouble(None)
                    await self._converse(connection, session)
                    await self._events.put(None)
                    return
            except EngineUnavailable as error:
                logger.warning("Transcription interrupted: %s", error)
                self._on_trouble(str(error))
            if session.ready:
                await self._lose(session)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, self._patience.last_retry_s)

    async def _configure(self, connection: Connection, session: Session) -> None:
        await connection.send(session.configure())
        try:
            async with asyncio.timeout(self._patience.configure_s):
                while not session.ready:
                    session.receive(await connection.receive())
        except TimeoutError as error:
            raise EngineUnavailable("the recogniser did not confirm its configuration") from error
        self._sent = self._ring.start

    async def _converse(self, connection: Connection, session: Session) -> None:
        """Send and receive until all is recognised."""
        try:
            async with asyncio.TaskGroup() as tasks:
                receiving = tasks.create_task(self._receive(connection, session))
                watching = tasks.create_task(self._watch(session))
                await self._feed(connection, session)
                await receiving
                watching.cancel()
        except* EngineUnavailable as group:
            raise _first(group) from group

    async def _feed(self, connection: Connection, session: Session) -> None:
        """Send what is there as it comes; at the end have the rest committed."""
        while (samples := await self._next()) is not None:
            await connection.send(session.append(samples))
        await connection.send(session.commit())
        await connection.send(session.clear())

    async def _next(self) -> Samples | None:
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._ring.end - self._sent >= CHUNK or self._ended
            )
            samples = self._ring.read(self._sent, LARGEST_CHUNK)
        self._sent += samples.size
        return samples if samples.size else None

    async def _receive(self, connection: Connection, session: Session) -> None:
        while not (session.cleared and session.open_since is None):
            for event in session.receive(await connection.receive()):
                await self._events.put(event)
            await self._forget(self._settled(session))

    def _settled(self, session: Session) -> float:
        """Everything before this is settled or silent, as far as this session goes."""
        open_since = session.open_since
        return self._silent_until if open_since is None else open_since

    async def _forget(self, until: float) -> None:
        before = round((until - self._start) * SAMPLE_RATE)
        if before > self._ring.start:
            async with self._changed:
                self._ring.forget(before)
                self._changed.notify_all()

    async def _watch(self, session: Session) -> None:
        """Give up items whose words do not come; find out what was silent."""
        patience = self._patience
        waiting: dict[str, float] = {}
        while True:
            position, since = session.position, self._clock()
            await asyncio.sleep(patience.silence_s)
            now = self._clock()
            waiting = {name: waiting.get(name, since) for name in session.waiting}
            for name, then in waiting.items():
                if now - then > patience.completion_s:
                    await self._events.put(session.expire(name))
            if session.open_since is None:
                await self._was_silent(position - patience.margin_s)

    async def _was_silent(self, until: float) -> None:
        """Nothing is open, and what was sent up to here a while ago has opened nothing."""
        for name in self._lost:
            await self._events.put(Expired(name))
        self._lost.clear()
        if until > self._silent_until:
            self._silent_until = until
            await self._events.put(Silence(until))
            await self._forget(until)

    async def _lose(self, session: Session) -> None:
        """The session is gone; the next one begins with its first open item."""
        if session.open_since is not None:
            await self._forget(session.open_since)
        self._lost += session.names
        await self._events.put(SessionLost())


def _first(group: BaseExceptionGroup[EngineUnavailable]) -> EngineUnavailable:
    error = group.exceptions[0]
    return error if isinstance(error, EngineUnavailable) else _first(error)
