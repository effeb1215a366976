"""One track: samples in, captions published; from the publisher's first sample to its last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.captions.assembly import Assembly, Released
from captioner.captions.model import Caption, Settled
from captioner.captions.recognition import Recognition
from captioner.realtime.transcription import Silence, Transcription
from captioner.rooms.room import Room, TrackPlace

logger = logging.getLogger(__name__)

SILENCE_STEP_S = 5.0
"""Silence is journalled in steps no shorter than this."""

Transcribe = Callable[[float, str, tuple[str, ...], Callable[[str | None], None]], Transcription]
"""Makes a transcription: start on the room clock (s), language, keywords, who hears of trouble."""


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
    ) -> None:
        self._room = room
        self._place = place
        self._received = place.settled
        self._settled = place.settled
        self._trouble: str | None = None
        self._assembly = Assembly(place.stream, language, speaker, room.next_caption_id)
        self._transcription = transcribe(
            place.base + place.settled, language, room.settings.keywords, self._hear_of_trouble
        )

    @property
    def received(self) -> float:
        """Stream seconds that were fed."""
        return self._received

    @property
    def settled(self) -> float:
        """Stream seconds that are captioned for good and kept."""
        return self._settled

    @property
    def speaking(self) -> bool:
        """Whether somebody is speaking, or has just spoken."""
        return not self._assembly.idle

    @property
    def trouble(self) -> str | None:
        """Why nothing is recognised just now, in plain words."""
        return self._trouble

    async def feed(self, samples: Samples) -> None:
        """Add audio; waits while the recogniser is far behind."""
        # Off the record nothing leaves the room, but its clock goes on.
        heard = silence(samples.size) if self._room.status == "paused" else samples
        await self._transcription.send(heard)
        self._received += samples.size / SAMPLE_RATE

    async def end(self) -> None:
        """No more audio: what was said is captioned, then `run` returns."""
        await self._transcription.end()

    async def run(self) -> None:
        """Publish what is recognised until the track's end."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._transcription.run())
            async for events in self._transcription.events():
                await self._take(events)
        await self._publish(self._assembly.finish())
        await self._settle(self._place.base + self._received, step=0)

    async def _take(self, events: Sequence[Recognition | Silence]) -> None:
        """Publish what the events make of the captions, and note what they settle."""
        released: list[Released] = []
        silent_until = 0.0
        for event in events:
            if isinstance(event, Silence):
                silent_until = event.until
            else:
                released += self._assembly.feed(event)
        await self._publish(_newest(released))
        await self._settle(max(silent_until, self._assembly.settled_until or 0.0))

    async def _publish(self, released: Sequence[Released]) -> None:
        for revision in released:
            caption = replace(revision.caption, lag_ms=self._lag_ms(revision.caption))
            if revision.settled_until is None:
                await self._room.publish(caption)
                continue
            settled = self._stream_time(revision.settled_until)
            await self._room.publish(caption, settled=Settled(self._place.stream, settled))
            self._settled = max(self._settled, settled)

    async def _settle(self, until: float, *, step: float = SILENCE_STEP_S) -> None:
        """Keep in mind that audio before `until` (room clock) needs no sending again."""
        stream_time = min(self._stream_time(until), self._received)
        if self._assembly.idle and stream_time > self._settled + step:
            await self._room.settle(Settled(self._place.stream, stream_time))
            self._settled = stream_time

    def _stream_time(self, room_time: float) -> float:
        return round(max(0.0, room_time - self._place.base), 3)

    def _lag_ms(self, caption: Caption) -> int:
        """How long the audio went on before this was said of it."""
        return max(0, round(1000 * (self._place.base + self._received - caption.end)))

    def _hear_of_trouble(self, trouble: str | None) -> None:
        self._trouble = trouble


def _newest(released: Sequence[Released]) -> list[Released]:
    """Without the revisions that another one replaces at once: nobody could read them."""
    newest = {(r.caption.id, r.caption.language): r.caption.rev for r in released}
    return [
        r
        for r in released
        if r.caption.final or r.caption.rev == newest[r.caption.id, r.caption.language]
    ]
