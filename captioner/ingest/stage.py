"""One track: samples in, captions published; from the publisher's first sample to its last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from captioner.audio.pcm import Samples, silence
from captioner.captions.assembly import Assembly, Released
from captioner.captions.model import Caption, Gap, Settled
from captioner.captions.recognition import (
    Committed,
    Completed,
    Expired,
    Failed,
    Recognition,
    SessionLost,
    SpeechStarted,
    SpeechStopped,
)
from captioner.ingest.arrivals import Arrivals
from captioner.realtime.configuration import LONGEST_KEYWORD, MOST_KEYWORDS, Wishes
from captioner.realtime.engines import Upstream
from captioner.realtime.heard import AudioLost, Heard, Silence
from captioner.realtime.transcription import Transcription
from captioner.rooms.room import Room, TrackPlace

SILENCE_STEP_S = 5.0
"""Silence is journalled in steps no shorter than this."""
Transcribe = Callable[[Room, TrackPlace, str], Transcription]
"""Makes the transcription of a track of a room, which is spoken in a language (or `auto`)."""


class Listener(Protocol):
    """Somebody else who hears a track, and waits for nothing."""

    def hear(self, samples: Samples) -> None: ...

    def end(self) -> None:
        """No more audio."""
        ...

    def close(self) -> None:
        """The track is over: all that was said is published."""
        ...


Listen = Callable[[Room, TrackPlace], Listener]
"""Whoever hears a track of a room from its first sample on."""


class Nobody:
    """Nobody else hears the track."""

    def hear(self, samples: Samples) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


OnGap = Callable[[Gap], None]
"""Is told of what was not captioned."""


def wishes_of(room: Room, language: str) -> Wishes:
    """What a recogniser is told of a track of the room that is spoken in a language (or `auto`)."""
    hints = [term for term in terms_of(room, language) if len(term) <= LONGEST_KEYWORD]
    return Wishes(language, tuple(hints[:MOST_KEYWORDS]))


def terms_of(room: Room, language: str) -> tuple[str, ...]:
    """What is likely to be said in the room: its keywords, then its glossary in that language."""
    settings = room.settings
    glossary = (term.called(language) or term.term for term in settings.glossary)
    return tuple(dict.fromkeys((*settings.keywords, *glossary)))


class Stage:
    """A track's way from audio to captions. `run` it; then `feed` and, at the end, `end`."""

    def __init__(
        self,
        room: Room,
        place: TrackPlace,
        *,
        language: str,
        speaker: str | None,
        transcribe: Transcribe,
        listener: Listener | None = None,
        on_gap: OnGap = lambda _gap: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._room = room
        self._place = place
        self._on_gap = on_gap
        self._listener = listener or Nobody()
        self._language = "und" if language == "auto" else language
        """What was spoken last, as far as that is known."""
        self._received = place.settled
        self._settling = place.settled
        """Stream seconds that the room was asked to settle."""
        self._speaking = False
        self._upstream = Upstream(None)
        self._arrivals = Arrivals(clock)
        self._committed: dict[str, Committed] = {}
        self._transcription = transcribe(room, place, language)
        self._assembly = Assembly(
            place.stream,
            language,
            speaker,
            lambda: room.next_caption_id(place.stream),
            self._transcription.stood_in,
        )
        self._assembly.expect(terms_of(room, language))
        self._assembly.adopt(place.left_open)

    @property
    def sample_rate(self) -> int:
        """Of what is fed, in Hz."""
        return self._transcription.sample_rate

    @property
    def received(self) -> float:
        """Stream seconds that were fed."""
        return self._received

    @property
    def settled(self) -> float:
        """Stream seconds that are captioned for good and kept."""
        return self._room.settled(self._place.stream)

    @property
    def speaking(self) -> bool:
        """Whether somebody is speaking."""
        return self._speaking

    @property
    def upstream(self) -> Upstream:
        """Who recognises just now, or why nobody does."""
        return self._upstream

    def change(self, language: str) -> None:
        """Another language (or `auto`), or other settings, from the next sentence on."""
        self._assembly.change_language(language)
        self._assembly.expect(terms_of(self._room, language))
        self._transcription.wish(wishes_of(self._room, language))

    async def feed(self, samples: Samples) -> None:
        """Add audio, all or (cancelled) none; waits while the recogniser is far behind."""
        # Off the record nothing leaves the room, but its clock goes on.
        heard = silence(samples.size) if self._room.status == "paused" else samples
        await self._transcription.send(heard)
        self._listener.hear(heard)
        self._received += samples.size / self.sample_rate
        self._arrivals.note(self._place.base + self._received)

    async def end(self) -> None:
        """No more audio: what was said is captioned, then `run` returns."""
        self._listener.end()
        await self._transcription.end()

    async def run(self) -> None:
        """Publish what is recognised until the track's end."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._transcription.run())
            async for events in self._transcription.events():
                await self._take(events)
        await self._publish(self._assembly.finish())
        await self._settle(self._place.base + self._received, step=0)

    async def _take(self, events: Sequence[Heard]) -> None:
        """Publish what the events make of the captions, and note what they settle."""
        released: list[Released] = []
        gaps: list[Gap] = []
        settled_until = 0.0
        for event in events:
            if isinstance(event, Silence):
                settled_until = event.until
            elif isinstance(event, AudioLost):
                gaps.append(self._gap(event.start, event.end, event.reason))
                settled_until = event.end
            elif isinstance(event, Upstream):
                self._upstream = event
            else:
                gaps += self._not_recognised(event)
                released += self._assembly.feed(event)
        await self._publish(_newest(released))
        for gap in gaps:
            await self._room.publish(gap)
            self._on_gap(gap)
        settled_until = max(settled_until, self._assembly.settled_until or 0.0)
        await self._settle(settled_until, step=0 if gaps else SILENCE_STEP_S)

    def _not_recognised(self, event: Recognition) -> list[Gap]:
        """Follow who speaks; the gap that the event tells of, if it does."""
        match event:
            case SpeechStarted():
                self._speaking = True
            case SpeechStopped():
                self._speaking = False
            case SessionLost():
                self._speaking = False
                self._committed.clear()
            case Committed():
                self._speaking = False
                self._committed[event.item] = event
            case Completed() | Expired():
                self._committed.pop(event.item, None)
            case Failed() if item := self._committed.pop(event.item, None):
                return [self._gap(item.start, item.end, "not_recognised")]
        return []

    def _gap(self, start: float, end: float, reason: str) -> Gap:
        return Gap(self._language, start, end, reason, self._place.stream)

    async def _publish(self, released: Sequence[Released]) -> None:
        for revision in released:
            caption = replace(revision.caption, lag_ms=self._lag_ms(revision.caption))
            self._language = caption.language
            if revision.settled_until is None:
                await self._room.publish(caption)
                continue
            settled = self._stream_time(revision.settled_until)
            await self._room.publish(caption, settled=Settled(self._place.stream, settled))
            self._settling = max(self._settling, settled)

    async def _settle(self, until: float, *, step: float) -> None:
        """Keep in mind that audio before `until` (room clock) needs no sending again."""
        stream_time = min(self._stream_time(until), self._received)
        if self._assembly.idle and stream_time > self._settling + step:
            await self._room.settle(Settled(self._place.stream, stream_time))
            self._settling = stream_time

    def _stream_time(self, room_time: float) -> float:
        return round(max(0.0, room_time - self._place.base), 3)

    def _lag_ms(self, caption: Caption) -> int:
        return round(1000 * self._arrivals.ago(caption.end))


def _newest(released: Sequence[Released]) -> list[Released]:
    """Without the revisions that another one replaces at once: nobody could read them."""
    newest = {(r.caption.id, r.caption.language): r.caption.rev for r in released}
    return [
        r
        for r in released
        if r.caption.final or r.caption.rev == newest[r.caption.id, r.caption.language]
    ]
