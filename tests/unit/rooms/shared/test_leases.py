"""Duties that one process at a time does, on a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from captioner.errors import RedisUnavailable
from captioner.redis.connection import Redis, connected
from captioner.redis.script import key
from captioner.rooms.shared.leases import Lease, Leases
from tests.redis_servers import RedisServer, running_redis

pytestmark = pytest.mark.anyio

ROOM = "demo"
SHORT_S = 0.4


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    server.ask("FLUSHALL")
    async with connected(server.url) as redis:
        await redis.wait_until_up()
        yield redis


@pytest.fixture
async def processes(redis: Redis) -> AsyncIterator[tuple[Leases, Leases]]:
    async with (
        Leases(redis, time_to_live_s=SHORT_S) as one,
        Leases(redis, time_to_live_s=SHORT_S) as other,
    ):
        yield one, other


async def acquired(leases: Leases, patience_s: float = 0.0) -> Lease:
    lease = await leases.acquire(ROOM, "archive", patience_s=patience_s)
    assert lease is not None
    return lease


async def holder(redis: Redis) -> bytes:
    [token] = await redis.read(("HGET", key(ROOM, "holders"), "archive"))
    assert isinstance(token, bytes)
    return token


async def test_one_process_at_a_time_does_a_duty(processes: tuple[Leases, Leases]) -> None:
    one, other = processes
    lease = await acquired(one)
    assert await other.acquire(ROOM, "archive") is None
    assert await other.acquire(ROOM, "translate/es") is not None
    assert await other.acquire("another", "archive") is not None
    await one.release(lease)
    assert (await acquired(other)).fence.token > lease.fence.token


async def test_a_lease_is_renewed_for_as_long_as_its_process_lives(
    processes: tuple[Leases, Leases],
) -> None:
    one, other = processes
    await acquired(one)
    assert await other.acquire(ROOM, "archive", patience_s=3 * SHORT_S) is None


async def test_a_dead_process_loses_its_duties_to_the_one_that_waits(redis: Redis) -> None:
    async with Leases(redis, time_to_live_s=SHORT_S) as successor, AsyncExitStack() as life:
        dead = await life.enter_async_context(Leases(redis, time_to_live_s=SHORT_S))
        before = await acquired(dead)
        await life.aclose()
        after = await acquired(successor, patience_s=20.0)
    assert after.fence.token > before.fence.token
    assert await holder(redis) == str(after.fence.token).encode()


async def test_a_process_that_slept_is_told_that_somebody_else_took_over(redis: Redis) -> None:
    async with Leases(redis, time_to_live_s=SHORT_S) as awake:
        async with AsyncExitStack() as life:
            asleep = await life.enter_async_context(Leases(redis, time_to_live_s=1e6))
            told: list[str] = []
            lease = await asleep.acquire(ROOM, "archive", on_lost=lambda: told.append("lost"))
            assert lease is not None
            await redis.read(("DEL", key(ROOM, "lease:archive")))  # what time does to it
            await acquired(awake)
            await asleep.renew()
            assert told == ["lost"] and lease.lost.is_set()


async def test_whoever_is_not_needed_gives_way(processes: tuple[Leases, Leases]) -> None:
    one, other = processes
    needed = True
    lease = await one.acquire(ROOM, "archive", free=lambda: not needed)
    assert lease is not None
    assert await other.acquire(ROOM, "archive") is None
    needed = False
    await acquired(other, patience_s=20.0)
    async with asyncio.timeout(20.0):
        await lease.lost.wait()


async def test_one_that_was_released_is_not_taken_for_forgotten(
    redis: Redis, processes: tuple[Leases, Leases]
) -> None:
    one, other = processes
    lease = await acquired(one)
    await redis.read(("DEL", key(ROOM, "lease:archive")))
    await other.release(await acquired(other))
    await one.renew()
    assert lease.lost.is_set()


async def test_a_redis_that_forgot_everything_learns_who_does_what(
    redis: Redis, processes: tuple[Leases, Leases]
) -> None:
    one, other = processes
    lease = await acquired(one)
    await redis.read(("DEL", key(ROOM, "holders"), key(ROOM, "fence")))
    await one.renew()
    assert await holder(redis) == str(lease.fence.token).encode()
    assert await other.acquire(ROOM, "archive") is None
    newer = await other.acquire(ROOM, "translate/es")
    assert newer is not None and newer.fence.token > lease.fence.token


async def test_while_redis_is_away_nobody_loses_anything(server: RedisServer) -> None:
    with running_redis() as away:
        async with connected(away.url) as redis, Leases(redis, time_to_live_s=SHORT_S) as leases:
            await redis.wait_until_up()
            lease = await acquired(leases)
            away.freeze()
            with pytest.raises(RedisUnavailable):
                await leases.alive(ROOM, "archive")
            await leases.renew()
            assert not lease.lost.is_set()
            away.thaw()
            await redis.wait_until_up()
            await leases.renew()
            assert await leases.alive(ROOM, "archive")
