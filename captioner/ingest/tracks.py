"""The tracks of this process: each outlives a lost connection of its publisher for a while."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType

from captioner.errors import Busy, CaptionerError, StreamInUse
from captioner.ingest.intake import Intake
from captioner.ingest.stage import Listen, Listener, Nobody, OnGap, Stage, Transcribe
from captioner.ingest.start import Start
from captioner.realtime.engines import Upstream
from captioner.rooms.by_room import by_room
from captioner.rooms.room import Room

logger = logging.getLogger(__name__)

HALF_OPEN_S = 5.0
"""A publisher that has sent nothing for so long gives way to another connection of its stream."""
CLOSE_S = 5.0
"""How long a track that is given up may take over its goodbye."""
MOST_TRACKS = 1024
"""Streams of one process; each may keep minutes of audio."""


class Attendance:
    """Whether a stream's publisher is there. Implements `captioner.rooms.room.Publisher`."""

    def __init__(self, speaker: str | None, language: str, clock: Callable[[], float]) -> None:
        self.speaker = speaker
        self.language = language
        self.connected = False
        self.on_displaced: Callable[[], None] = lambda: None
        self._clock = clock
        self.heard()

    def heard(self) -> None:
        """The publisher is alive."""
        self._heard_at = self._clock()

    @property
    def attended(self) -> bool:
        """Whether it is connected, and does not only seem to be."""
        return self.connected and self._clock() - self._heard_at < HALF_OPEN_S

    def displaced(self) -> None:
        self.on_displaced()


