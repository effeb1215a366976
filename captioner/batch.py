"""A whole recording at once, as fast as the recogniser can: samples in, captions out."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from math import inf

from captioner.audio.passages import passages
from captioner.audio.pcm import SPEECH_RATE, Samples
from captioner.captions.assembly import Assembly
from captioner.captions.model import Caption, Gap
from captioner.captions.recognition import Committed, Completed, Failed, Recognition, Segment
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.connection import Connect, Connection
from captioner.realtime.opening import configure, send
from captioner.realtime.pace import Pace
from captioner.realtime.providers import Provider
from captioner.realtime.session import Session

IN_FLIGHT = 4
"""Passages that the recogniser may hold: enough to keep it busy."""
APPEND_S = 1
"""Of audio a message."""


class Batch:
    """The captions of one recording.

    `language`: a BCP 47 tag, or `auto`. `on_caption` is called with each final, in order;
    `on_progress` with the seconds of the recording that are done. `sample_rate`: of it, in Hz.
    """

    def __init__(
        self,
        language: str,
        *,
        on_caption: Callable[[Caption], None],
        on_progress: Callable[[float], None],
        provider: Provider,
        sample_rate: int = SPEECH_RATE,
    ) -> None:
        ids = count(1)
        self._assembly = Assembly("recording", language, None, lambda: f"u{next(ids)}")
        configuration = Configuration(provider, Wishes(language))
        # There is no second session to hear again what is doubted: it is dropped at once.
        self._session = Session(configuration, rate=sample_rate, retried_until=inf)
        self._pace = Pace(provider.pace, time.monotonic)
        self._sample_rate = sample_rate
        self._on_caption = on_caption
        self._on_progress = on_progress
        self._items: dict[str, Committed] = {}
        self._captions: list[Caption] = []
        self._gaps: list[Gap] = []

    @property
    def language(self) -> str:
        """What most of it is spoken in; `und` where nothing is said."""
        spoken: Counter[str] = Counter()
        for caption in self._captions:
            spoken[caption.language] += len(caption.text)
        return max(spoken, key=spoken.__getitem__, default="und")

    @property
    def captions(self) -> list[Caption]:
        """The finals, under one language."""
        return [replace(caption, language=self.language) for caption in self._captions]

    @property
    def gaps(self) -> list[Gap]:
        """Where the recogniser failed."""
        return [replace(gap, language=self.language) for gap in self._gaps]

    async def run(self, connect: Connect, blocks: Iterable[Samples]) -> None:
        """Recognise `blocks`; reading them may block. Raises `EngineUnavailable`."""
        cut = passages(blocks, self._sample_rate)
        async with connect() as connection:
            await configure(connection, self._session)
            while (passage := await asyncio.to_thread(next, cut, None)) is not None:
                await self._send(connection, passage)
                while len(self._session.utterances.waiting) >= IN_FLIGHT:
                    await self._receive(connection)
            while self._session.utterances.waiting:
                await self._receive(connection)

    async def _send(self, connection: Connection, passage: Samples) -> None:
        """Send a passage and wait until it is an item: only then may the next one follow."""
        size = APPEND_S * self._sample_rate
        self._session.begin(self._session.position)
        for first in range(0, passage.size, size):
            block = passage[first : first + size]
            await send(connection, self._session.append(block))
            await self._pace.wait(block.size / self._sample_rate)
        items = len(self._items)
        await send(connection, self._session.commit())
        while len(self._items) == items:
            await self._receive(connection)

    async def _receive(self, connection: Connection) -> None:
        for event in self._session.receive(await connection.receive()):
            self._take(event)

    def _take(self, event: Recognition) -> None:
        # Nobody waits for half a passage: its words are read when they are complete.
        if not isinstance(event, Committed | Segment | Completed | Failed):
            return
        if isinstance(event, Committed):
            self._items[event.item] = event
        elif isinstance(event, Failed):
            item = self._items[event.item]
            self._gaps.append(Gap("und", item.start, item.end, event.reason))
        for released in self._assembly.feed(event):
            if released.caption.final and released.caption.text:
                self._captions.append(released.caption)
                self._on_caption(released.caption)
        self._on_progress(self._assembly.settled_until or 0.0)
