"""Any process can say who recognises a stream, whichever captions it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from captioner.errors import RedisUnavailable
from captioner.ingest.shared_recognition import SharedRecognition
from captioner.realtime.engines import Upstream
from captioner.rooms.room import RoomSettings
from tests.redis_servers import RedisServer, running_redis
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import Process, process
from tests.unit.rooms.shared.test_room import until

pytestmark = pytest.mark.anyio

WORKING = Upstream("openai")
STANDBY = Upstream("embedded", standby=True, trouble="openai does not accept the key (401)")
NOBODY = Upstream(None, trouble="Nobody answers.")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@dataclass
class Ingest:
    """A process that captions; the test says who recognises."""

    process: Process
    recognition: SharedRecognition
    streams: dict[tuple[str, str], Upstream] = field(default_factory=dict)

    async def open(self, stream: str, upstream: Upstream, room: str = "demo") -> None:
        found = await self.process.rooms.get(room)
        await found.open_track(stream, Speaker(attended=False))
        self.streams[room, stream] = upstream

    async def close(self, stream: str, room: str = "demo") -> None:
        del self.streams[room, stream]
        await (await self.process.rooms.get(room)).close_track(stream)


@asynccontextmanager
async def ingest(url: str, data: Path | None = None) -> AsyncIterator[Ingest]:
    async with process(url, data) as running:
        streams: dict[tuple[str, str], Upstream] = {}
        recognition = SharedRecognition(running.redis, running.leases, lambda: streams)
        telling = asyncio.create_task(recognition.run())
        try:
            yield Ingest(running, recognition, streams)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


@pytest.fixture
async def one(server: RedisServer, tmp_path: Path) -> AsyncIterator[Ingest]:
    """It keeps the rooms `demo` and `other`, too."""
    async with ingest(server.url, tmp_path) as running:
        for room in ("demo", "other"):
            await running.process.rooms.create(RoomSettings(room))
        yield running


@pytest.fixture
async def gateway(one: Ingest, server: RedisServer) -> AsyncIterator[SharedRecognition]:
    async with process(server.url) as running:
        yield SharedRecognition(running.redis, running.leases, dict)


async def until_told(
    asked: SharedRecognition, wanted: dict[str, Upstream], room: str = "demo"
) -> None:
    async with asyncio.timeout(30):
        while (await asked.recognition([room]))[room] != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_who_recognises_is_known_where_the_stream_is_not_captioned(
    one: Ingest, gateway: SharedRecognition
) -> None:
    assert await gateway.recognition(["demo"]) == {"demo": {}}
    await one.open("mic", WORKING)
    await until_told(gateway, {"mic": WORKING})
    one.streams["demo", "mic"] = NOBODY
    await until_told(gateway, {"mic": NOBODY})
    await one.open("second", STANDBY)
    await until_told(gateway, {"mic": NOBODY, "second": STANDBY})
    await one.close("mic")
    await until_told(gateway, {"second": STANDBY})


async def test_a_list_of_rooms_is_answered_at_once(one: Ingest, gateway: SharedRecognition) -> None:
    await one.open("mic", WORKING)
    await one.open("mic", STANDBY, room="other")
    await until_told(gateway, {"mic": WORKING})
    await until_told(gateway, {"mic": STANDBY}, room="other")
    assert await gateway.recognition(["other", "demo", "gone"]) == {
        "other": {"mic": STANDBY},
        "demo": {"mic": WORKING},
        "gone": {},
    }
    assert await gateway.recognition([]) == {}


async def test_a_closed_stream_leaves_nothing_and_an_erased_room_neither(
    one: Ingest, gateway: SharedRecognition, server: RedisServer
) -> None:
    await one.open("mic", WORKING)
    await until_told(gateway, {"mic": WORKING})
    await one.close("mic")
    await until(lambda: not server.ask("EXISTS", "captioner:{demo}:recognition"), "it is gone")
    server.ask("HSET", "captioner:{demo}:recognition", "left", "of a process that died")
    await one.process.rooms.delete("demo")
    assert server.ask("KEYS", "captioner:{demo}:*") == []


async def test_of_a_process_that_died_nothing_is_believed(
    one: Ingest, gateway: SharedRecognition, server: RedisServer
) -> None:
    async with ingest(server.url) as other:
        await other.open("mic", WORKING)
        await until_told(gateway, {"mic": WORKING})
        await other.process.crash()
    await until_told(gateway, {})
    assert server.ask("HEXISTS", "captioner:{demo}:recognition", "mic")


async def test_a_process_takes_back_nothing_that_another_one_told(
    one: Ingest, gateway: SharedRecognition, server: RedisServer
) -> None:
    async with ingest(server.url) as other:
        await other.open("mic", NOBODY)
        await until_told(gateway, {"mic": NOBODY})
        await one.open("mic", WORKING)
        await until_told(gateway, {"mic": WORKING})
        del other.streams["demo", "mic"]
    assert await gateway.recognition(["demo"]) == {"demo": {"mic": WORKING}}


async def test_a_redis_that_forgot_is_told_again(
    one: Ingest, gateway: SharedRecognition, server: RedisServer
) -> None:
    await one.open("mic", WORKING)
    await until_told(gateway, {"mic": WORKING})
    server.ask("DEL", "captioner:{demo}:recognition")
    await until_told(gateway, {"mic": WORKING})


async def test_while_redis_is_away_a_process_knows_of_its_own_streams(
    one: Ingest, gateway: SharedRecognition, server: RedisServer
) -> None:
    await one.open("mic", WORKING)
    await until_told(gateway, {"mic": WORKING})
    server.freeze()
    with pytest.raises(RedisUnavailable):
        await one.process.redis.read(("GET", "captioner:nothing"))
    assert await one.recognition.recognition(["demo"]) == {"demo": {"mic": WORKING}}
    assert await gateway.recognition(["demo"]) == {"demo": {}}
    one.streams["demo", "mic"] = STANDBY
    server.thaw()
    await until_told(gateway, {"mic": STANDBY})
