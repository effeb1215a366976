"""Rooms on a real disk, and a translator by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from captioner.archive.store import Store, open_store
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Caption
from captioner.errors import CaptionerError, TranslationUnavailable
from captioner.rooms.registry import Rooms
from captioner.translation.translator import Sentence


class Shouter:
    """Says everything louder, which is no translation but can be told from it; and may fail."""

    name = "shouter"

    def __init__(self) -> None:
        self.asked: list[Sentence] = []
        self.trouble: CaptionerError | None = None
        self.failures = 0
        """How many of the next sentences it fails at."""
        self.free = asyncio.Event()
        self.free.set()
        """Cleared, it takes for ever."""

    async def translate(self, sentence: Sentence) -> str:
        self.asked.append(sentence)
        await self.free.wait()
        if self.trouble is not None:
            raise self.trouble
        if self.failures:
            self.failures -= 1
            raise TranslationUnavailable("it has a sore throat")
        return sentence.text.upper()


@dataclass
class World:
    """A server's rooms, without recognition."""

    rooms: Rooms
    bus: MemoryBus
    store: Store
    translator: Shouter = field(default_factory=Shouter)

    async def kept(self, room: str, language: str) -> list[Caption]:
        transcript = await self.store.transcript(room)
        captions = [c for tag in transcript.languages for c in transcript.captions(tag)]
        return [c for c in captions if c.source is None or c.language == language]

    async def captions(self, room: str, language: str) -> dict[str, Caption]:
        """The newest revisions that readers of the language have."""
        events = [numbered.event for numbered in (await self.bus.history(room)).events]
        found = [e for e in events if isinstance(e, Caption) and e.language == language]
        return {caption.id: caption for caption in found}

    async def texts(self, room: str, language: str) -> dict[str, str]:
        """What its finals say."""
        found = await self.captions(room, language)
        return {id_: caption.text for id_, caption in found.items() if caption.final}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with open_store(tmp_path) as store:
        bus = MemoryBus()
        rooms = Rooms(bus, store)
        await rooms.load()
        yield World(rooms, bus, store)


def said(id_: str, text: str, rev: int = 1, *, final: bool = True, language: str = "en") -> Caption:
    """Something that was recognised, the caption's number its second."""
    start = float(id_[1:])
    return Caption(id_, language, rev, text, len(text), final, start, start + 0.9, "mic", "Ana")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what others in the loop bring about."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
