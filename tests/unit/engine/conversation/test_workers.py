"""Who waits for whom when much is to be translated and spoken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import numpy as np
import pytest

from captioner.engine.conversation.abilities import Abilities
from captioner.engine.conversation.tasks import Translation
from captioner.engine.conversation.workers import FRAME, Workers
from captioner.engine.protocol_error import ProtocolError
from captioner.errors import NoSuchPair
from tests.unit.engine.conversation.tones import Tones

pytestmark = pytest.mark.anyio

TASK = Translation("en", "es", (("a", "b"),))


class Reluctant:
    """Translates and speaks once it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.most_at_once = 0
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self._at_once = 0
        self._lock = threading.Lock()

    def translate(
        self, text: str, source: str, target: str, terms: Sequence[tuple[str, str]] = ()
    ) -> str:
        with self._lock:
            self.asked.append(text)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.begun.release()
        self.go.wait()
        with self._lock:
            self._at_once -= 1
        return f"{text} {source} {target} {terms}"


@asynccontextmanager
async def working(abilities: Abilities, threads: int = 2) -> AsyncIterator[Workers]:
    workers = Workers(abilities, threads)
    try:
        yield workers
    finally:
        await workers.close()


async def test_only_so_many_are_translated_at_once() -> None:
    translator = Reluctant()
    async with working(Abilities(translates=translator)) as workers, asyncio.TaskGroup() as tasks:
        texts = [tasks.create_task(workers.translate(str(n), TASK)) for n in range(6)]
        for _ in range(2):
            await asyncio.to_thread(translator.begun.acquire)
        translator.go.set()
    assert [text.result() for text in texts] == [f"{n} en es (('a', 'b'),)" for n in range(6)]
    assert translator.most_at_once == 2


async def test_what_is_cancelled_before_its_turn_is_never_done() -> None:
    translator = Reluctant()
    async with working(Abilities(translates=translator), threads=1) as workers:
        first = asyncio.create_task(workers.translate("first", TASK))
        await asyncio.to_thread(translator.begun.acquire)
        second = asyncio.create_task(workers.translate("second", TASK))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        translator.go.set()
        await first
    assert translator.asked == ["first"]


async def test_translations_do_not_wait_behind_speech() -> None:
    translator, tones = Reluctant(), Tones()
    translator.go.set()
    async with working(Abilities(translator, tones), threads=1) as workers:
        async with aclosing(workers.speak("9000", "en")) as sound:
            begun = asyncio.create_task(anext(sound))
            assert (await workers.translate("text", TASK)).startswith("text")
            tones.go.set()
            assert (await begun).size == FRAME


async def test_speech_comes_in_even_frames_and_nothing_is_lost() -> None:
    tones = Tones()
    tones.go.set()
    async with working(Abilities(speaks=tones)) as workers:
        frames = [frame async for frame in workers.speak("10500", "en", "low")]
    assert [frame.size for frame in frames] == [FRAME, FRAME, 10_500 - 2 * FRAME]
    assert np.array_equal(np.concatenate(frames), np.arange(10_500))


async def test_of_several_speeches_all_begin_before_one_is_over() -> None:
    tones = Tones()
    tones.go.set()

    async def hear(workers: Workers, text: str) -> None:
        async for _ in workers.speak(text, "en"):
            pass

    async with working(Abilities(speaks=tones), threads=1) as workers, asyncio.TaskGroup() as tasks:
        for text in ("50000", "50001"):
            tasks.create_task(hear(workers, text))
    assert tones.spoken.index("50001") < len(tones.spoken) / 4


async def test_speech_that_nobody_hears_any_more_is_given_up() -> None:
    tones = Tones()
    tones.go.set()
    async with working(Abilities(speaks=tones)) as workers:
        async with aclosing(workers.speak("1000000", "en")) as sound:
            await anext(sound)
    assert tones.closed == ["1000000"] and len(tones.spoken) <= 6


async def test_whoever_asks_for_the_voices_of_a_language_finds_the_best_of_them_loading() -> None:
    tones = Tones()
    async with working(Abilities(speaks=tones)) as workers:
        assert await workers.voices("en") == ("high", "low")
        assert await workers.voices("fi") == ()
    assert tones.prepared == ["en"]
    async with working(Abilities()) as workers:
        assert await workers.voices("en") == ()


async def test_a_voice_that_is_not_is_refused_with_those_that_are() -> None:
    async with working(Abilities(speaks=Tones())) as workers:
        with pytest.raises(ProtocolError, match="high, low"):
            await anext(workers.speak("1", "en", "marin"))
        with pytest.raises(NoSuchPair):
            await anext(workers.speak("1", "fi"))
        with pytest.raises(ProtocolError, match="pip install"):
            await workers.translate("text", TASK)
