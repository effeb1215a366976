"""A room with a voice and somebody who listens, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from captioner.bus.memory import MemoryBus
from captioner.captions.model import Event, RoomChange, Status
from captioner.errors import CaptionerError
from captioner.speech.encoder import Format
from captioner.speech.listener import Listener
from captioner.speech.sound import FRAME_S, SILENCE, Lost, Mark
from captioner.speech.voices import Voices
from tests.unit.speech.studio import Press, StillRoom, Tongue, loudness, studio


@dataclass
class Ear:
    """Writes down what is heard, and when."""

    marks: list[tuple[float, Mark]] = field(default_factory=list)
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    lost: float = 0.0
    error: CaptionerError | None = None
    ended: float | None = None

    async def listen(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for heard in listener:
                if isinstance(heard, Mark):
                    self.marks.append((loop.time(), heard))
                elif isinstance(heard, Lost):
                    self.lost += heard.seconds
                else:
                    self.frames.append((loop.time(), heard.data))
        except CaptionerError as error:
            self.error = error
        self.ended = loop.time()

    @property
    def said(self) -> list[str]:
        """The captions that were said, and those that were skipped, in their order."""
        return [("-" if mark.skipped else "") + mark.caption for _, mark in self.marks]

    def times(self, text: str) -> list[float]:
        """When a text's sound was heard, frame by frame."""
        wanted = loudness(text).to_bytes(2, "little")
        return [at for at, frame in self.frames if frame[:2] == wanted]

    def seconds(self, text: str) -> float:
        return round(len(self.times(text)) * FRAME_S, 2)

    @property
    def sounding(self) -> list[float]:
        """When there was no silence."""
        return [at for at, frame in self.frames if frame != SILENCE]


@dataclass
class Hall:
    bus: MemoryBus
    room: StillRoom
    tongue: Tongue
    press: Press
    voices: Voices
    skipped: list[None]

    async def tell(self, *events: Event) -> None:
        for event in events:
            await self.bus.publish("demo", event)

    async def turn(self, status: Status) -> None:
        self.room.status = status
        await self.tell(RoomChange(status, ("en", "es")))

    @asynccontextmanager
    async def ear(self, format: Format | None = None, language: str = "es") -> AsyncIterator[Ear]:
        """Somebody who listens until the block ends."""
        ear = Ear()
        async with self.voices.listen(self.room, language, format) as listener:
            task = asyncio.create_task(ear.listen(listener))
            try:
                yield ear
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def hall(
    tongue: Tongue | None = None, *, clock_runs: bool = True, bus: MemoryBus | None = None
) -> AsyncIterator[Hall]:
    bus = bus or MemoryBus()
    tongue, press = tongue or Tongue(), Press()
    skipped: list[None] = []
    made = studio(tongue, press)
    async with Voices(bus, made, on_skipped=lambda: skipped.append(None)) as voices:
        yield Hall(bus, StillRoom(clock_runs=clock_runs), tongue, press, voices, skipped)
