"""Translation by one of several processes, any of which may die, over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from captioner.archive.shared import SharedTranscripts
from captioner.captions.model import Caption
from captioner.rooms.room import RoomSettings
from captioner.translation.stage import Translations
from captioner.translation.text_room import TextTranslates
from tests.redis_servers import RedisServer
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import Process, process
from tests.unit.translation.conftest import Shouter, said, until

pytestmark = pytest.mark.anyio

DEMO = RoomSettings("demo", language="en", translations=("es", "fr"))


class Worker:
    """A process that translates, and its translator."""

    def __init__(self, at: Process) -> None:
        self.at = at
        self.translator = Shouter()
        transcripts = SharedTranscripts(at.redis, at.rooms)

        async def kept(room: str, language: str) -> list[Caption]:
            transcript = await transcripts.transcript(room)
            captions = [c for tag in transcript.languages for c in transcript.captions(tag)]
            return [c for c in captions if c.source is None or c.language == language]

        async def read() -> dict[str, frozenset[str]]:
            return {"demo": frozenset(DEMO.translations)}

        translates = TextTranslates(at.bus, self.translator, kept=kept)
        self.translations = Translations(at.rooms, translates, read=read)
        self.task = asyncio.create_task(self.translations.run())

    async def crash(self) -> None:
        """The whole process is gone."""
        await self.at.crash()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[Worker]:
    async with process(url) as at:
        found = Worker(at)
        try:
            yield found
        finally:
            found.task.cancel()
            await asyncio.gather(found.task, return_exceptions=True)


def works(at: Worker) -> int:
    return len(at.translations.sessions)


async def texts(at: Process, language: str) -> list[str]:
    """The finals of a language, each as often as it was said to be final."""
    events = [event for event in await at.events("demo") if isinstance(event, Caption)]
    found = [event for event in events if event.language == language and event.final]
    return [caption.text for caption in sorted(found, key=lambda caption: caption.start)]


async def until_said(at: Process, language: str, count: int) -> None:
    async with asyncio.timeout(20):
        while len(await texts(at, language)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_language_is_translated_by_one_process_alone(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    async with (
        process(redis_server.url, tmp_path) as archive,
        worker(redis_server.url) as one,
        worker(redis_server.url) as other,
    ):
        room = await archive.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await until(lambda: works(one) + works(other) == 2)
        for number in range(1, 6):
            await room.publish(said(f"u{number}", f"Sentence {number}."))
        await until_said(archive, "es", 5)
        await until_said(archive, "fr", 5)
        assert len(one.translator.asked) + len(other.translator.asked) == 10
        await room.close_track("mic")


async def test_a_worker_dies_in_a_sentence_and_no_caption_is_missing_or_doubled(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    spoken = "So we begin. The budget, as you know"
    async with (
        process(redis_server.url, tmp_path) as archive,
        worker(redis_server.url) as other,
    ):
        room = await archive.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await until(lambda: works(other) == 2)
        async with worker(redis_server.url) as one:
            await room.publish(said("u1", "Hello."))
            await room.publish(said("u2", spoken, final=False))
            await until_said(archive, "es", 1)
            other.translator.free.clear()  # it hangs in the middle of a sentence
            await room.publish(said("u2", f"{spoken}, is late.", 2))
            await room.publish(said("u3", "Questions?"))
            await other.crash()
            await until_said(archive, "es", 3)
            await until_said(archive, "fr", 3)
        for language in DEMO.translations:
            assert await texts(archive, language) == [
                "HELLO.",
                "SO WE BEGIN. THE BUDGET, AS YOU KNOW, IS LATE.",
                "QUESTIONS?",
            ]
        assert archive.store is not None
        transcript = await archive.store.transcript("demo")
        assert [c.rev for c in transcript.captions("es") if c.correction] == []
        assert one.translator.asked
        await room.close_track("mic")


async def test_a_correction_reaches_the_process_that_translates(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    async with (
        process(redis_server.url, tmp_path) as archive,
        worker(redis_server.url) as one,
    ):
        room = await archive.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await until(lambda: works(one) == 2)
        await room.publish(said("u1", "Hello."))
        await until_said(archive, "es", 1)
        await room.publish(replace(said("u1", "Good morning.", 2), correction=True))
        async with asyncio.timeout(10):
            while await texts(archive, "es") != ["GOOD MORNING."]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await room.close_track("mic")


async def test_a_room_ends_when_all_that_was_said_is_translated(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    async with (
        process(redis_server.url, tmp_path) as archive,
        worker(redis_server.url) as one,
    ):
        one.at.rooms.on_ending.append(one.translations.finish)
        room = await archive.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await until(lambda: works(one) == 2)
        one.translator.free.clear()
        for number in range(1, 6):
            await room.publish(said(f"u{number}", f"Sentence {number}."))
        await room.close_track("mic")
        ending = asyncio.create_task(archive.rooms.end("demo"))
        await asyncio.sleep(0.2)
        assert not ending.done()
        one.translator.free.set()
        assert (await ending).status == "ended"
        assert len(await texts(archive, "es")) == len(await texts(archive, "fr")) == 5


async def test_a_room_ends_though_no_process_translates(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    async with process(redis_server.url, tmp_path) as archive:
        room = await archive.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await room.publish(said("u1", "Hello."))
        await room.close_track("mic")
        assert (await archive.rooms.end("demo")).status == "ended"
