"""A Redis that is stopped, or killed, under a server that shares its rooms over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.http import create_room, request, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import Reader, reading
from tests.e2e.speech import RATE
from tests.processes import Server, running_server
from tests.realtime_faults import FaultServer, on_sockets, spoken
from tests.redis_servers import RedisServer, running_redis

pytestmark = pytest.mark.anyio

ROOM = "meeting"
UTTERANCES = [f"w{2 * n + 1} w{2 * n + 2}" for n in range(16)]
SAID = " ".join(UTTERANCES)


@asynccontextmanager
async def spoken_in(server: Server) -> AsyncIterator[tuple[Reader, asyncio.Task[None]]]:
    """A room in which somebody speaks for twenty seconds; its reader, and the publishing."""
    await asyncio.to_thread(create_room, server.url, ROOM)
    samples = spoken(*UTTERANCES, pause_s=0.8, rate=RATE)
    publisher = Publisher(server.ws_url, ROOM, samples)
    async with reading(server.ws_url, ROOM) as reader, asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publisher.publish())
        await reader.until(lambda read: len(read.finals) >= 3, "captions come")
        yield reader, publishing


def shown(reader: Reader) -> str:
    """All that the reader sees, final or not."""
    captions = sorted(reader.captions.values(), key=lambda caption: float(caption["start"]))
    return " ".join(caption["text"] for caption in captions if caption["text"])


async def check(server: Server, reader: Reader) -> None:
    await reader.until(lambda read: read.text == SAID, "the reader has every word, once")
    text = await asyncio.to_thread(transcript, server.url, ROOM)
    assert " ".join(text.split()) == SAID


@asynccontextmanager
async def running(tmp_path: Path, redis: RedisServer) -> AsyncIterator[Server]:
    async with on_sockets(FaultServer()) as engine:
        options = ("--redis", redis.url, "--engine", f"captioner+{engine}")
        start = running_server(tmp_path, *options)
        server = await asyncio.to_thread(start.__enter__)
        try:
            yield server
        finally:
            await asyncio.to_thread(start.__exit__, None, None, None)


async def test_while_redis_is_stopped_readers_go_on_and_afterwards_nothing_is_missing(
    tmp_path: Path,
) -> None:
    with running_redis() as redis:
        async with running(tmp_path, redis) as server, spoken_in(server) as (reader, publishing):
            before = len(reader.finals)
            redis.freeze()
            await reader.until(
                lambda read: len(shown(read).split()) >= 2 * before + 8, "captions come"
            )
            assert len(reader.finals) <= before + 1, "nothing is final that is not journalled"
            status, _ = await asyncio.to_thread(request, f"{server.url}/readyz")
            assert status == 503
            redis.thaw()
            await publishing
            await check(server, reader)


async def test_a_redis_that_dies_with_all_that_it_knows_takes_nothing_with_it(
    tmp_path: Path,
) -> None:
    with running_redis() as redis:
        async with running(tmp_path, redis) as server, spoken_in(server) as (reader, publishing):
            epoch = reader.epoch
            redis.kill()
            await asyncio.sleep(3)
            redis.start()
            await publishing
            await check(server, reader)
            assert reader.epoch != epoch
