"""The translation of one room into one language by who hears it: of each track that is here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from captioner.bus.bus import Bus
from captioner.captions.model import Caption
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, RoomNotFound
from captioner.metrics import Metrics
from captioner.realtime.spoken_translations import Hearing
from captioner.rooms.room import Room, heard_translation_duty
from captioner.translation.ears import Ear, Ears
from captioner.translation.heard import HeardTrack
from captioner.translation.progress import Progress

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
        yield HeardRoom(room, language, self._ears, self._track)

    @asynccontextmanager
    async def _track(self, room: Room, language: str, ear: Ear) -> AsyncIterator[HeardTrack | None]:
        async with room.duty(heard_translation_duty(language, ear.stream)) as duty:
            if duty is None:
                yield None
                return
            yield HeardTrack(
                ear,
                language,
                self._hearing,
                bus=self._bus,
                kept=lambda: self._kept(room.settings.id, language),
                duty=duty,
                metrics=self._metrics,
                clock=self._clock,
            )


class HeardRoom:
    """`run` it for as long as somebody wants the language."""

    def __init__(
        self,
        room: Room,
        language: str,
        ears: Ears,
        track: Callable[[Room, str, Ear], AbstractAsyncContextManager[HeardTrack | None]],
    ) -> None:
        """`track`: one of the room's, to be run in the block; None: another process does it."""
        self._room = room
        self._language = language
        self._ears = ears
        self._track = track
        self._tracks: dict[Ear, asyncio.Task[None]] = {}
        self._working: dict[Ear, HeardTrack] = {}
        """Those of the tracks that are being translated here."""

    @property
    def progress(self) -> Progress | None:
        """How it goes just now, of all tracks; None while none is translated here."""
        of_tracks = [track.progress for track in self._working.values()]
        if not of_tracks:
            return None
        trouble = next((p.trouble for p in of_tracks if p.trouble is not None), None)
        behind = sum(progress.behind for progress in of_tracks)
        return Progress(of_tracks[0].translator, trouble, behind)

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

    async def _translate(self, ear: Ear) -> None:
        async with self._track(self._room, self._language, ear) as track:
            if track is None:
                return
            self._working[ear] = track
            try:
                await track.run()
            finally:
                del self._working[ear]

    async def _until_over(self, ear: Ear) -> None:
        while True:
            try:
                await self._translate(ear)
            except (Fenced, RoomNotFound, RedisUnavailable) as error:
                logger.debug("Room %s in %s: %s", ear.room, self._language, error)
            except CaptionerError as error:
                logger.warning(
                    "Room %s is not translated to %s: %s", ear.room, self._language, error
                )
            if ear.captioned:
                return
            await asyncio.sleep(AGAIN_S)
