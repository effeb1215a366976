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

from captioner.audio.pcm import SampleRing, Samples
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
class AudioLost:
    """No recogniser was there for so long that audio had to be given up: `start` to `end`."""

    start: float
    end: float


Heard = Recognition | Silence | AudioLost


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is kept and how long is waited; all in seconds.

    `kept`: of unsettled audio, at most; a sender that is further ahead waits, but once there has
    been no recogniser for `outage`, the oldest `given_up` of a full ring make room. `ahead`: of
    audio that the recogniser has not answered, at most. `pace`: how many seconds of audio it is
    sent in one; None, as many as it takes. `configure`: for it to confirm the configuration.
    `completion`: for the words of the oldest committed item, before that is given up; a machine
    with too many tracks is late, and late words are better than none.
    `first_retry`, `last_retry`: pauses between attempts to connect, doubled from one to the next,
    and jittered.
    """

    kept: float = 300.0
    outage: float = 60.0
    given_up: float = 30.0
    ahead: float = 10.0
    pace: float | None = None
    configure: float = 120.0
    completion: float = 300.0
    first_retry: float = 0.25
    last_retry: float = 5.0


SMALLEST_CHUNK_S = 0.02
"""Smaller messages cost more than the time that they save."""
LARGEST_CHUNK_S = 0.1
PROBE_S = 2.0
"""Of audio between two questions whether it was heard."""
_EVENTS = 256
_AT_ONCE_S = 0.005
"""Messages so close together are one revision: words told for good and the tail behind them."""
_UNREAD_S = 0.1
"""What came while nobody read is read, before it is said not to have come."""


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
        self.sample_rate = options.sample_rate
        """Of what is sent, in Hz."""
        self._ring = SampleRing()
        self._ended = False
        self._changed = asyncio.Condition()
        self._events: asyncio.Queue[Heard | None] = asyncio.Queue(_EVENTS)
        self._lost: list[str] = []
        """Items of lost sessions that the present one may hear again, and until when it may."""
        self._lost_until = start
        self._away_since: float | None = clock()
        """When the recogniser was last there, while it is not."""

    async def send(self, samples: Samples) -> None:
        """Add samples, all or (cancelled) none; waits while too much is kept."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._full)
            self._ring.push(samples)
            self._changed.notify_all()

    async def end(self) -> None:
        """No more samples: what is left will be recognised, then `events` ends."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def events(self) -> AsyncIterator[list[Heard]]:
        """What the recogniser says, session after session, until all is said.

        What it said at once comes at once.
        """
        ended = False
        while not ended:
            batch = [await self._events.get()]
            await asyncio.sleep(_AT_ONCE_S)
            while not self._events.empty():
                batch.append(self._events.get_nowait())
            ended = batch[-1] is None
            yield [event for event in batch if event is not None]

    async def run(self) -> None:
        """Connect, and connect again, until everything that was sent is recognised."""
        number, pause = 0, self._patience.first_retry
        while True:
            number += 1
            session = Session(self._options, self._time(self._ring.start), f"s{number}")
            try:
                async with self._connect() as connection:
                    await self._configure(connection, session)
                    pause, self._away_since = self._patience.first_retry, None
                    self._on_trouble(None)
                    await self._converse(connection, session)
                    await self._events.put(None)
                    return
            except EngineUnavailable as error:
                logger.warning("Transcription interrupted: %s", error)
                self._on_trouble(str(error))
            await self._lose(session)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, self._patience.last_retry)

    async def _configure(self, connection: Connection, session: Session) -> None:
        await connection.send(session.configure())
        try:
            async with asyncio.timeout(self._patience.configure):
                while not session.ready:
                    session.receive(await connection.receive())
        except TimeoutError as error:
            raise EngineUnavailable("the recogniser did not confirm its configuration") from error

    async def _converse(self, connection: Connection, session: Session) -> None:
        """Send and receive until all is recognised."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed(connection, session))
                await self._receive(connection, session)
        except* EngineUnavailable as group:
            raise _first(group) from group

    async def _feed(self, connection: Connection, session: Session) -> None:
        """Send what is there as it comes; at the end have the rest committed."""
        began = self._clock()
        position = self._ring.start
        while (samples := await self._next(session, position)).size:
            position += samples.size
            await connection.send(session.append(samples))
            if session.unprobed >= min(PROBE_S, self._patience.ahead / 2):
                await connection.send(session.probe())
            if self._patience.pace is not None:
                sent = session.position - session.base
                await asyncio.sleep(began + sent / self._patience.pace - self._clock())
        for message in session.finish():
            await connection.send(message)

    async def _next(self, session: Session, position: int) -> Samples:
        """The samples from a position on; none at the end of the track."""

        def due() -> bool:
            ahead = session.position - session.heard
            there = self._ended or self._ring.end - position >= SMALLEST_CHUNK_S * self.sample_rate
            return there and ahead < self._patience.ahead

        async with self._changed:
            await self._changed.wait_for(due)
            return self._ring.read(position, round(LARGEST_CHUNK_S * self.sample_rate))

    async def _receive(self, connection: Connection, session: Session) -> None:
        """Pass on what the server says, until everything is settled."""
        oldest, since = None, self._clock()
        while not session.finished:
            if oldest != (oldest := next(iter(session.waiting), None)):
                since = self._clock()
            patience = since + self._patience.completion - self._clock()
            try:
                async with asyncio.timeout(None if oldest is None else max(_UNREAD_S, patience)):
                    events = session.receive(await connection.receive())
            except TimeoutError:
                assert oldest is not None
                events = [session.expire(oldest)]
            for event in events:
                await self._events.put(event)
            await self._progress(session)

    async def _progress(self, session: Session) -> None:
        """Let go of what is settled, and let what waits for it go on."""
        settled = session.settled
        if not session.names:
            if settled >= self._lost_until:
                await self._leave_lost()
            if settled > self._time(self._ring.start):
                await self._events.put(Silence(settled))
        await self._forget(settled)

    async def _lose(self, session: Session) -> None:
        """The session is gone; the next one begins with its first open item."""
        if self._away_since is None:
            self._away_since = self._clock()
        await self._forget(session.settled)
        if session.ready:
            self._lost += session.names
            self._lost_until = max(self._lost_until, session.position)
            await self._events.put(SessionLost())
        if self._full and self._clock() - self._away_since > self._patience.outage:
            await self._give_up()

    async def _give_up(self) -> None:
        """Make room for what is being said now, at the expense of what was said long ago."""
        start = self._time(self._ring.start)
        end = min(start + self._patience.given_up, self._time(self._ring.end))
        await self._leave_lost()
        await self._events.put(AudioLost(start, end))
        await self._forget(end)

    async def _leave_lost(self) -> None:
        """What lost sessions had open, and none has heard again, is over."""
        for name in self._lost:
            await self._events.put(Expired(name))
        self._lost.clear()

    async def _forget(self, until: float) -> None:
        async with self._changed:
            self._ring.forget(round((until - self._start) * self.sample_rate))
            self._changed.notify_all()

    @property
    def _full(self) -> bool:
        return self._ring.size >= self._patience.kept * self.sample_rate

    def _time(self, sample: int) -> float:
        return self._start + sample / self.sample_rate


def _first(group: BaseExceptionGroup[EngineUnavailable]) -> EngineUnavailable:
    error = group.exceptions[0]
    return error if isinstance(error, EngineUnavailable) else _first(error)
