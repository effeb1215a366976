"""Which rooms are translated into which languages, and by which sessions of this process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from captioner.captions.model import Status
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, RoomNotFound
from captioner.metrics import Metrics
from captioner.rooms.directory import Directory, RoomSummary
from captioner.rooms.local import languages_to_translate
from captioner.rooms.room import RoomSettings
from captioner.translation.progress import Progress
from captioner.translation.translates import RoomTranslation, Translates

LOOK_S = 0.5
"""Between two looks at who wants what."""
LINGER_S = 60.0
"""For so long a language is translated after its last reader left."""
ELSEWHERE_S = 1.0
"""For so long a language that another process translates is left to it; it may die."""
FINISH_S = 20.0
"""How long translating what was said may take when a room ends."""

logger = logging.getLogger(__name__)

ALL = "*"
"""In the place of the languages that somebody reads: all there are."""
Wanted = Mapping[str, frozenset[str]]
"""Languages by room."""


@dataclass(slots=True, eq=False)
class _Work:
    """A room's translation into one language here. `session`: once the duty is this process's."""

    task: asyncio.Task[None]
    session: RoomTranslation | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)


class Translations:
    """Translates rooms into the languages that are wanted. Run it in a task.

    A language that a room lists is translated from when it is listed, or somebody begins to
    speak, one that is read from when its first reader comes; after a minute without a reader it
    is not, until it is wanted again or the room comes to rest: then what is missing is made up.
    """

    def __init__(
        self,
        rooms: Directory,
        translates: Translates,
        *,
        read: Callable[[], Awaitable[Wanted]],
        metrics: Metrics | None = None,
        linger_s: float = LINGER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read`: what is read of which rooms just now, by anybody."""
        self._rooms = rooms
        self._translates = translates
        self._read = read
        self._metrics = metrics or Metrics()
        self._linger_s = linger_s
        self._clock = clock
        self._wanted_at: dict[tuple[str, str], float] = {}
        """When a room's language was last wanted, of those that are or were a while ago."""
        self._listed: dict[tuple[str, str], Status] | None = None
        """How the rooms were that list a language when that was last looked at."""
        self._working: dict[tuple[str, str], _Work] = {}
        self._elsewhere: dict[tuple[str, str], float] = {}
        """When another process was found to do it."""
        self._news = asyncio.Event()
        self._metrics.watch_translations(lambda: len(self.sessions))

    @property
    def sessions(self) -> tuple[tuple[str, str], ...]:
        """The rooms and languages that are translated here just now."""
        return tuple(key for key, work in self._working.items() if work.session is not None)

    def progress(self) -> dict[tuple[str, str], Progress]:
        """How those go that are made here, by room and language."""
        sessions = {where: work.session for where, work in self._working.items()}
        found = {where: session.progress for where, session in sessions.items() if session}
        return {where: progress for where, progress in found.items() if progress}

    def wake(self) -> None:
        """Something may be wanted that was not."""
        self._news.set()

    def want(self, room: str, languages: Sequence[str]) -> None:
        """Somebody needs these languages of a room now, all that was said of it."""
        for language in languages:
            self._wanted_at[room, language] = self._clock()
        self.wake()

    async def run(self) -> None:
        """Look who wants what and have it done, until cancelled."""
        try:
            while True:
                self._news.clear()
                try:
                    await self._look()
                except CaptionerError as error:
                    logger.debug("Who wants translations is not known: %s", error)
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._news.wait()
                except TimeoutError:
                    continue
        finally:
            tasks = [work.task for work in self._working.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def finish(self, room: str) -> None:
        """Have all that was said in the room translated into the languages it lists or has had."""
        summary = await self._rooms.summary(room)
        languages = {
            *languages_to_translate(summary.settings),
            *(lang for name, lang in self._working if name == room),
        }
        self.want(room, tuple(languages))
        for language in languages:
            self._start(room, language)
        try:
            async with asyncio.timeout(FINISH_S):
                await asyncio.gather(*(self._finish(room, language) for language in languages))
        except TimeoutError:
            logger.warning("Room %s: not all that was said is translated.", room)

    async def finish_all(self) -> None:
        """Have all that was said translated, of the rooms that are translated here just now."""
        rooms = {room for room, _ in self._working}
        await asyncio.gather(*map(self.finish, rooms))

    async def _finish(self, room: str, language: str) -> None:
        work = self._working.get((room, language))
        if work is None:
            return
        waiting = asyncio.create_task(work.begun.wait())
        await asyncio.wait({waiting, work.task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if work.session is not None:
            finishing = asyncio.create_task(work.session.finish())
            await asyncio.wait({finishing, work.task}, return_when=asyncio.FIRST_COMPLETED)
            finishing.cancel()
            await asyncio.gather(waiting, finishing, return_exceptions=True)

    async def _look(self) -> None:
        rooms = {summary.settings.id: summary for summary in await self._rooms.list()}
        now = self._clock()
        for room, languages in (await self._read()).items():
            if room in rooms:
                for language in _read_of(rooms[room].settings, languages):
                    self._wanted_at[room, language] = now
        self._look_at_lists(rooms, now)
        self._wanted_at = {
            key: at
            for key, at in self._wanted_at.items()
            if now - at <= self._linger_s and key[0] in rooms
        }
        self._elsewhere = {k: at for k, at in self._elsewhere.items() if now - at < ELSEWHERE_S}
        for key in self._wanted_at.keys() - self._elsewhere.keys():
            self._start(*key)
        for key, work in self._working.items():
            if key not in self._wanted_at:
                work.task.cancel()

    def _look_at_lists(self, rooms: Mapping[str, RoomSummary], now: float) -> None:
        """What a room lists is wanted when it is listed, and when the room's status changes."""
        listed = {
            (room, language): summary.status
            for room, summary in rooms.items()
            for language in languages_to_translate(summary.settings)
        }
        for key, status in listed.items():
            # Rooms that came to rest before this process began are another one's.
            rested_before = self._listed is None and status in ("idle", "ended")
            if not rested_before and status != (self._listed or {}).get(key):
                self._wanted_at[key] = now
        self._listed = listed

    def _start(self, room: str, language: str) -> None:
        key = (room, language)
        if key in self._working:
            return
        task = asyncio.create_task(self._translate(room, language), name=f"{room} in {language}")
        self._working[key] = _Work(task)

        def over(_task: asyncio.Task[None]) -> None:
            del self._working[key]

        task.add_done_callback(over)

    async def _translate(self, room: str, language: str) -> None:
        work = self._working[room, language]
        try:
            found = await self._rooms.get(room)
            async with self._translates.translation(found, language) as session:
                if session is None:
                    self._elsewhere[room, language] = self._clock()
                    return
                work.session = session
                work.begun.set()
                await session.run()
        except (Fenced, RoomNotFound, RedisUnavailable) as error:
            logger.debug("Room %s in %s: %s", room, language, error)
        except CaptionerError as error:
            logger.warning("Room %s is not translated to %s: %s", room, language, error)
        except Exception:  # one room's trouble is not the other rooms'
            logger.exception("Room %s is not translated to %s.", room, language)


def _read_of(settings: RoomSettings, languages: frozenset[str]) -> set[str]:
    """Those of the languages that must be translated into; `*` stands for all that are listed."""
    listed = languages_to_translate(settings) if ALL in languages else ()
    return {*languages, *listed} - {ALL, settings.language}