class Track:
    """A stage, and the connection that feeds it, if there is one just now."""

    def __init__(self, stage: Stage, language: str | None, publisher: Attendance) -> None:
        """`language`: what its publisher says is spoken; None, what the room says."""
        self.stage = stage
        self.language = language
        self.publisher = publisher
        self.intake = Intake(stage)
        self.displaced = asyncio.Event()
        """Set for the connection that another one has taken the place of."""
        self.over = asyncio.Event()
        """Everything is captioned and kept, or `failure` says why not."""
        self.failure: CaptionerError | None = None
        self.going_away = False
        """The server stops: its publisher may go on with another, or with the next."""
        self.seat = asyncio.Lock()
        """Held by the connection that feeds the stage: a displaced one is gone before the next."""
        self._ending = False
        self._changed = asyncio.Event()

    def connect(self) -> None:
        """A publisher comes; raises `StreamInUse` while another is there and alive."""
        if self._ending:
            raise StreamInUse("this stream is just being finished; publish under another name")
        if self.publisher.attended:
            raise StreamInUse("another connection publishes this stream")
        if self.publisher.connected:
            self.displaced.set()
        self.displaced = asyncio.Event()
        self.publisher.connected = True
        self.publisher.heard()
        self._changed.set()

    def disconnect(self) -> None:
        """The publisher is gone; it may come back."""
        self.publisher.connected = False
        self._changed.set()

    def end(self, *, going_away: bool = False) -> None:
        """No more audio; `over` says when the rest is captioned."""
        if not self._ending:
            self._ending, self.going_away = True, going_away
        self._changed.set()

    async def run(self, grace_s: float) -> None:
        """Caption until the end is asked for, or the publisher has been away for too long."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.stage.run())
                await self._until_ending(grace_s)
                if not self.publisher.connected:
                    await self.intake.finish()
                await self.stage.end()
        except* CaptionerError as group:
            self.failure = _first(group)
        except* Exception:  # one track's trouble is not the other tracks'
            logger.exception("A track failed.")
            self.failure = CaptionerError("the server failed to caption this stream")

    async def _until_ending(self, grace_s: float) -> None:
        while not self._ending:
            self._changed.clear()
            try:
                async with asyncio.timeout(None if self.publisher.connected else grace_s):
                    await self._changed.wait()
            except TimeoutError:
                self._ending = True


class Tracks:
    """Every track by room and stream. Use it as an asynchronous context."""

    def __init__(
        self,
        transcribe: Transcribe,
        sample_rate: int,
        *,
        listen: Listen = lambda _room, _place: Nobody(),
        on_gap: OnGap = lambda _gap: None,
        grace_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sample_rate`: of what is transcribed, in Hz."""
        self.sample_rate = sample_rate
        self._transcribe = transcribe
        self._listen = listen
        self._on_gap = on_gap
        self._grace_s = grace_s
        self._clock = clock
        self._tracks: dict[tuple[str, str], Track] = {}
        self._opening = asyncio.Lock()
        self._living: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Tracks:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for track in self._tracks.values():
            track.end()
        if error is not None:
            for task in self._living:
                task.cancel()
        await asyncio.gather(*self._living, return_exceptions=True)

    @asynccontextmanager
    async def publishing(self, room: Room, start: Start) -> AsyncIterator[Track]:
        """The stream's track, living or new, fed by this connection alone."""
        key = (room.settings.id, start.stream)
        async with self._opening:
            track = self._tracks.get(key)
            if track is None:
                if len(self._tracks) >= MOST_TRACKS:
                    raise Busy("this server captions as many streams as it can; try again later")
                track = await self._open(room, start)
            track.connect()
        displaced = track.displaced
        try:
            async with track.seat:
                yield track
        finally:
            if not displaced.is_set():
                track.disconnect()

    def upstreams(self) -> dict[tuple[str, str], Upstream]:
        """Who recognises the streams of this process, by room and stream."""
        return {where: track.stage.upstream for where, track in self._tracks.items()}

    async def recognition(self, rooms: Sequence[str]) -> dict[str, dict[str, Upstream]]:
        """Who recognises the streams of these rooms, where this process captions them all."""
        return by_room(rooms, self.upstreams())

    def change(self, room: Room) -> None:
        """The room's settings are other ones: its tracks keep to them from the next sentence on."""
        for (name, _), track in self._tracks.items():
            if name == room.settings.id:
                track.stage.change(track.language or room.settings.language)

    async def finish(self, room: str) -> None:
        """Caption what was said in the room; its tracks are over."""
        await _finish([track for (name, _), track in self._tracks.items() if name == room])

    async def finish_all(self) -> None:
        """Caption what was said in every room, because the server stops."""
        await _finish(list(self._tracks.values()), going_away=True)

    async def abandon(self, failure: CaptionerError) -> None:
        """Caption nothing more; publishers that are still there are told why."""
        for track in self._tracks.values():
            track.failure = failure
        living = tuple(self._living)
        for task in living:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(asyncio.gather(*living, return_exceptions=True))
        for task in living:
            task.cancel()  # those that wait for somebody to whom they would say goodbye
        await asyncio.gather(*living, return_exceptions=True)

    async def _open(self, room: Room, start: Start) -> Track:
        language = start.language or room.settings.language
        publisher = Attendance(start.speaker, language, self._clock)
        # Whoever asks for a track is about to feed it.
        publisher.connected = True
        place = await room.open_track(start.stream, publisher)
        publisher.connected = False
        listener = self._listen(room, place)
        stage = Stage(
            room,
            place,
            language=language,
            speaker=start.speaker,
            transcribe=self._transcribe,
            listener=listener,
            on_gap=self._on_gap,
        )
        track = Track(stage, start.language, publisher)
        self._tracks[room.settings.id, start.stream] = track
        living = asyncio.create_task(self._live(room, start.stream, track, listener))
        self._living.add(living)
        living.add_done_callback(self._living.discard)

        def give_up() -> None:
            track.failure = StreamInUse("another server goes on with this stream")
            living.cancel()

        publisher.on_displaced = give_up
        return track

    async def _live(self, room: Room, stream: str, track: Track, listener: Listener) -> None:
        try:
            await track.run(self._grace_s)
        finally:
            listener.close()
            try:
                await room.close_track(stream)
            except CaptionerError as error:
                logger.warning("Room %s: %s", room.settings.id, error)
                track.failure = track.failure or error  # not all of it may be kept
            finally:
                del self._tracks[room.settings.id, stream]
                track.over.set()


async def _finish(tracks: list[Track], *, going_away: bool = False) -> None:
    for track in tracks:
        track.end(going_away=going_away)
    for track in tracks:
        await track.over.wait()


def _first(group: BaseExceptionGroup[CaptionerError]) -> CaptionerError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
