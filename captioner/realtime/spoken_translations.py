"""What is said on one track, in another language: by one session after another.

Each follows the last: while a session is closed, because it grows old, and while there is none,
audio waits. Nothing is heard twice, for nobody could tell the words of the second time apart.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf

from captioner.audio.pcm import (
    SAMPLE_RATE,
    SampleRing,
    Samples,
    dbfs,
    from_floats,
    silence,
    to_bytes,
    to_floats,
)
from captioner.audio.resample import Resampler
from captioner.captions.words import joined
from captioner.errors import EngineUnavailable
from captioner.race import race
from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import Connect, Connection
from captioner.realtime.heard import AudioLost
from captioner.realtime.pace import Pace
from captioner.realtime.partners import HearingPartner
from captioner.realtime.patience import Patience
from captioner.realtime.renewal import FORCED_BY, LEAST_LIFETIME_S, RENEWED_BY
from captioner.realtime.sample_clock import SampleClock
from captioner.realtime.spoken_translation import FRAME_S, Complaint, SpokenTranslation, Words
from captioner.realtime.trouble import Remedy, SessionEnded

KEEP_ALIVE_S = 10.0
"""Between two pings: such a session was seen to be closed when nothing came for a while."""
CLOSED_S = 20.0
"""How long a session may take to tell the rest when it is closed."""
PATIENCE = Patience(kept=30.0, given_up=10.0)
"""Captions wait for their words: what is later than that is not worth it."""
QUIET_DBFS = -50.0
PAUSE_S = 0.6
"""Quiet for so long is a pause, in which another session can take over."""
UNANSWERED_S = 10.0
"""Of what a lost session had heard, so much at most was still to be told."""
BRIEF_S = 10.0
"""A session that did not live longer was of no use."""

_FRAME = round(FRAME_S * SAMPLE_RATE)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hearing:
    """A server that hears what it translates, as all tracks of this process share it."""

    partner: HearingPartner
    connect: Connect
    breaker: Breaker = field(default_factory=lambda: Breaker(work="translation"))


@dataclass(frozen=True, slots=True)
class Translated:
    """Text that continues what was told before; it was heard at `time`."""

    text: str
    time: float


@dataclass(frozen=True, slots=True)
class HeardUntil:
    """What was said before `time` was heard, or is lost; at infinity nothing more is told."""

    time: float


Told = Translated | HeardUntil | AudioLost
"""Times are seconds on the caller's clock."""


async def configured(
    connection: Connection, session: SpokenTranslation, partner: HearingPartner
) -> None:
    """Return when the server confirmed what the session is to do; raises `SessionEnded`."""
    try:
        async with asyncio.timeout(partner.configures):
            await connection.send(session.configure())
            while not session.ready:
                session.receive(await connection.receive())
    except TimeoutError:
        message = f"{partner.name} did not confirm its configuration"
        raise SessionEnded(message, Remedy.RETRY) from None


