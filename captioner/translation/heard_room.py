"""The translation of one room into one language by who hears it: of each track that is here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from captioner.bus.bus import Bus
from captioner.captions.model import Caption
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, RoomNotFound
from captioner.metrics import Metrics
from captioner.realtime.spoken_translations import Hearing
from captioner.rooms.room import Room, heard_translation_duty
from captioner.translation.ears import Ear, Ears
from captioner.translation.heard import HeardTrack

AGAIN_S = 1.0
"""Between two attempts to translate a track."""

logger = logging.getLogger(__name__)


class HeardTranslates:
    """Translates the tracks that this process captions, each by a session that hears it."""

    def __init__(
        self,
        ears: Ears,
        hearing: Hearing,
        bus: Bus,
        *,
        kept: Callable[[str, str], Awaitable[Sequence[Caption]]],
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`kept`: of a room, the finals that are kept, as they were said and in a language."""
        self._ears = ears
        self._hearing = hearing
        self._bus = bus
        self._kept = kept
        self._metrics = metrics or Metrics()
        self._clock = clock

    @asynccontextmanager
    async def translation(self, room: Room, language: str) -> AsyncIterator[HeardRoom]:
        """Of the room's tracks that are here; each is a duty of its own."""
        yield HeardRoom(room, language, self._ears, self._translate)

    async def _translate(self, room: Room, language: str, ear: Ear) -> None:
        async with room.duty(heard_translation_duty(language, ear.stream)) as duty:
            if duty is None:
                return
            track = HeardTrack(
                ear,
                language,
                self._hearing,
                bus=self._bus,
                kept=lambda: self._kept(room.settings.id, language),
                duty=duty,
                metrics=self._metrics,
                clock=self._clock,
            )
            await track.run()


class HeardRoom:
    """`run` it for as long as somebody wants the language."""

    def __init__(
        self,
        room: Room,
        language: str,
        ears: Ears,
        translate: Callable[[Room, str, Ear], Awaitable[None]],
    ) -> None:
        """`translate`: a track, until it is over."""
        self._room = room
        self._language = language
        self._ears = ears
        self._translate = translate
        self._tracks: dict[Ear, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Translate each track from when it is there, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                news = self._ears.news
                self._tracks = {ear: task for ear, task in self._tracks.items() if not task.done()}
                for ear in self._ears.of(self._room.settings.id):
                    if ear not in self._tracks:
                        self._tracks[ear] = tasks.create_task(self._until_over(ear))
                await news.wait()

    async def finish(self) -> None:
        """Return when all is translated that was said on tracks that are over."""
        over = [task for ear, task in self._tracks.items() if ear.captioned]
        if over:
            await asyncio.wait(over)

    async def _until_over(self, ear: Ear) -> None:
        while True:
            try:
                await self._translate(self._room, self._language, ear)
            except (Fenced, RoomNotFound, RedisUnavailable) as error:
                logger.debug("Room %s in %s: %s", ear.room, self._language, error)
            except CaptionerError as error:
                logger.warning(
                    "Room %s is not translated to %s: %s", ear.room, self._language, error
                )
            if ear.captioned:
                return
            await asyncio.sleep(AGAIN_S)
