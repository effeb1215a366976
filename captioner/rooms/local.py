"""A room of this process: its clock, its tracks, its state, and the way to publish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from captioner.bus.bus import Bus
from captioner.captions.correction import corrected
from captioner.captions.model import Caption, Event, Gap, Numbered, RoomChange, Settled, Status
from captioner.errors import CaptionNotFound, CaptionOpen, RoomEnded, UserError
from captioner.rooms.clock import RoomClock
from captioner.rooms.corrections import Correction
from captioner.rooms.languages import AUTO
from captioner.rooms.ledger import Ledger
from captioner.rooms.records import ClockStarted, Entry, Keep, Newest, Published, TrackOpened
from captioner.rooms.room import Duty, Publisher, RoomSettings, TrackPlace
from captioner.rooms.uninterrupted import uninterrupted

logger = logging.getLogger(__name__)

Finish = Callable[[str], Awaitable[None]]
"""Brings what still happens in a room (by its id) to its end: called when the room ends."""


def languages_chosen(settings: RoomSettings) -> tuple[str, ...]:
    """Those that the organiser asked for, the one spoken first."""
    spoken = () if settings.language == AUTO else (settings.language,)
    return tuple(dict.fromkeys((*spoken, *settings.translations, *settings.speech)))


def languages_to_translate(settings: RoomSettings) -> tuple[str, ...]:
    """Those that the organiser listed and nobody is expected to speak."""
    listed = dict.fromkeys((*settings.translations, *settings.speech))
    return tuple(language for language in listed if language != settings.language)


async def languages_behind(bus: Bus, settings: RoomSettings) -> set[str]:
    """Those of them that something said in the room is yet to be translated into."""
    events = (numbered.event for numbered in (await bus.history(settings.id)).events)
    captions = [event for event in events if isinstance(event, Caption) and event.final]
    made = {(caption.id, caption.language): caption for caption in captions}
    return {
        language
        for caption in captions
        for language in languages_to_translate(settings)
        if caption.source is None and caption.text and caption.language != language
        if (found := made.get((caption.id, language))) is None
        or not found.is_translation_of(caption)
    }


async def left_open_by(bus: Bus, room: str, stream: str) -> tuple[Caption, ...]:
    """What was recognised of a stream and readers see as open: whoever made it is gone."""
    events = (numbered.event for numbered in (await bus.history(room)).events)
    captions = (e for e in events if isinstance(e, Caption) and e.source is None)
    return tuple(open for open in captions if open.track == stream and not open.final)


class LocalRoom:
    """Implements `captioner.rooms.room.Room`: first the journal, then the bus.

    What the journal cannot take (`StorageFailed`) is not published: a reader never sees a final
    that a crash could take back, and the publisher keeps audio that nothing acknowledged.
    """

    def __init__(
        self, settings: RoomSettings, *, bus: Bus, keep: Keep, newest: Newest, clock: RoomClock
    ) -> None:
        self.settings = settings
        self._bus = bus
        self._journal = keep
        self._newest = newest
        self._clock = clock
        self._ledger = Ledger()
        self._last_caption = 0
        self._open: set[str] = set()
        self._paused_since: float | None = None
        self._ending = False
        self._ended = False
        self._announcing = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._correcting = asyncio.Lock()

    @property
    def id(self) -> str:
        return self.settings.id

    @property
    def status(self) -> Status:
        if self._ended:
            return "ended"
        if self._paused_since is not None:
            return "paused"
        return "live" if self._open else "idle"

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that captions exist or will exist in, the one spoken first."""
        return tuple(dict.fromkeys((*languages_chosen(self.settings), *self._ledger.languages)))

    def now(self) -> float:
        return self._clock.now()

    def next_caption_id(self, stream: str) -> str:
        self._last_caption += 1
        return f"u{self._last_caption}"

    @property
    def open_tracks(self) -> frozenset[str]:
        """The streams that are published now."""
        return frozenset(self._open)

    @property
    def streams(self) -> tuple[str, ...]:
        """Those that were ever published."""
        return tuple(self._ledger.tracks)

    @property
    def clock_started(self) -> datetime:
        """When the room clock was 0; a track must have been opened."""
        assert self._ledger.clock_started is not None
        return self._ledger.clock_started

    @property
    def latest(self) -> float:
        """The last room second that the journal speaks of."""
        return self._ledger.latest

    def base(self, stream: str) -> float:
        """The room second of a stream's first sample."""
        return self._ledger.tracks[stream].base

    async def restore(self, entries: Sequence[Entry], *, open: Iterable[str] = ()) -> None:
        """Take up where the journal ends: before anything else is asked of the room.

        `open`: the streams that are published now, by other processes.
        """
        for entry in entries:
            self._ledger.apply(entry)
        if self._ledger.clock_started is not None:
            self._clock.resume(self._ledger.clock_started, not_before=self._ledger.latest)
        self._last_caption = self._ledger.last_caption
        before = self._ledger.change.status if self._ledger.change else "idle"
        self._ended = before == "ended"
        self._paused_since = self._ledger.status_since if before == "paused" else None
        self._open.update(stream for stream in open if stream in self._ledger.tracks)
        await self._tell_again(entries)

    async def announce(self) -> None:
        """Publish the room's status and languages, where they are not what was last published."""
        async with self._announcing:
            change = RoomChange(self.status, self.languages)
            if change != self._ledger.change:
                await self._keep(Published(change, self.now()))

    async def open_track(self, stream: str, publisher: Publisher) -> TrackPlace:
        if self._ending or self._ended:
            raise RoomEnded(f"the room {self.id} has ended")
        self._open.add(stream)
        try:
            if stream not in self._ledger.tracks:
                await self._place_track(stream, publisher.speaker, publisher.language)
            await self.announce()
            left_open = await left_open_by(self._bus, self.id, stream)
        except BaseException:
            self._open.discard(stream)
            raise
        return replace(self._ledger.tracks[stream], left_open=left_open)

    async def close_track(self, stream: str) -> None:
        self._open.discard(stream)
        await self.announce()

    async def publish(self, event: Event, *, settled: Settled | None = None) -> None:
        if isinstance(event, Caption) and not event.final:
            if settled is not None:
                raise ValueError("only what is kept settles audio")
            await self._bus.publish(self.id, event)
            return
        if isinstance(event, Caption) and event.correction:
            await self._correct_late(event, settled)
            return
        await self._keep(Published(event, self.now(), settled))
        await self.announce()

    @asynccontextmanager
    async def duty(self, name: str) -> AsyncIterator[Duty]:
        """There is no other process that could do it."""
        yield self

    async def correct(self, correction: Correction) -> Numbered:
        """Publish what a final should have said as its next revision, and return that.

        A correction that is asked for again is done once. Raises `CaptionNotFound`, `CaptionOpen`.
        """
        async with self._correcting:
            newest = await self._newest(self.id, correction.id, correction.language)
            if newest is None:
                raise await self._not_final(correction)
            if newest.correction and newest.text == correction.text:
                return Numbered(await self._seq_of(newest), newest)
            revision = corrected(newest, correction.text)
            seq = await self._keep(Published(revision, self.now()))
        await self.announce()
        return Numbered(seq, revision)

    async def settle(self, settled: Settled) -> None:
        place = self._ledger.tracks.get(settled.stream)
        if place is None or settled.until > place.settled:
            await self._keep(settled)

    def settled(self, stream: str) -> float:
        return self._ledger.tracks[stream].settled

    async def pause(self) -> None:
        """Off the record from now on."""
        async with self._changing:
            if self._ended:
                raise RoomEnded(f"the room {self.id} has ended")
            if self._paused_since is None:
                self._paused_since = self.now()
            await self.announce()

    async def resume(self) -> None:
        """On the record again; the time between is marked by a gap in every language."""
        async with self._changing:
            await self._leave_pause()
            await self.announce()

    async def end(self, finish: Iterable[Finish] = ()) -> None:
        """Refuse new tracks, have what was said finished, and close the room for good."""
        self._ending = True
        async with self._changing:
            if not self._ended:
                await self._finish(finish)
                await self._leave_pause()
                self._ended = True
            await self.announce()

    async def _correct_late(self, caption: Caption, settled: Settled | None) -> None:
        """Publish a recogniser's correction, unless somebody has corrected the caption before."""
        async with self._correcting:
            newest = await self._newest(self.id, caption.id, caption.language)
            if newest is None or newest.rev < caption.rev:
                await self._keep(Published(caption, self.now(), settled))
        await self.announce()

    async def _not_final(self, correction: Correction) -> UserError:
        """Why there is no final to correct."""
        what = f"caption {correction.id} in {correction.language}"
        for numbered in (await self._bus.history(self.id)).events:
            match numbered.event:
                case Caption(id=correction.id, language=correction.language):
                    return CaptionOpen(f"{what} is still being said: correct it when it is final")
        return CaptionNotFound(f"there is no {what}")

    async def _seq_of(self, caption: Caption) -> int:
        """The number of a caption's newest revision; 0 where the bus no longer has it."""
        history = await self._bus.history(self.id)
        return next((known.seq for known in history.events if known.event == caption), 0)

    async def _finish(self, finish: Iterable[Finish]) -> None:
        results = await asyncio.gather(*(part(self.id) for part in finish), return_exceptions=True)
        for result in results:
            # A part that cannot finish what was said does not keep the room from ending.
            if isinstance(result, BaseException):
                logger.error("room %s: ending: %s", self.id, type(result).__name__)

    async def _leave_pause(self) -> None:
        since, now = self._paused_since, self.now()
        if since is not None and since < now:
            for gap in self._gaps(since, now):
                await self._keep(Published(gap, now))
        self._paused_since = None

    def _gaps(self, since: float, now: float) -> Iterator[Gap]:
        """The pause, as it is told in every language."""
        translated = languages_to_translate(self.settings)
        for language in self.languages:
            source = self.settings.language if language in translated else None
            yield Gap(language, since, now, "paused", source=source)

    async def _place_track(self, stream: str, speaker: str | None, language: str) -> None:
        base = self.now()
        if self._ledger.clock_started is None:
            base = 0.0
            await self._keep(ClockStarted(self._clock.start()))
        await self._keep(TrackOpened(stream, base, speaker, language))

    async def _keep(self, entry: Entry) -> int:
        # Half of it (in the journal, unknown to the readers) would be worse than a late stop.
        return await uninterrupted(self._keep_and_tell(entry))

    async def _keep_and_tell(self, entry: Entry) -> int:
        seq = await self._journal(self.id, entry)
        self._ledger.apply(entry)
        return seq

    async def _tell_again(self, entries: Sequence[Entry]) -> None:
        """Give a bus that forgot the room its events again, and the state it is in now."""
        position = await self._bus.position(self.id)
        if position.seq == 0:
            for entry in entries:
                if isinstance(entry, Published):
                    await self._bus.publish(self.id, entry.event)
        change = RoomChange(self.status, self.languages)
        if change != self._ledger.change:
            # Not journalled: reading a room writes nothing.
            self._ledger.apply(Published(change, self.now()))
            await self._bus.publish(self.id, change)