class SpokenTranslations:
    """`run` it; then `hear` and, at the end, `end`."""

    def __init__(
        self,
        hearing: Hearing,
        language: str,
        tell: Callable[[Told], None],
        *,
        start: float,
        rate: int,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`language`: as the partner spells it. `start`: the caller's time of the first sample.

        `rate`: of what it hears, in Hz.
        """
        self._hearing = hearing
        self._language = language
        self._tell = tell
        self._start = start
        self._patience = patience
        self._clock = clock
        self._wall = wall
        self._resampler = Resampler(rate, SAMPLE_RATE)
        self._ring = SampleRing()
        self._ended = False
        self._news = asyncio.Event()
        self._session_clock = SampleClock(start, SAMPLE_RATE)
        self._answered = start
        """The time of the last words, or since when there could have been some."""
        self._loud_until = start
        """Of what a session was sent, the end of what was not quiet."""
        self._told = ""
        """The last words, of whichever session."""
        self._complaints: set[str] = set()

    def hear(self, samples: Samples) -> None:
        """More audio; of what nobody takes the oldest is given up."""
        if self._resampler.changes:
            samples = from_floats(self._resampler.feed(to_floats(samples)))
        self._ring.push(samples)
        if self._ring.size > self._patience.kept * SAMPLE_RATE:
            self._give_up(self._patience.given_up)
        self._news.set()

    def end(self) -> None:
        """No more audio: `run` returns once all is told."""
        self._ended = True
        self._news.set()

    async def run(self) -> None:
        """Have what is heard translated, until its end."""
        pause = self._patience.first_retry
        while await self._some(1):
            opened = self._clock()
            try:
                await self._until_it_may_be_tried()
                await self._interpret()
            except EngineUnavailable as error:
                self._count_unanswered()
                if self._ended:
                    break  # whoever waits for the rest has waited long enough
                lived = self._clock() - opened >= BRIEF_S
                if lived and isinstance(error, SessionEnded) and error.remedy is Remedy.RENEW:
                    continue
                pause = self._patience.first_retry if lived else pause
                await self._sleep(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, self._patience.last_retry)
        self._give_up(inf)
        self._tell(HeardUntil(inf))

    async def _until_it_may_be_tried(self) -> None:
        breaker = self._hearing.breaker
        while (wait := breaker.wait()) > 0:
            if self._ended:
                raise EngineUnavailable(breaker.trouble)
            await self._sleep(min(wait, self._patience.look))

    async def _interpret(self) -> None:
        """One session, from its opening until it is closed."""
        breaker, partner = self._hearing.breaker, self._hearing.partner
        async with AsyncExitStack() as stack:
            session = SpokenTranslation(partner, self._language)
            with breaker.attempt():
                connection = await stack.enter_async_context(self._hearing.connect())
                await configured(connection, session, partner)
            self._answered = self._time(self._ring.start)
            self._session_clock = SampleClock(self._answered, SAMPLE_RATE)
            try:
                await race(self._send(connection, session), self._receive(connection, session))
                self._count_unanswered(told=session.closed)
            except SessionEnded as error:
                if error.remedy in (Remedy.WAIT, Remedy.REFUSED):
                    breaker.failed(error)
                raise

    async def _send(self, connection: Connection, session: SpokenTranslation) -> None:
        """Send what is heard until its end, or until another session should go on."""
        renew_at, force_at = self._ages(session)
        pace = Pace(self._hearing.partner.pace, self._clock)
        quiet_s = 0.0
        while await self._some(_FRAME):
            now = self._clock()
            if now >= force_at or (now >= renew_at and quiet_s >= PAUSE_S):
                break
            frame = self._ring.read(self._ring.start, _FRAME)
            loud = await self._send_frame(connection, session, frame)
            quiet_s = 0.0 if loud else quiet_s + FRAME_S
            await pace.wait(frame.size / SAMPLE_RATE)
        await connection.send(session.close())
        await asyncio.sleep(CLOSED_S)

    async def _send_frame(
        self, connection: Connection, session: SpokenTranslation, frame: Samples
    ) -> bool:
        """Send a frame, the oldest there is, and say whether it is loud."""
        at = self._ring.start
        # Away from a rounding error, only what was given up parts the two clocks.
        if abs(self._time(at) - self._session_clock.now) > FRAME_S / 2:
            self._session_clock.jump(self._time(at))
        whole = to_bytes(frame) + to_bytes(silence(_FRAME - frame.size))
        await connection.send(session.append(whole))
        self._session_clock.advance(_FRAME)
        self._ring.forget(at + frame.size)
        loud = dbfs(frame) > QUIET_DBFS
        if loud:
            self._loud_until = self._time(at + frame.size)
        self._tell(HeardUntil(self._time(at + frame.size)))
        return loud

    async def _receive(self, connection: Connection, session: SpokenTranslation) -> None:
        begins = True
        while not session.closed:
            match session.receive(await connection.receive()):
                case Words(text, elapsed):
                    if elapsed is not None:
                        heard = self._session_clock.end(elapsed) - self._hearing.partner.lag
                        self._answered = max(self._answered, heard)
                    whole = joined(self._told, text) if begins else self._told + text
                    self._tell(Translated(whole[len(self._told) :], self._answered))
                    self._told, begins = text, False
                case Complaint(message) if message not in self._complaints:
                    self._complaints.add(message)
                    logger.warning("%s", message)

    def _ages(self, session: SpokenTranslation) -> tuple[float, float]:
        """When another session should take over, and when it has to."""
        lifetime = self._hearing.partner.lifetime
        if session.expires_at is not None:
            says = session.expires_at - self._wall()
            lifetime = says if says >= LEAST_LIFETIME_S else lifetime
        now, whole = self._clock(), min(self._patience.renew / RENEWED_BY, lifetime)
        return now + RENEWED_BY * whole, now + FORCED_BY * whole

    def _count_unanswered(self, *, told: bool = False) -> None:
        """The session is over; if not everything is `told`, what it heard last is lost."""
        since = max(self._answered, self._loud_until - UNANSWERED_S)
        if self._loud_until > since and not told:
            self._tell(AudioLost(since, self._loud_until))
        self._answered = self._loud_until

    def _give_up(self, seconds: float) -> None:
        """So much of the oldest audio will not be heard."""
        start, size = self._ring.start, self._ring.size
        given_up = self._ring.read(start, size if seconds == inf else round(seconds * SAMPLE_RATE))
        self._ring.forget(start + given_up.size)
        until = self._time(self._ring.start)
        if dbfs(given_up) > QUIET_DBFS:
            self._tell(AudioLost(self._time(start), until))
        self._tell(HeardUntil(until))

    def _time(self, sample: int) -> float:
        return self._start + sample / SAMPLE_RATE

    async def _some(self, samples: int) -> bool:
        """Wait for so many samples, or the last ones; False where no more come."""
        while self._ring.size < samples and not self._ended:
            self._news.clear()
            await self._news.wait()
        return self._ring.size > 0

    async def _sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        deadline = self._clock() + seconds
        while not self._ended and (left := deadline - self._clock()) > 0:
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                return
