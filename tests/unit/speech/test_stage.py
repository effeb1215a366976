"""A voice at work, in virtual time: lines of known lengths, heard frame by frame."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from captioner.bus.memory import MemoryBus
from captioner.captions.model import Gap
from captioner.speech.playback import PAUSE
from captioner.speech.sound import FRAME_BYTES, FRAME_S, Mark
from captioner.speech.stage import PATIENCE_S
from captioner.speech.synthesizer import Line
from tests.unit.speech.hall import hall
from tests.unit.speech.speaking import caption
from tests.unit.speech.studio import PER_LETTER_S, Tongue
from tests.virtual_time import run_virtual


def test_a_frame_comes_every_20_ms_whatever_is_said() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await asyncio.sleep(1.0)
            await there.tell(caption(1, "Hola a todos."))
            await asyncio.sleep(9.0)
        assert len(ear.frames) == pytest.approx(500, abs=2)
        assert {len(frame) for _, frame in ear.frames} == {FRAME_BYTES}
        assert all(at == pytest.approx(n * FRAME_S) for n, (at, _) in enumerate(ear.frames))

    run_virtual(listen())


def test_a_final_is_said_at_once_behind_its_mark() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await asyncio.sleep(2.0)
            await there.tell(caption(1, "Hola a todos."))
            await asyncio.sleep(10.0)
        assert ear.said == ["u1"]
        assert [mark for _, mark in ear.marks] == [Mark("u1", 1.0)]
        assert ear.marks[0][0] == pytest.approx(2.0, abs=0.03)
        assert ear.times("Hola a todos.")[0] == pytest.approx(2.0, abs=0.03)
        assert ear.seconds("Hola a todos.") == pytest.approx(13 * PER_LETTER_S)
        assert ear.sounding == ear.times("Hola a todos.")

    run_virtual(listen())


def test_lines_follow_each_other_after_a_short_pause() -> None:
    async def listen() -> None:
        async with hall(Tongue(delay_s=0.01)) as there, there.ear() as ear:
            await asyncio.sleep(1.0)
            await there.tell(caption(1, "Primera frase."), caption(2, "Otra cosa."))
            await asyncio.sleep(10.0)
        first, second = ear.times("Primera frase."), ear.times("Otra cosa.")
        assert second[0] - first[-1] == pytest.approx((1 + PAUSE) * FRAME_S)
        assert ear.said == ["u1", "u2"]

    run_virtual(listen())


def test_the_next_line_is_synthesised_while_the_present_one_is_played() -> None:
    async def listen() -> None:
        texts = ["Primera frase.", "Segunda frase.", "Tercera frase."]
        async with hall() as there, there.ear() as ear:
            await there.tell(*(caption(n, text) for n, text in enumerate(texts)))
            await asyncio.sleep(20.0)
        begins = [ear.times(text)[0] for text in texts]
        asked = [at for at, _ in there.tongue.asked]
        assert asked[1] == pytest.approx(begins[0])
        assert asked[2] == pytest.approx(begins[1]), "one ahead, and no more"

    run_virtual(listen())


def test_an_open_caption_is_said_as_its_sentences_come() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await there.tell(caption(1, "Hola a todos. Hoy", stable=14))
            await asyncio.sleep(5.0)
            await there.tell(caption(1, "Hola a todos. Hoy no hay nada.", rev=2))
            await asyncio.sleep(5.0)
        assert there.tongue.texts == ["Hola a todos.", "Hoy no hay nada."]
        assert ear.times("Hola a todos.")[-1] < 5.0 <= ear.times("Hoy no hay nada.")[0]
        assert ear.said == ["u1"]

    run_virtual(listen())


def test_other_languages_and_gaps_are_not_said() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await there.tell(caption(1, "Hello.", language="en"), Gap("es", 0.0, 5.0, "paused"))
            await there.tell(caption(1, "Hola."))
            await asyncio.sleep(5.0)
        assert there.tongue.texts == ["Hola."]
        assert ear.said == ["u1"]

    run_virtual(listen())


def test_speakers_have_voices_of_their_own() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear():
            for number, speaker in enumerate(["Eva", "Juan", None, "Eva"]):
                await there.tell(caption(number, "Hola.", speaker=speaker))
            await asyncio.sleep(5.0)
        voices = [line.voice for _, line in there.tongue.asked]
        assert voices == ["alba", "bruno", "alba", "alba"]

    run_virtual(listen())


def test_what_nobody_translated_is_said_in_the_language_it_is_in() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear():
            english = caption(1, "Hello.", speaker="Eva")
            await there.tell(replace(english, source="en", source_rev=1, untranslated=True))
            await asyncio.sleep(5.0)
        assert [line for _, line in there.tongue.asked] == [Line("Hello.", "en", room="demo")]

    run_virtual(listen())


def test_what_is_late_is_said_faster() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await asyncio.sleep(10.0)
            await there.tell(caption(1, "Esto se dijo hace mucho.", end=2.0))
            await asyncio.sleep(0.1)
            assert there.voices.lag == pytest.approx(8.0, abs=0.05)
            await asyncio.sleep(10.0)
            assert there.voices.lag == 0.0
        assert ear.seconds("Esto se dijo hace mucho.") == pytest.approx(24 * PER_LETTER_S / 1.25)

    run_virtual(listen())


def test_the_room_clock_is_heard_where_it_does_not_run() -> None:
    async def listen() -> None:
        async with hall(clock_runs=False) as there, there.ear() as ear:
            late = caption(1, "Esto se dijo hace mucho.", end=2.0)
            await there.tell(replace(late, lag_ms=8_000))
            await asyncio.sleep(10.0)
        assert ear.seconds("Esto se dijo hace mucho.") == pytest.approx(24 * PER_LETTER_S / 1.25)

    run_virtual(listen())


def test_captions_that_are_far_too_late_are_marked_and_counted() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await asyncio.sleep(40.0)
            await there.tell(*(caption(n, f"Número {n}.", start=9.0 * n) for n in range(1, 5)))
            await asyncio.sleep(10.0)
        assert ear.said == ["-u1", "-u2", "u3", "u4"]
        assert len(there.skipped) == 2

    run_virtual(listen())


def test_a_pause_stops_the_voice_within_the_line() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await there.tell(caption(0, "Una frase bastante larga para esto."))
            await there.tell(caption(9, "Y otra más.", start=0.5))
            await asyncio.sleep(1.0)
            await there.turn("paused")
            await there.tell(caption(1, "Nadie lo sabe."))
            await there.tell(caption(1, "Esto es secreto.", start=1.5, rev=2))
            await asyncio.sleep(3.0)
            assert ear.sounding[-1] == pytest.approx(1.0, abs=0.05)
            assert ear.said == ["u0", "-u0"]
            fading = dict(ear.frames)[ear.sounding[-1]]
            assert abs(int.from_bytes(fading[-2:], "little")) < 100
            await there.turn("live")
            await asyncio.sleep(5.0)
        assert ear.seconds("Y otra más.") == pytest.approx(1.1)
        assert ear.seconds("Esto es secreto.") == 0.0

    run_virtual(listen())


def test_when_the_room_ends_what_is_left_is_said_before_the_stream_ends() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await there.tell(caption(1, "Primera frase."), caption(2, "Adiós a todos."))
            await there.turn("ended")
            await asyncio.sleep(20.0)
        assert ear.ended == pytest.approx(2.8 + 2 * PAUSE * FRAME_S, abs=0.1)
        assert ear.seconds("Adiós a todos.") == pytest.approx(1.4)
        assert ear.error is None

    run_virtual(listen())


def test_of_a_room_that_is_erased_nothing_more_is_said() -> None:
    async def listen() -> None:
        async with hall() as there, there.ear() as ear:
            await there.tell(caption(1, "Primera frase."), caption(2, "Adiós a todos."))
            await there.turn("ended")
            await asyncio.sleep(0.5)
            await there.bus.forget("demo")
            await asyncio.sleep(5.0)
        assert ear.ended == pytest.approx(0.5, abs=0.05)

    run_virtual(listen())


def test_a_line_that_fails_is_tried_again() -> None:
    async def listen() -> None:
        tongue = Tongue(failures=Counter({"Hola.": 1}))
        async with hall(tongue) as there, there.ear() as ear:
            await there.tell(caption(1, "Hola."))
            await asyncio.sleep(5.0)
        assert ear.said == ["u1"]
        assert ear.seconds("Hola.") == pytest.approx(0.5)
        assert there.skipped == []

    run_virtual(listen())


def test_a_line_that_fails_twice_is_skipped_and_the_room_goes_on() -> None:
    async def listen() -> None:
        tongue = Tongue(failures=Counter({"Hola.": 2}))
        async with hall(tongue) as there, there.ear() as ear:
            await there.tell(caption(1, "Hola."), caption(2, "Seguimos."))
            await asyncio.sleep(5.0)
        assert ear.said == ["-u1", "u2"]
        assert tongue.texts == ["Hola.", "Hola.", "Seguimos."]
        assert len(there.skipped) == 1

    run_virtual(listen())


def test_what_was_heard_of_a_line_that_fails_is_not_said_again() -> None:
    async def listen() -> None:
        text = "Una frase bastante larga."
        tongue = Tongue(delay_s=0.05, failures=Counter({text: 1}), after=5 * 4801)
        async with hall(tongue) as there, there.ear() as ear:
            await there.tell(caption(1, text), caption(2, "Seguimos."))
            await asyncio.sleep(9.0)
        assert ear.said == ["u1", "-u1", "u2"]
        assert ear.seconds(text) == pytest.approx(0.5, abs=0.03)
        assert tongue.texts == [text, "Seguimos."]

    run_virtual(listen())


def test_a_synthesizer_that_hangs_is_given_up() -> None:
    async def listen() -> None:
        async with hall(Tongue(delay_s=3600.0)) as there, there.ear() as ear:
            await there.tell(caption(1, "Hola."))
            await asyncio.sleep(3 * PATIENCE_S)
        assert ear.said == ["-u1"]
        assert ear.marks[0][0] == pytest.approx(2 * PATIENCE_S, abs=0.05)

    run_virtual(listen())


def test_a_synthesizer_slower_than_speech_has_silences_within_the_line() -> None:
    async def listen() -> None:
        text = "Una frase bastante larga."
        async with hall(Tongue(delay_s=0.2)) as there, there.ear() as ear:
            await there.tell(caption(1, text))
            await asyncio.sleep(10.0)
        assert ear.said == ["u1"]
        assert len(ear.sounding) * FRAME_S == pytest.approx(len(text) * PER_LETTER_S, abs=0.1)
        assert len(ear.frames) == pytest.approx(500, abs=2)

    run_virtual(listen())


def test_events_that_were_missed_are_caught_up_on() -> None:
    async def listen() -> None:
        async with hall(bus=MemoryBus(backlog=2)) as there, there.ear() as ear:
            await there.tell(*(caption(n, f"Número {n}.") for n in range(1, 6)))
            await asyncio.sleep(20.0)
        assert ear.said == ["u1", "u2", "u3", "u4", "u5"]

    run_virtual(listen())


def test_what_was_said_before_the_first_listener_came_is_not_said() -> None:
    async def listen() -> None:
        async with hall() as there:
            await there.tell(caption(1, "Antes."), caption(2, "Ya empezó. Y", stable=10))
            async with there.ear() as ear:
                await there.tell(caption(1, "Mucho antes.", rev=2, correction=True))
                await there.tell(caption(2, "Ya empezó. Y sigue.", rev=2))
                await asyncio.sleep(5.0)
        assert ear.said == ["u2"]
        assert there.tongue.texts == ["Y sigue."]

    run_virtual(listen())
