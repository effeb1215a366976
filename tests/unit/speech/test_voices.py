"""The voices of a process, and who listens to them."""

from __future__ import annotations

import asyncio

import pytest

from captioner.bus.bus import History
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Position
from captioner.errors import (
    BadInput,
    CaptionerError,
    NoSuchPair,
    RoomEnded,
    RoomNotFound,
    TranslationUnavailable,
)
from captioner.speech.encoder import Format
from captioner.speech.voices import LINGER_S, Voices
from tests.unit.speech.hall import Hall, hall
from tests.unit.speech.speaking import caption
from tests.unit.speech.studio import StillRoom, studio
from tests.virtual_time import run_virtual


def test_two_hundred_listeners_cost_one_synthesis_and_one_encoder_a_format() -> None:
    formats: tuple[Format | None, ...] = (None, "ogg", "mp3", "wav")

    async def listen() -> None:
        async with hall() as there:
            async with asyncio.TaskGroup() as listening:
                for number in range(200):
                    listening.create_task(some_time(there, formats[number % 4]))
                await asyncio.sleep(1.0)
                assert there.voices.listeners == 200
                await there.tell(caption(1, "Hola a todos."))
        assert there.tongue.texts == ["Hola a todos."]
        assert len(there.press.made) == 3

    async def some_time(there: Hall, format: Format | None) -> None:
        async with there.ear(format) as ear:
            await asyncio.sleep(5.0)
        assert len(ear.frames) >= 45

    run_virtual(listen())


def test_a_voice_waits_for_its_listeners_to_come_back() -> None:
    async def listen() -> None:
        async with hall() as there:
            async with there.ear():
                await there.tell(caption(1, "Hola."))
                await asyncio.sleep(1.0)
            await asyncio.sleep(LINGER_S - 1.0)
            await there.tell(caption(2, "Aún aquí."))
            await asyncio.sleep(0.5)
            assert there.tongue.texts == ["Hola.", "Aún aquí."]
            async with there.ear():
                await asyncio.sleep(LINGER_S)
            await asyncio.sleep(LINGER_S + 1.0)
            await there.tell(caption(3, "No hay nadie."))
            await asyncio.sleep(1.0)
            assert there.tongue.texts == ["Hola.", "Aún aquí."]
            async with there.ear() as ear:
                await there.tell(caption(4, "Otra vez."))
                await asyncio.sleep(1.0)
            assert ear.said == ["u4"]

    run_virtual(listen())


def test_nobody_is_waited_for() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as quick:
            async with there.voices.listen(there.room, "es") as slow:
                await there.tell(caption(1, "Hola a todos. " * 10))
                await asyncio.sleep(60.0)
                assert len(quick.frames) == pytest.approx(3_000, abs=2)
                waiting = [await anext(slow) for _ in range(50)]
            assert len(waiting) == 50

    run_virtual(listen())


def test_who_cannot_be_served_is_told_why() -> None:
    async def listen() -> None:
        async with hall() as there:
            there.room.languages = ("en", "es", "fr")
            for language, kind in (("pt", BadInput), ("fr", NoSuchPair)):
                with pytest.raises(kind):
                    await attempt(there.voices, there.room, language)
            there.room.status = "ended"
            with pytest.raises(RoomEnded):
                await attempt(there.voices, there.room, "es")

    run_virtual(listen())


def test_a_room_that_finds_out_what_is_spoken_may_come_to_have_any_language() -> None:
    async def listen() -> None:
        async with Voices(MemoryBus(), studio()) as voices:
            room = StillRoom("auto")
            room.languages = ()
            await attempt(voices, room, "es")
            await voices.check(room, "es")

    run_virtual(listen())


def test_a_process_without_a_synthesizer_says_so() -> None:
    async def listen() -> None:
        async with Voices(MemoryBus(), None) as voices:
            with pytest.raises(TranslationUnavailable, match="does not speak"):
                await attempt(voices, StillRoom(), "es")
            with pytest.raises(TranslationUnavailable):
                await voices.check(StillRoom(), "es")

    run_virtual(listen())


async def attempt(voices: Voices, room: StillRoom, language: str) -> None:
    async with voices.listen(room, language):
        pass


def test_who_listens_to_a_room_that_is_erased_is_told() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await asyncio.sleep(1.0)
            await there.bus.forget("demo")
            await asyncio.sleep(1.0)
        assert isinstance(ear.error, RoomNotFound)

    run_virtual(listen())


def test_one_voice_that_fails_is_not_the_others_trouble() -> None:
    class Broken(MemoryBus):
        async def history(self, room: str, after: Position | None = None) -> History:
            if room == "broken":
                raise ZeroDivisionError
            return await super().history(room, after)

    async def listen() -> None:
        async with hall(bus=Broken()) as there, there.ear() as ear:
            broken = StillRoom()
            broken.settings = broken.settings.__class__("broken", language="en")
            with pytest.raises(CaptionerError, match="failed to speak"):
                await attempt(there.voices, broken, "es")
            await there.tell(caption(1, "Hola."))
            await asyncio.sleep(1.0)
        assert ear.said == ["u1"]

    run_virtual(listen())


def test_a_server_that_stops_lets_everybody_go() -> None:
    async def listen() -> None:
        async with hall() as there:
            async with there.voices.listen(there.room, "es") as listener:
                leaving = asyncio.create_task(there.voices.close())
                await asyncio.sleep(0.1)
                assert listener.going_away
                assert not leaving.done()
            await leaving
            async with there.voices.listen(there.room, "es") as late:
                assert late.going_away

    run_virtual(listen())
