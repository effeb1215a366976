"""Scripts of one's own that publish an event in the same step as they do something else."""

from __future__ import annotations

import pytest

from captioner.bus.bus import Fence
from captioner.bus.publication import PUBLISH_EVENT, event_args, event_keys, published_at
from captioner.bus.redis import RedisBus
from captioner.captions.model import Caption, Numbered, Position
from captioner.errors import Fenced
from captioner.redis.connection import connected
from captioner.redis.script import Script, key
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.anyio

COMMIT = Script(
    "commit",
    PUBLISH_EVENT
    + """
    local outcome, seq, epoch = publish_event(1, 1)
    if outcome == 'published' then
      redis.call('RPUSH', KEYS[EVENT_KEYS + 1], ARGV[EVENT_ARGS + 1])
    end
    return {outcome, seq, epoch}
    """,
)
ROOM = "publication"


def final(number: int) -> Caption:
    return Caption(f"u{number}", "en", 1, "words", 5, True, 0.0, 1.0, "mic")


async def test_an_event_is_published_in_the_same_step_as_something_else(
    redis_server: RedisServer,
) -> None:
    async with connected(redis_server.url) as redis:
        await redis.wait_until_up()

        async def commit(number: int, fence: Fence) -> Position:
            said = event_args(final(number), publisher="journal", number=number, fence=fence)
            keys = [*event_keys(ROOM), key(ROOM, "journal")]
            return published_at(await redis.run(COMMIT, keys, *said, f"line {number}"))

        holder, former = Fence("room", 2), Fence("room", 1)
        redis_server.ask("HSET", key(ROOM, "holders"), "room", 2)
        async with RedisBus(redis) as bus, bus.subscribe(ROOM) as events:
            first = await commit(1, holder)
            assert await bus.position(ROOM) == first
            second = await commit(2, holder)
            assert await commit(1, holder) == first, "a repetition is where it was"
            with pytest.raises(Fenced):
                await commit(3, former)
            assert await bus.position(ROOM) == second == Position(first.epoch, 2)
            assert [await anext(events) for _ in range(2)] == [
                Numbered(1, final(1)),
                Numbered(2, final(2)),
            ]
        assert redis_server.ask("LRANGE", key(ROOM, "journal"), 0, -1) == ["line 1", "line 2"]
