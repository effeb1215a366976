"""What is read of which rooms, by the readers of several processes, over a real Redis."""

from __future__ import annotations

import pytest

from captioner.delivery import shared_reading
from captioner.delivery.shared_reading import SharedReading
from captioner.redis.connection import connected
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.anyio


async def test_a_process_knows_what_is_read_at_another(redis_server: RedisServer) -> None:
    redis_server.ask("FLUSHALL")
    async with connected(redis_server.url) as redis:
        await redis.wait_until_up()
        one = SharedReading(redis, lambda: {"demo": frozenset({"es", "pt-BR"})})
        other = SharedReading(redis, lambda: {"demo": frozenset({"fr"}), "hall": frozenset({"es"})})
        await one.languages()
        assert await other.languages() == {
            "demo": frozenset({"es", "fr", "pt-BR"}),
            "hall": frozenset({"es"}),
        }


async def test_what_a_process_said_that_is_gone_is_forgotten(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_server.ask("FLUSHALL")
    monkeypatch.setattr(shared_reading, "HOLDS_S", 0.0)
    async with connected(redis_server.url) as redis:
        await redis.wait_until_up()
        gone = SharedReading(redis, lambda: {"demo": frozenset({"es"})})
        await gone.languages()
        assert await SharedReading(redis, lambda: {}).languages() == {}
