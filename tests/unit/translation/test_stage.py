"""Which rooms are translated into which languages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from captioner.metrics import Metrics
from captioner.rooms.room import RoomSettings
from captioner.translation.stage import Translations
from captioner.translation.text_room import TextTranslates
from tests.unit.rooms.conftest import Speaker
from tests.unit.translation.conftest import World, said, until

pytestmark = pytest.mark.anyio

TWENTY = tuple("ar bg ca cs da de el es fi fr hu it ja ko nl pl pt ro sv uk".split())


@dataclass
class Readers:
    """Who reads what just now, and what time it is."""

    languages: dict[str, frozenset[str]] = field(default_factory=dict)
    seconds: float = 0.0

    async def read(self) -> dict[str, frozenset[str]]:
        return self.languages

    def now(self) -> float:
        return self.seconds


@asynccontextmanager
async def translating(world: World, readers: Readers) -> AsyncIterator[Translations]:
    translations = Translations(
        world.rooms,
        TextTranslates(world.bus, world.translator, kept=world.kept),
        read=readers.read,
        metrics=Metrics(),
        clock=readers.now,
    )
    task = asyncio.create_task(translations.run())
    try:
        yield translations
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_of_twenty_languages_those_that_are_read_are_translated(world: World) -> None:
    room = await world.rooms.create(RoomSettings("demo", language="en", translations=TWENTY))
    await room.open_track("mic", Speaker())
    readers = Readers({"demo": frozenset({"es", "ja", "pt"})})
    async with translating(world, readers) as translations:
        await until(lambda: len(translations.sessions) == 20)
        readers.seconds += 61
        translations.wake()
        await until(lambda: len(translations.sessions) == 3)
        assert {language for _, language in translations.sessions} == {"es", "ja", "pt"}


async def test_a_language_is_translated_from_its_first_reader_on(world: World) -> None:
    await world.rooms.create(RoomSettings("demo", language="en"))
    readers = Readers()
    async with translating(world, readers) as translations:
        readers.languages = {"demo": frozenset({"fr"})}
        translations.wake()
        await until(lambda: translations.sessions == (("demo", "fr"),))


async def test_readers_of_the_language_spoken_need_no_translation(world: World) -> None:
    await world.rooms.create(RoomSettings("demo", language="en"))
    async with translating(world, Readers({"demo": frozenset({"en"})})) as translations:
        translations.wake()
        await asyncio.sleep(0.05)
        assert translations.sessions == ()


async def test_a_language_without_readers_is_translated_for_a_while(world: World) -> None:
    await world.rooms.create(RoomSettings("demo", language="en"))
    readers = Readers({"demo": frozenset({"fr"})})
    async with translating(world, readers) as translations:
        await until(lambda: len(translations.sessions) == 1)
        readers.languages = {}
        readers.seconds += 59
        translations.wake()
        await asyncio.sleep(0.05)
        assert len(translations.sessions) == 1
        readers.seconds += 2
        translations.wake()
        await until(lambda: translations.sessions == ())


async def test_a_language_that_is_added_is_made_up_for_the_whole_meeting(world: World) -> None:
    room = await world.rooms.create(RoomSettings("demo", language="en"))
    await room.publish(said("u1", "Hello."))
    async with translating(world, Readers()) as translations:
        await asyncio.sleep(0.02)
        await world.rooms.change("demo", {"translations": ["es"]})
        translations.wake()
        await until(lambda: len(translations.sessions) == 1)
        await translations.finish("demo")
    assert await world.texts("demo", "es") == {"u1": "HELLO."}


async def test_what_nobody_read_is_there_when_the_room_has_ended(world: World) -> None:
    readers = Readers()
    async with translating(world, readers) as translations:
        room = await world.rooms.create(
            RoomSettings("demo", language="en", translations=("es", "fr"))
        )
        await room.open_track("mic", Speaker())
        world.rooms.on_ending.append(translations.finish)
        await until(lambda: len(translations.sessions) == 2)
        readers.seconds += 61
        translations.wake()
        await until(lambda: translations.sessions == ())
        await room.publish(said("u1", "Hello."))
        await world.rooms.end("demo")
        assert await world.texts("demo", "es") == {"u1": "HELLO."}
        assert await world.texts("demo", "fr") == {"u1": "HELLO."}


async def test_a_room_ends_though_nobody_can_translate(world: World) -> None:
    await world.rooms.create(RoomSettings("demo", language="en", translations=("es",)))
    world.translator.failures = 1000
    async with translating(world, Readers()) as translations:
        world.rooms.on_ending.append(translations.finish)
        await (await world.rooms.get("demo")).publish(said("u1", "Hello."))
        assert (await world.rooms.end("demo")).status == "ended"
    assert await world.texts("demo", "es") == {"u1": "Hello."}


async def test_a_room_that_is_erased_is_translated_no_more(world: World) -> None:
    room = await world.rooms.create(RoomSettings("demo", language="en", translations=("es",)))
    await room.open_track("mic", Speaker())
    async with translating(world, Readers()) as translations:
        await until(lambda: len(translations.sessions) == 1)
        await world.rooms.delete("demo")
        translations.wake()
        await until(lambda: translations.sessions == ())
