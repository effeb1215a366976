"""A track's transcription over time: one session after another, and no sample lost between them.

Audio is kept until it is settled. When a session is lost, the next one hears again everything from
the first item that was open. Before a session's time is over another one takes its place, in a
pause; when the server that is wanted first works again, too.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence

from captioner.audio.endpointing import Voice
from captioner.audio.pcm import Samples
from captioner.audio.vad import VoiceDetector
from captioner.captions.recognition import Expired, Recognition, SessionLost
from captioner.errors import EngineUnavailable
from captioner.metrics import Metrics
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.cost import Meter, Unmetered
from captioner.realtime.engines import Engine, Upstream
from captioner.realtime.heard import AudioLost, Heard, Silence
from captioner.realtime.link import Link
from captioner.realtime.patience import Patience
from captioner.realtime.providers import Provider
from captioner.realtime.renewal import Renewal
from captioner.realtime.session import Session
from captioner.realtime.tape import Tape
from captioner.realtime.trouble import BudgetSpent, Doubted, Remedy, SessionEnded, Unanswered

logger = logging.getLogger(__name__)

Clock = Callable[[], float]


BRIEF_S = 10.0
"""A session that did not live for so long was no success."""
MOST_REMEMBERED = 64
LONGEST_WAIT_S = 3600.0
MOST_RETRIES = 6
"""So many sessions in a row may say nothing of the same audio: it may be the audio."""
_EVENTS = 256
_AT_ONCE_S = 0.002
"""Messages so close together are one revision: words told for good and the tail behind them."""


class Transcription:
    """One track's way to the recogniser. `run` does the work; `events` is what comes of it.

    `engines`: in the order in which they are wanted. `start`: seconds on the caller's clock of the
    first sample that will be sent. `sample_rate`: of what will be sent, in Hz.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        wishes: Wishes,
        *,
        sample_rate: int,
        start: float = 0.0,
        patience: Patience | None = None,
        meter: Meter | None = None,
        metrics: Metrics | None = None,
        voice: Callable[[], Voice] = VoiceDetector,
        clock: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        """`voice`: makes what finds voices, for servers that do not. `wall`: Unix time."""
        self.sample_rate = sample_rate
        self._engines = engines
        self._wishes = wishes
        self._plain = Wishes(wishes.language)
        self._wished = asyncio.Event()
        """Set while the present session was told of other wishes than these."""
        self._doubted = False
        """Whether the last session said again what it had been told to expect."""
        self._patience = patience or Patience()
        self._renewal = Renewal(self._patience.renew, clock)
        self._meter = meter or Unmetered()
        self._metrics = metrics or Metrics()
        self._voice = voice
        self._clock = clock
        self._wall = wall
        self._tape = Tape(start, sample_rate, self._patience.kept)
        self._events: asyncio.Queue[Heard | None] = asyncio.Queue(_EVENTS)
        self._sessions = 0
        self._stood_in: dict[str, str | None] = {}
        """By the names of the last sessions."""
        self._links: list[Link] = []
        """Those at work: the one that is sent audio last, before it those that finish."""
        self._lost: list[str] = []
        """Items of lost sessions that the present one may hear again, and until when it may."""
        self._lost_until = start
        self._retries = 0
        """Sessions in a row that ended because nothing was answered."""
        self._retried_until = float("-inf")
        """Audio before this was not answered, and is not sent a third time."""
        self._away_since: float | None = clock()
        """When the recogniser was last there, while it is not."""
        self._engine: Engine | None = None
        """The one that recognised last."""
        self._upstream: Upstream | None = None
        """What was told last of who recognises."""

    async def send(self, samples: Samples) -> None:
        """Add samples, all or (cancelled) none; waits while too much is kept."""
        await self._tape.add(samples)

    def wish(self, wishes: Wishes) -> None:
        """Other wishes: from the next pause on another session goes on, and is told of them."""
        if wishes != self._wishes:
            self._wishes, self._plain = wishes, Wishes(wishes.language)
            self._wished.set()

    async def end(self) -> None:
        """No more samples: what is left will be recognised, then `events` ends."""
        await self._tape.close()

    def stood_in(self, item: str) -> str | None:
        """The engine that recognised an item, where it is not the one that is wanted first."""
        return self._stood_in.get(item.partition("/")[0])

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
        pause = self._patience.first_retry
        while True:
            link = await self._reach()
            try:
                await self._converse(link)
            except* EngineUnavailable as group:
                error = _first(group)
            else:
                await self._events.put(None)
                return
            link = self._links[-1]
            await self._lose(link, error)
            lived = self._clock() - link.opened >= BRIEF_S
            if lived and _remedy(error) is Remedy.RENEW:
                continue
            pause = (
                self._patience.first_retry if lived else min(2 * pause, self._patience.last_retry)
            )
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    async def _reach(self) -> Link:
        """A session with the first engine that can be had, once one can."""
        pause = self._patience.first_retry
        while True:
            troubles: list[EngineUnavailable] = []
            for engine in self._engines:
                try:
                    link = await self._open(engine)
                except EngineUnavailable as error:
                    troubles.append(error)
                else:
                    link.start(self._tape.begin)
                    self._links = [link]
                    return link
            await self._tell_upstream(Upstream(None, trouble="; ".join(map(str, troubles))))
            spent = all(isinstance(trouble, BudgetSpent) for trouble in troubles)
            await self._make_room("budget_spent" if spent else "engine_unavailable")
            wait = min(engine.breaker.wait() for engine in self._engines)
            wait = max(wait, pause * random.uniform(0.5, 1.0))
            await asyncio.sleep(min(wait, self._patience.look))  # room may have to be made
            pause = min(2 * pause, self._patience.last_retry)

    async def _open(self, engine: Engine) -> Link:
        """A configured session; raises `EngineUnavailable`, at once if it is not worth trying."""
        provider = engine.provider
        await self._meter.opening()
        if not provider.greets:
            self._check_budget(provider)
        if engine.breaker.wait() > 0:
            raise EngineUnavailable(engine.breaker.trouble)
        self._sessions += 1
        name = f"s{self._sessions}"
        wishes = self._wishes
        session = Session(
            Configuration(provider, self._plain if self._doubted else wishes),
            name=name,
            rate=self.sample_rate,
            retried_until=self._retried_until,
            retries_left=MOST_RETRIES - self._retries,
            report=lambda usage: self._meter.reported(name, usage),
            guarded=self._metrics.guarded,
        )
        link = Link(
            name,
            engine,
            session,
            self._tape,
            self._take,
            sent=lambda seconds: self._count(name, engine, seconds),
            check=lambda: self._check_budget(session.provider),
            voice=self._voice,
            clock=self._clock,
            opened_at=self._wall(),
        )
        try:
            with engine.breaker.attempt():
                await link.open()
        finally:
            self._metrics.engine_available(engine.name, engine.breaker.closed)
        self._note_who(name, engine)
        if wishes is self._wishes:
            self._wished.clear()
        self._metrics.session_opened(engine.name)
        self._meter.opened(name, engine.name, session.provider.model)
        return link

    async def _converse(self, link: Link) -> None:
        """Go on with one session after another, until everything is recognised or one is lost."""
        self._away_since = None
        await self._change_to(link.engine)
        # No task group: of a cancellation and a lost session at the same moment it forgets one.
        current = asyncio.create_task(self._work(link))
        following = asyncio.create_task(self._renewed(link))
        working = {current}
        try:
            while True:
                await asyncio.wait({*working, following}, return_when=asyncio.FIRST_COMPLETED)
                working = {task for task in working if not _is_over(task)}
                if following.done():
                    link = following.result()
                    current = asyncio.create_task(self._work(link))
                    following = asyncio.create_task(self._renewed(link))
                    working.add(current)
                elif current.done() and not link.session.retired:
                    break
            following.cancel()
            await asyncio.gather(*working)
        finally:
            for task in (*working, following):
                task.cancel()
            await asyncio.gather(*working, following, return_exceptions=True)

    async def _work(self, link: Link) -> None:
        """Let a session do its work to the end."""
        try:
            await link.run()
            self._links.remove(link)
        finally:
            self._meter.closed(link.name)

    async def _renewed(self, link: Link) -> Link:
        """The session that takes the place of this one, when that is due and possible."""
        successor = await self._successor(link)
        try:
            forced = not await self._renewal.pause(link)
            await link.stop()
            await self._renewal.acknowledged(link)
            position = self._tape.sample(link.session.front)
            said_again = link.retire()
        except BaseException:
            await successor.close()
            self._meter.closed(successor.name)
            raise
        if said_again:
            await self._events.put(SessionLost(said_again))
        self._metrics.session_rotated(link.engine.name, "forced" if forced else "pause")
        await self._change_to(successor.engine)
        successor.start(position)
        self._links.append(successor)
        return successor

    async def _successor(self, link: Link) -> Link:
        """Wait until another session should go on; open and configure it."""
        rank = self._engines.index(link.engine)
        look = self._patience.look if rank else LONGEST_WAIT_S
        while True:
            await self._changes(within=min(look, max(0.0, self._renewal.due_in(link))))
            due = self._wished.is_set() or self._renewal.is_due(link)
            for engine in self._engines if due else self._engines[:rank]:
                try:
                    return await self._open(engine)
                except EngineUnavailable as error:
                    logger.debug("No session to go on with: %s", error)
            if due:
                await asyncio.sleep(self._patience.look)

    async def _changes(self, *, within: float) -> None:
        """Wait until something else is wished for, or for so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._wished.wait()
        except TimeoutError:
            return

    async def _take(self, link: Link, events: Sequence[Recognition]) -> None:
        """Pass on what a session says; let go of what is settled, and let what waits go on."""
        for event in events:
            if not link.is_said_again(event):
                await self._events.put(event)
        settled = min(link.session.settled for link in self._links)
        if not any(link.session.utterances.names for link in self._links):
            if settled >= self._lost_until:
                await self._leave_lost()
            if settled > self._tape.time(self._tape.begin):
                await self._events.put(Silence(settled))
        await self._tape.forget(settled)

    async def _lose(self, link: Link, error: EngineUnavailable) -> None:
        """A session is gone, and with it the others: the next one begins with what was open."""
        logger.warning("Transcription interrupted: %s", error)
        remedy = _remedy(error)
        if remedy in (Remedy.REFUSED, Remedy.WAIT) and not isinstance(error, BudgetSpent):
            link.engine.breaker.failed(error)
        sessions = [link.session for link in self._links]
        self._links = []
        position = max(session.position for session in sessions)
        settled = min(session.settled for session in sessions)
        if isinstance(error, Unanswered):
            self._retries = self._retries + 1 if settled < self._retried_until else 1
            self._retried_until = position
        self._doubted = isinstance(error, Doubted)
        await self._tape.forget(settled)
        self._lost += [name for session in sessions for name in session.utterances.names]
        self._lost_until = max(self._lost_until, position)
        self._away_since = self._clock()
        self._metrics.session_lost(link.engine.name, remedy.value)
        replayed = max(0.0, position - self._tape.time(self._tape.begin))
        self._metrics.audio_replayed(link.engine.name, replayed)
        await self._events.put(SessionLost())
        await self._tell_upstream(Upstream(None, trouble=str(error)))

    async def _make_room(self, reason: str) -> None:
        """After a long outage what is being said now counts more than what was said long ago."""
        away = 0.0 if self._away_since is None else self._clock() - self._away_since
        if not self._tape.full or away <= self._patience.outage:
            return
        start = self._tape.time(self._tape.begin)
        end = min(start + self._patience.given_up, self._tape.time(self._tape.end))
        await self._leave_lost()
        await self._events.put(AudioLost(start, end, reason))
        await self._tape.forget(end)

    async def _leave_lost(self) -> None:
        """What lost sessions had open, and none has heard again, is over."""
        for name in self._lost:
            await self._events.put(Expired(name))
        self._lost.clear()

    async def _tell_upstream(self, upstream: Upstream) -> None:
        if upstream != self._upstream:
            self._upstream = upstream
            await self._events.put(upstream)

    async def _change_to(self, engine: Engine) -> None:
        """This engine recognises from now on."""
        if self._engine is not None and engine is not self._engine:
            self._metrics.failed_over(self._engine.name, engine.name)
        self._engine, first = engine, self._engines[0]
        why = (first.breaker.trouble or None) if engine is not first else None
        await self._tell_upstream(Upstream(engine.name, standby=engine is not first, trouble=why))

    def _check_budget(self, provider: Provider) -> None:
        refusal = self._meter.refusal(provider.name, provider.model)
        if refusal is not None:
            raise BudgetSpent(refusal)

    def _note_who(self, session: str, engine: Engine) -> None:
        self._stood_in[session] = None if engine is self._engines[0] else engine.name
        if len(self._stood_in) > MOST_REMEMBERED:
            del self._stood_in[next(iter(self._stood_in))]

    def _count(self, session: str, engine: Engine, seconds: float) -> None:
        self._meter.sent(session, seconds)
        self._metrics.audio_sent(engine.name, seconds)


def _is_over(task: asyncio.Task[None]) -> bool:
    """Whether the task has ended; raises what it raised."""
    if task.done():
        task.result()
    return task.done()


def _remedy(error: EngineUnavailable) -> Remedy:
    return error.remedy if isinstance(error, SessionEnded) else Remedy.RETRY


def _first(group: BaseExceptionGroup[EngineUnavailable]) -> EngineUnavailable:
    error = group.exceptions[0]
    return error if isinstance(error, EngineUnavailable) else _first(error)
