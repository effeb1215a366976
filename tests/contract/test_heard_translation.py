"""A room that is translated by our own engine, which hears it: real speech, real sessions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from captioner.archive.store import open_store
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Caption
from captioner.interpreter import hearing
from captioner.rooms.registry import Rooms
from captioner.rooms.room import RoomSettings
from captioner.settings import read_settings
from captioner.translation.ears import Ears
from captioner.translation.heard_room import HeardTranslates
from tests.contract.engine import Engine
from tests.contract.realtime import words
from tests.contract.sdk import PATIENCE_S
from tests.unit.rooms.conftest import Speaker

pytestmark = pytest.mark.anyio

SECONDS = 13
"""Of the recording: its first two sentences, and the pause behind them."""


async def test_real_speech_becomes_captions_in_the_language(
    interpreting_engine: Engine, demo_audio: bytes, tmp_path: Path
) -> None:
    address = f"captioner+ws://127.0.0.1:{interpreting_engine.port}?model=captioner-live-translate"
    hears = hearing(read_settings({"engine": "ws://127.0.0.1:1", "translator": address}))
    assert hears is not None
    audio = np.frombuffer(demo_audio[: SECONDS * 48_000], "<i2")
    with open_store(tmp_path) as store:
        bus, ears = MemoryBus(), Ears()
        rooms = Rooms(bus, store)
        room = await rooms.create(RoomSettings("demo", language="en"))
        ear = ears.open(room, await room.open_track("mic", Speaker()), 24_000)

        async def kept(_room: str, _language: str) -> list[Caption]:
            return []

        translates = HeardTranslates(ears, hears, bus, kept=kept)
        async with translates.translation(room, "es") as translation:
            running = asyncio.create_task(translation.run())
            async with asyncio.timeout(PATIENCE_S):
                while not ear.heard:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                # As recognised so far: what is still said takes words for as long as they come.
                said = Caption("u1", "en", 1, "Printing", 0, False, 0.0, SECONDS, "mic")
                await room.publish(said)
                for at in range(0, audio.size, 24_000):
                    ear.hear(audio[at : at + 24_000])
                ear.end()
                ear.close()
                while not (made := await _made(bus)):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                final = Caption("u1", "en", 2, "Printing.", 9, True, 0.0, SECONDS, "mic")
                await room.publish(final)
                await translation.finish()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        made = await _made(bus)
    assert made[-1].final and not made[-1].untranslated
    assert words(made[-1].text)[:5] == "imprenta en el only sense".split()


async def _made(bus: MemoryBus) -> list[Caption]:
    events = [numbered.event for numbered in (await bus.history("demo")).events]
    return [e for e in events if isinstance(e, Caption) and e.language == "es"]
