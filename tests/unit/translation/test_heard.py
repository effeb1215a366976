"""Rooms that are translated by who hears them."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from captioner.captions.model import Caption, Gap
from captioner.realtime.spoken_translations import Hearing
from captioner.rooms.room import Room, RoomSettings, TrackPlace
from captioner.translation.ears import Ear, Ears
from captioner.translation.heard_room import HeardTranslates
from captioner.translation.progress import Progress
from captioner.translation.stage import Translations
from tests.unit.realtime.interpreting import PARTNER, InterpretingServer
from tests.unit.realtime.peers.interpreting import InterpretingPeer
from tests.unit.rooms.conftest import Speaker
from tests.unit.translation.conftest import World, said, until

pytestmark = pytest.mark.anyio

PUNCTUAL = replace(PARTNER, lag=0.0, pace=None)
NOISE = (2000 * np.sin(np.arange(24_000) / 7)).astype(np.int16)
"""A second of it."""


class Meeting:
    """A room with a track that is heard, one second after the other."""

    def __init__(self, world: World, room: Room, ears: Ears) -> None:
        self.world = world
        self.room = room
        self._ears = ears

    async def speaker(self, stream: str = "mic") -> Ear:
        """Somebody begins to speak."""
        await self.room.open_track(stream, Speaker())
        return self._ears.open(self.room, TrackPlace(stream, 0.0, 0.0), 24_000)

    async def say(self, *captions: Caption | Gap) -> None:
        for caption in captions:
            await self.room.publish(caption)

    async def texts(self, language: str = "fr") -> dict[str, str]:
        return await self.world.texts("demo", language)


def speak(ear: Ear, seconds: int) -> None:
    for _ in range(seconds):
        ear.hear(NOISE)


@asynccontextmanager
async def meeting(
    world: World, server: InterpretingServer, language: str = "fr"
) -> AsyncIterator[tuple[Meeting, Translations]]:
    """Translated into a language that somebody reads."""
    ears = Ears()
    room = await world.rooms.get_or_create(RoomSettings("demo", language="en"))
    hearing = Hearing(PUNCTUAL, server.connect)
    translates = HeardTranslates(ears, hearing, world.bus, kept=world.kept)

    async def read() -> dict[str, frozenset[str]]:
        return {"demo": frozenset({language})}

    translations = Translations(world.rooms, translates, read=read)
    task = asyncio.create_task(translations.run())
    try:
        await until(lambda: len(translations.sessions) == 1)
        yield Meeting(world, room, ears), translations
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def spans(number: int, start: float, end: float) -> Caption:
    return replace(said(f"u{number}", f"Said {number}."), start=start, end=end)


async def test_words_become_the_captions_of_the_track_in_the_language(world: World) -> None:
    server = InterpretingServer()
    async with meeting(world, server) as (at, translations):
        ear = await at.speaker()
        await until(lambda: ear.heard)
        speak(ear, 6)
        await at.say(spans(1, 0.0, 2.5), spans(2, 5.0, 6.0))
        ear.end()
        ear.close()
        await translations.finish("demo")
        assert await at.texts() == {"u1": "w0 w1 w2 w3", "u2": "w4 w5"}
        found = (await world.captions("demo", "fr"))["u2"]
        assert (found.start, found.end, found.track, found.speaker) == (5.0, 6.0, "mic", "Ana")
        assert (found.source, found.source_rev, found.untranslated) == ("en", 1, False)
    assert [session.language for session in server.sessions] == ["fr"]


async def test_each_track_has_a_session_of_its_own(world: World) -> None:
    server = InterpretingServer()
    async with meeting(world, server) as (at, translations):
        ears = [await at.speaker(stream) for stream in ("mic", "desk")]
        await until(lambda: all(ear.heard for ear in ears))
        for ear, stream, seconds in zip(ears, ("mic", "desk"), (2, 3), strict=True):
            speak(ear, seconds)
            await at.say(replace(spans(seconds, 0.0, float(seconds)), track=stream))
            ear.close()
        await translations.finish("demo")
        assert await at.texts() == {"u2": "w0 w1", "u3": "w0 w1 w2"}


async def test_a_language_that_the_server_does_not_speak_says_what_was_said(world: World) -> None:
    server = InterpretingServer()
    async with meeting(world, server, "sv") as (at, translations):
        ear = await at.speaker()
        await at.say(spans(1, 0.0, 2.0))
        ear.close()
        await translations.finish("demo")
        assert (await world.captions("demo", "sv"))["u1"].untranslated
    assert server.sessions == []


async def test_how_it_goes_is_known_while_a_track_is_translated(world: World) -> None:
    async with meeting(world, InterpretingServer()) as (at, translations):
        assert translations.progress() == {}
        ear = await at.speaker()
        await until(lambda: ear.heard)
        await at.say(spans(1, 0.0, 2.0))
        waiting = {("demo", "fr"): Progress(PARTNER.name, behind=1)}
        await until(lambda: translations.progress() == waiting)
        speak(ear, 2)
        ear.close()
        await translations.finish("demo")
        await until(lambda: translations.progress() == {})


async def test_that_the_server_does_not_speak_a_language_is_its_trouble(world: World) -> None:
    async with meeting(world, InterpretingServer(), "sv") as (at, translations):
        ear = await at.speaker()
        trouble = Progress(PARTNER.name, f"{PARTNER.name} does not translate into sv")
        await until(lambda: translations.progress() == {("demo", "sv"): trouble})
        ear.close()


async def test_what_was_said_before_the_first_reader_says_what_was_said(world: World) -> None:
    room = await world.rooms.get_or_create(RoomSettings("demo", language="en"))
    await room.publish(spans(1, -2.0, -1.0))
    server = InterpretingServer()
    async with meeting(world, server) as (at, translations):
        ear = await at.speaker()
        await until(lambda: ear.heard)
        speak(ear, 2)
        await at.say(spans(2, 0.0, 2.0))
        ear.close()
        await translations.finish("demo")
        assert await at.texts() == {"u1": "Said 1.", "u2": "w0 w1"}


async def test_what_a_lost_session_did_not_tell_is_a_gap_in_the_language(world: World) -> None:
    server = InterpretingServer([InterpretingPeer("cut off", after=3.0)])
    async with meeting(world, server) as (at, translations):
        ear = await at.speaker()
        await until(lambda: ear.heard)
        await at.say(spans(1, 0.0, 4.0))
        speak(ear, 3)
        await until(lambda: server.sessions != [] and server.sessions[0].seconds == 3.0)
        speak(ear, 1)
        await until(lambda: len(server.sessions) == 2)
        ear.close()
        await translations.finish("demo")
        events = [numbered.event for numbered in (await world.bus.history("demo")).events]
        gaps = [event for event in events if isinstance(event, Gap)]
        assert [(g.language, g.start, g.end, g.source, g.track) for g in gaps] == [
            ("fr", 2.0, 3.0, "en", "mic")
        ]


async def test_a_track_that_is_over_is_forgotten_though_nobody_asks_for_its_room(
    world: World,
) -> None:
    room, ears = await world.rooms.get_or_create(RoomSettings("hall")), Ears()
    over = weakref.ref(ear := ears.open(room, TrackPlace("mic-1", 0.0, 0.0), 16_000))
    ear.close()
    del ear
    ears.open(room, TrackPlace("mic-2", 0.0, 0.0), 16_000)
    assert over() is None
