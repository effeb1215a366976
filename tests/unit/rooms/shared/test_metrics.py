"""What a process that shares rooms counts of its share of the work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from captioner.errors import RedisUnavailable
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.leases import TIME_TO_LIVE_S
from tests.redis_servers import RedisServer, running_redis
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import process
from tests.unit.rooms.shared.test_room import caption, until

pytestmark = pytest.mark.anyio

DEMO = RoomSettings("demo", language="en")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


async def test_a_room_is_kept_by_one_process_and_taken_over_by_the_other(
    server: RedisServer, tmp_path: Path
) -> None:
    async with process(server.url, tmp_path / "one") as one:
        room = await one.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        assert (one.counted("rooms_kept"), one.counted("keeper_takeovers_total")) == (1, 0)
        async with process(server.url, tmp_path / "other") as other:
            assert (other.counted("rooms_kept"), other.counted("keeper_takeovers_total")) == (0, 0)
            await one.crash()
            await until(lambda: other.counted("rooms_kept"), "the other one keeps the room")
            assert other.counted("keeper_takeovers_total") == 1
            await other.rooms.delete("demo")
            await until(lambda: not other.counted("rooms_kept"), "the room is gone")


async def test_a_room_that_nobody_kept_is_taken_over_from_nobody(
    server: RedisServer, tmp_path: Path
) -> None:
    async with process(server.url, tmp_path) as one:
        await one.rooms.create(DEMO)
        await one.rooms.pause("demo")
        assert (one.counted("rooms_kept"), one.counted("keeper_takeovers_total")) == (1, 0)


async def test_what_is_shown_while_redis_is_away_is_counted(
    server: RedisServer, tmp_path: Path
) -> None:
    async with process(server.url, tmp_path) as one:
        room = await one.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await room.publish(caption("u1", "On", final=False))
        assert one.counted("events_unnumbered_total") == 0
        server.freeze()
        with pytest.raises(RedisUnavailable):
            await one.redis.read(("GET", "captioner:nothing"))
        await room.publish(caption("u1", "One", rev=2, final=False))
        await room.publish(caption("u1", "One.", rev=3))
        assert one.counted("events_unnumbered_total") == 2
        server.thaw()


async def test_a_process_that_slept_counts_what_others_do_now(
    server: RedisServer, tmp_path: Path
) -> None:
    async with process(server.url, tmp_path) as one, process(server.url) as other:
        lease = await other.leases.acquire("demo", "track/mic")
        assert lease is not None
        server.ask("DEL", "captioner:{demo}:lease:track/mic")  # as if it had slept
        assert await one.leases.acquire("demo", "track/mic", patience_s=TIME_TO_LIVE_S)
        await asyncio.wait_for(lease.lost.wait(), 30)
        assert (other.counted("leases_lost_total"), one.counted("leases_lost_total")) == (1, 0)
