"""The translation of one track into one language by who hears it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from captioner.bus.bus import Bus
from captioner.captions.model import Caption, Event, Gap
from captioner.errors import SubscriberTooSlow
from captioner.metrics import Metrics
from captioner.race import race
from captioner.realtime.heard import AudioLost
from captioner.realtime.spoken_translations import (
    HeardUntil,
    Hearing,
    SpokenTranslations,
    Told,
    Translated,
)
from captioner.rooms.room import Duty
from captioner.translation.aligning import Alignment
from captioner.translation.ears import Ear
from captioner.translation.progress import Progress
from captioner.translation.session import Kept

logger = logging.getLogger(__name__)


class HeardTrack:
    """Makes `(id, language)` of every caption of the track that is said in another language.

    Of what was said before it began, and of what nobody could hear, captions say what was said.
    """

    def __init__(
        self,
        ear: Ear,
        language: str,
        hearing: Hearing,
        *,
        bus: Bus,
        kept: Kept,
        duty: Duty,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ear = ear
        self._language = language
        self._hearing = hearing
        self._bus = bus
        self._kept = kept
        self._duty = duty
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._alignment = Alignment(language, ear.now)
        self._spoken = "und"
        """The language that was spoken last."""
        self._said_at: dict[str, float] = {}
        """When the end of each caption was said that is being translated."""
        self._gaps: deque[Gap] = deque()
        """Those that are still to be told."""
        self._unspoken: str | None = None
        """That the server does not translate into the language, once that was said."""
        self._news = asyncio.Event()
        self._all_heard = False
        self._all_published = asyncio.Event()

    @property
    def progress(self) -> Progress:
        """How it goes just now."""
        trouble = self._unspoken or self._hearing.breaker.trouble or None
        return Progress(self._hearing.partner.name, trouble, self._alignment.behind)

    async def run(self) -> None:
        """Translate until the track is over and all of it published, or its room is erased.

        Raises `Fenced` where another process does it by now, and what publishing raises.
        """
        await race(self._follow(), self._publish(), self._listen())

    async def _listen(self) -> None:
        """Hear the track to its end; return when all that was said is published."""
        spelt = self._hearing.partner.spelt(self._language)
        if spelt is None:
            name = self._hearing.partner.name
            self._unspoken = f"{name} does not translate into {self._language}"
            logger.warning("%s.", self._unspoken)
            self._tell(HeardUntil(inf))
        else:
            await self._translate(spelt)
        await self._ear.until_captioned()
        await self._hear_history()
        self._alignment.end()
        self._all_heard = True
        self._news.set()
        await self._all_published.wait()

    async def _translate(self, spelt: str) -> None:
        translations = SpokenTranslations(
            self._hearing,
            spelt,
            self._tell,
            start=self._ear.now,
            rate=self._ear.rate,
            clock=self._clock,
        )
        with self._ear.heard_by(translations):
            await translations.run()

    def _tell(self, told: Told) -> None:
        match told:
            case Translated(text, time):
                self._alignment.say(text, time, self._clock())
            case HeardUntil(time):
                self._alignment.heard(time)
            case AudioLost(start, end, reason):
                self._gaps.append(self._gap(start, end, reason))
        self._news.set()

    def _gap(self, start: float, end: float, reason: str) -> Gap:
        return Gap(self._language, start, end, reason, self._ear.stream, source=self._spoken)

    async def _follow(self) -> None:
        """Learn what is said, and what a predecessor left open."""
        while True:
            async with self._bus.subscribe(self._ear.room) as events:
                await self._hear_kept()
                await self._hear_history()
                try:
                    async for live in events:
                        self._hear(live.event)
                    return
                except SubscriberTooSlow:
                    logger.warning("Room %s: events were missed.", self._ear.room)

    async def _hear_kept(self) -> None:
        self._hear_all(await self._kept())

    async def _hear_history(self) -> None:
        history = await self._bus.history(self._ear.room)
        self._hear_all([numbered.event for numbered in history.events])

    def _hear_all(self, events: Sequence[Event]) -> None:
        captions = [event for event in events if isinstance(event, Caption)]
        made = {c.id: c for c in captions if self._is_translation(c)}
        for caption in captions:
            if self._is_said_here(caption):
                self._alignment.hear(caption, made.get(caption.id))
        self._news.set()

    def _hear(self, event: Event) -> None:
        match event:
            case Caption() if self._is_said_here(event):
                self._spoken = event.language
                self._said_at[event.id] = self._clock() - (event.lag_ms or 0) / 1000
                self._alignment.hear(event)
            case Caption() if self._is_translation(event):
                self._alignment.see(event)
            case Gap() if self._is_said_here(event):
                self._gaps.append(self._gap(event.start, event.end, event.reason))
        self._news.set()

    def _is_said_here(self, event: Caption | Gap) -> bool:
        of_track = event.source is None and event.track == self._ear.stream
        return of_track and event.language != self._language

    def _is_translation(self, caption: Caption) -> bool:
        return caption.source is not None and caption.language == self._language

    async def _publish(self) -> None:
        while True:
            while self._gaps:
                await self._duty.publish(self._gaps.popleft())
            for revision in self._alignment.revisions(self._clock()):
                await self._publish_revision(revision)
            if self._all_heard and self._alignment.done:
                self._all_published.set()
            await self._something_new()

    async def _publish_revision(self, revision: Caption) -> None:
        said_at = self._said_at.get(revision.id)
        age_s = 0.0 if said_at is None else self._clock() - said_at
        lag_ms = None if said_at is None else round(1000 * age_s)
        await self._duty.publish(replace(revision, lag_ms=lag_ms))
        if revision.final:
            self._said_at.pop(revision.id, None)
            self._metrics.translated(self._language, age_s)
            if revision.untranslated:
                self._metrics.untranslated(self._language)

    async def _something_new(self) -> None:
        due = self._alignment.due()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()
