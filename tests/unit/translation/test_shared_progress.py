"""Any process can say how a room is translated, whichever translates it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from captioner.errors import NoSuchPair
from captioner.translation.progress import Progress
from captioner.translation.shared_progress import SharedProgress
from tests.redis_servers import RedisServer
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import Process, process
from tests.unit.translation.conftest import said
from tests.unit.translation.test_shared import DEMO, worker

pytestmark = pytest.mark.anyio

WELL = Progress("shouter")


@asynccontextmanager
async def telling(progress: SharedProgress) -> AsyncIterator[None]:
    task = asyncio.create_task(progress.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_told(
    known: Callable[[], Awaitable[dict[str, dict[str, Progress]]]], expected: dict[str, Progress]
) -> None:
    async with asyncio.timeout(20):
        while (await known())["demo"] != expected:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def asking(at: Process) -> Callable[[], Awaitable[dict[str, dict[str, Progress]]]]:
    """What a process that translates nothing knows."""
    progress = SharedProgress(at.redis, at.leases, dict)
    return lambda: progress.progress(["demo"])


async def test_how_it_goes_is_known_to_a_process_that_does_not_translate(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    async with (
        process(redis_server.url, tmp_path) as archive,
        worker(redis_server.url) as one,
        telling(SharedProgress(one.at.redis, one.at.leases, one.translations.progress)),
    ):
        known = asking(archive)
        assert await known() == {"demo": {}}
        room = await archive.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await until_told(known, {"es": WELL, "fr": WELL})
        one.translator.trouble = NoSuchPair("nobody translates that")
        await room.publish(said("u1", "Hello."))
        bad = Progress("shouter", "nobody translates that")
        await until_told(known, {"es": bad, "fr": bad})
        await room.close_track("mic")


async def test_nothing_is_believed_of_a_process_that_died(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    async with process(redis_server.url, tmp_path) as archive, worker(redis_server.url) as one:
        known = asking(archive)
        async with telling(SharedProgress(one.at.redis, one.at.leases, one.translations.progress)):
            room = await archive.rooms.create(DEMO)
            await room.open_track("mic", Speaker())
            await until_told(known, {"es": WELL, "fr": WELL})
            await one.crash()
            await until_told(known, {})
        await room.close_track("mic")
