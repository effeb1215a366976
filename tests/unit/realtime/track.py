"""A transcription under test, and the captions that it makes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import count

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples
from captioner.captions.assembly import Assembly
from captioner.captions.model import Caption
from captioner.metrics import Metrics
from captioner.realtime.configuration import Wishes
from captioner.realtime.cost import Meter
from captioner.realtime.engines import Engine, Upstream
from captioner.realtime.heard import AudioLost, Heard, Silence
from captioner.realtime.patience import Patience
from captioner.realtime.transcription import Transcription
from tests.unit.realtime.coded_voice import CodedVoice

FRAME_S = 0.1


class Track:
    """`events`: what the transcription said. `captions`: every revision that it made."""

    def __init__(
        self,
        engines: Sequence[Engine],
        *,
        wishes: Wishes | None = None,
        patience: Patience | None = None,
        meter: Meter | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.events: list[Heard] = []
        self.captions: list[Caption] = []
        self.transcription = Transcription(
            engines,
            wishes or Wishes("en"),
            sample_rate=SAMPLE_RATE,
            patience=patience,
            meter=meter,
            metrics=metrics,
            voice=CodedVoice,
            clock=clock,
            wall=wall,
        )
        ids = count(1)
        self._assembly = Assembly("mic", "en", None, lambda: f"u{next(ids)}")

    @property
    def finals(self) -> list[str]:
        """What was said, as a transcript has it: corrected, in the order of the finals."""
        texts: dict[str, str] = {}
        for caption in self.captions:
            if caption.final:
                texts[caption.id] = caption.text
        return [text for text in texts.values() if text]

    @property
    def words(self) -> list[str]:
        return " ".join(self.finals).split()

    @property
    def gaps(self) -> list[AudioLost]:
        return [event for event in self.events if isinstance(event, AudioLost)]

    @property
    def upstream(self) -> list[Upstream]:
        return [event for event in self.events if isinstance(event, Upstream)]

    async def hear(self, speech: Samples | Iterable[Samples], *, pace: float | None = None) -> None:
        """Send everything, `pace` seconds of it in one, and take what comes to the end."""
        parts = [speech] if isinstance(speech, np.ndarray) else speech
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.transcription.run())
            tasks.create_task(self._take())
            frame = round(FRAME_S * SAMPLE_RATE)
            for samples in parts:
                for first in range(0, samples.size, frame):
                    piece = samples[first : first + frame]
                    await self.transcription.send(piece)
                    if pace is not None:
                        await asyncio.sleep(piece.size / SAMPLE_RATE / pace)
            await self.transcription.end()

    async def _take(self) -> None:
        async for events in self.transcription.events():
            for event in events:
                self.events.append(event)
                if not isinstance(event, Silence | AudioLost | Upstream):
                    self.captions += [r.caption for r in self._assembly.feed(event)]
        self.captions += [r.caption for r in self._assembly.finish()]
