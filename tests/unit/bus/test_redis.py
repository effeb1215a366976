"""The bus over Redis: several processes, and a server that goes away, forgets and comes back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.bus.bus import Fence, Live
from captioner.bus.publication import channel, event_keys
from captioner.bus.redis import RedisBus
from captioner.captions.model import Caption, Event, Numbered, Position, Unnumbered
from captioner.errors import Fenced, RedisUnavailable, SubscriberTooSlow
from captioner.redis.connection import Redis, connected
from captioner.redis.script import key
from tests.redis_servers import DURABLE, RedisServer, running_redis, running_sentinel

pytestmark = pytest.mark.anyio

ROOM = "demo"


def caption(number: int, rev: int = 1) -> Caption:
    return Caption(f"u{number}", "en", rev, f"words {rev}", 0, False, 0.0, 1.0, "mic")


@dataclass(frozen=True, slots=True)
class Process:
    """What one process of an installation has of its own."""

    bus: RedisBus
    redis: Redis


@asynccontextmanager
async def process(
    url: str, *, backlog: int = 1_000, patience: float = 2.0
) -> AsyncIterator[Process]:
    async with connected(url, patience=patience) as redis:
        await redis.wait_until_up()
        async with RedisBus(redis, backlog=backlog) as bus:
            yield Process(bus, redis)


async def until_down(redis: Redis) -> None:
    while redis.up:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def restarted(server: RedisServer, *processes: Process) -> None:
    server.restart()
    for one in processes:
        await until_down(one.redis)
        await one.redis.wait_until_up()


async def numbered(events: AsyncIterator[Live]) -> Numbered:
    async with asyncio.timeout(10):
        event = await anext(events)
    assert isinstance(event, Numbered)
    return event


async def next_of(events: AsyncIterator[Live], count: int) -> list[tuple[int, Event]]:
    return [(n.seq, n.event) for n in [await numbered(events) for _ in range(count)]]


def calls(server: RedisServer, command: str) -> int:
    """How often the server has executed it."""
    stats = server.ask("INFO", "commandstats")
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


async def test_two_processes_see_the_same_events_in_the_same_order(
    redis_server: RedisServer,
) -> None:
    room = "two-processes"
    async with process(redis_server.url) as one, process(redis_server.url) as other:
        async with one.bus.subscribe(room) as here, other.bus.subscribe(room) as there:
            async with asyncio.TaskGroup() as tasks:
                for number in range(50):
                    tasks.create_task(one.bus.publish(room, caption(number)))
                    tasks.create_task(other.bus.publish(room, caption(100 + number)))
            seen = await next_of(here, 100)
            assert [seq for seq, _ in seen] == list(range(1, 101))
            assert await next_of(there, 100) == seen
            assert await one.bus.history(room) == await other.bus.history(room)


async def test_what_a_process_published_it_reads_at_once(redis_server: RedisServer) -> None:
    room = "own-writes"
    async with process(redis_server.url) as one, one.bus.subscribe(room):
        for number in range(1, 20):
            await one.bus.publish(room, caption(number))
            assert (await one.bus.position(room)).seq == number
            assert len((await one.bus.history(room)).events) == number


async def test_a_thousand_subscribers_are_one_subscription(redis_server: RedisServer) -> None:
    room = "thousand"
    async with process(redis_server.url) as one:
        async with AsyncExitStack() as stack:
            readers = [
                await stack.enter_async_context(one.bus.subscribe(room)) for _ in range(1_000)
            ]
            assert redis_server.ask("PUBSUB", "SHARDNUMSUB", channel(room)) == [channel(room), 1]
            assert redis_server.ask("CLIENT", "LIST").count("name=captioner") == 1
            await one.bus.publish(room, caption(1))
            for reader in readers:
                assert await numbered(reader) == Numbered(1, caption(1))
        await one.redis.read(("EXISTS", channel(room)))
        assert redis_server.ask("PUBSUB", "SHARDNUMSUB", channel(room)) == [channel(room), 0]


async def test_a_storm_of_readers_reads_the_history_once(redis_server: RedisServer) -> None:
    room = "storm"
    async with process(redis_server.url) as one:
        for number in range(10):
            await one.bus.publish(room, caption(number))
        before = calls(redis_server, "xrange")

        async def read() -> None:
            async with one.bus.subscribe(room):
                assert len((await one.bus.history(room)).events) == 10

        async with asyncio.TaskGroup() as tasks:
            for _ in range(5_000):
                tasks.create_task(read())
        assert calls(redis_server, "xrange") == before + 1


async def test_what_was_told_while_the_connection_was_away_is_caught_up_on() -> None:
    with running_redis(*DURABLE) as server:
        async with process(server.url) as one, process(server.url) as other:
            async with one.bus.subscribe(ROOM) as here:
                await other.bus.publish(ROOM, caption(1))
                assert await next_of(here, 1) == [(1, caption(1))]
                server.ask("CLIENT", "KILL", "TYPE", "normal")
                await publish_until_taken(other, caption(2))
                await publish_until_taken(other, caption(2, 2))
                await publish_until_taken(other, caption(3))
                seen = [await numbered(here)]
                while seen[-1].seq < 4:
                    seen.append(await numbered(here))
                # A revision that was replaced meanwhile may be left out, nothing else.
                assert [n.seq for n in seen if n.seq != 2] == [3, 4]
                assert (await one.bus.position(ROOM)).seq == 4


async def publish_until_taken(process: Process, event: Event, room: str = ROOM) -> int:
    """Publish as a room does that meets an outage."""
    while True:
        try:
            return await process.bus.publish(room, event)
        except RedisUnavailable:
            await asyncio.sleep(0.05)


async def read_until(bus: RedisBus, room: str, last: int, begun: asyncio.Event) -> list[Numbered]:
    """All that a reader gets up to this `seq`."""
    seen: list[Numbered] = []
    async with bus.subscribe(room) as events:
        begun.set()
        while not seen or seen[-1].seq < last:
            seen.append(await numbered(events))
    return seen


steps = st.lists(
    st.builds(caption, st.integers(1, 4), st.integers(1, 9)) | st.sampled_from(["cut", "wait"]),
    max_size=25,
)


@settings(max_examples=30)
@given(script=steps)
def test_whoever_is_cut_off_a_reader_ends_with_the_newest_of_everything_and_nothing_twice(
    redis_server: RedisServer, script: list[Caption | str]
) -> None:
    room = f"cut-{secrets.token_hex(4)}"
    said = [step for step in script if not isinstance(step, str)] + [caption(9)]

    async def hold() -> list[Numbered]:
        async with process(redis_server.url) as one, process(redis_server.url) as other:
            begun = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(read_until(one.bus, room, len(said), begun))
                await begun.wait()
                for step in [*script, caption(9)]:
                    if step == "cut":
                        redis_server.ask("CLIENT", "KILL", "TYPE", "pubsub")
                        redis_server.ask("CLIENT", "KILL", "TYPE", "normal")
                    elif step == "wait":
                        await asyncio.sleep(0.01)
                    else:
                        assert not isinstance(step, str)
                        await publish_until_taken(other, step, room)
            return reading.result()

    seen = asyncio.run(hold())
    assert [n.seq for n in seen] == sorted({n.seq for n in seen}), "in order, nothing twice"
    assert all(said[n.seq - 1] == n.event for n in seen), "each event is published once"
    assert newest_of([n.event for n in seen]) == newest_of(said)


def newest_of(events: Sequence[Event]) -> dict[str, int]:
    """The newest revision of every caption."""
    newest: dict[str, int] = {}
    for event in events:
        assert isinstance(event, Caption)
        newest[event.id] = max(event.rev, newest.get(event.id, 0))
    return newest


async def test_a_hole_is_filled_before_what_follows_is_handed_on(redis_server: RedisServer) -> None:
    room = "hole"
    async with process(redis_server.url) as one, process(redis_server.url) as other:
        async with one.bus.subscribe(room) as events:
            position = await other.bus.position(room)
            # What Redis keeps, and nobody was told of.
            state, stream, *_ = event_keys(room)
            redis_server.ask("HINCRBY", state, "seq", 1)
            gap = '{"type":"gap","language":"en","start":1,"end":2,"reason":"lost"}'
            redis_server.ask("XADD", stream, "1-0", "subject", "", "event", gap)
            assert await other.bus.publish(room, caption(2)) == 2
            assert [seq for seq, _ in await next_of(events, 2)] == [1, 2]
            history = await one.bus.history(room, position)
            assert [n.seq for n in history.events] == [1, 2]


async def test_while_redis_is_away_nothing_is_published_and_what_is_known_can_be_read() -> None:
    with running_redis(*DURABLE) as server:
        async with process(server.url) as one, one.bus.subscribe(ROOM) as events:
            await one.bus.publish(ROOM, caption(1))
            assert await next_of(events, 1) == [(1, caption(1))]
            position = await one.bus.position(ROOM)
            server.stop()
            await until_down(one.redis)
            with pytest.raises(RedisUnavailable):
                await one.bus.publish(ROOM, caption(2))
            assert await one.bus.position(ROOM) == position
            assert len((await one.bus.history(ROOM)).events) == 1
            with pytest.raises(RedisUnavailable):
                await one.bus.history("another room")
            with pytest.raises(RedisUnavailable):
                await one.bus.position("another room")
            with pytest.raises(RedisUnavailable):
                async with one.bus.subscribe("another room"):
                    raise AssertionError("nobody can say where the room stands")

            one.bus.show(ROOM, caption(2))
            assert await anext(events) == Unnumbered(caption(2))

            server.start()
            await one.redis.wait_until_up()
            assert await one.bus.publish(ROOM, caption(2)) == 2
            assert await next_of(events, 1) == [(2, caption(2))]
            assert (await one.bus.history(ROOM, position)).recovered


async def test_a_server_that_keeps_everything_keeps_the_epoch_when_it_is_killed() -> None:
    with running_redis(*DURABLE) as server:
        async with process(server.url) as one:
            await one.bus.publish(ROOM, caption(1))
            before = await one.bus.position(ROOM)
            server.kill()
            server.start()
            await until_down(one.redis)
            await one.redis.wait_until_up()
            assert await one.bus.publish(ROOM, caption(2)) == 2
            history = await one.bus.history(ROOM, before)
            assert history.recovered
            assert [n.event for n in history.events] == [caption(2)]


@pytest.mark.parametrize("read", [False, True])
async def test_a_server_that_kept_nothing_has_another_epoch_and_says_so(read: bool) -> None:
    with running_redis() as server:
        async with process(server.url) as one, AsyncExitStack() as stack:
            if read:
                events = await stack.enter_async_context(one.bus.subscribe(ROOM))
            await one.bus.publish(ROOM, caption(1))
            before = await one.bus.position(ROOM)
            await restarted(server, one)
            assert await one.bus.publish(ROOM, caption(2)) == 1
            if read:
                with pytest.raises(SubscriberTooSlow):
                    await next_of(events, 2)
            history = await one.bus.history(ROOM, before)
            assert not history.recovered
            assert history.position.epoch != before.epoch
            assert [n.event for n in history.events] == [caption(2)]


async def test_a_server_that_may_have_lost_the_newest_has_another_epoch_and_goes_on_counting() -> (
    None
):
    with running_redis("--appendonly", "yes", "--appendfsync", "everysec") as server:
        async with process(server.url) as one:
            await one.bus.publish(ROOM, caption(1))
            before = await one.bus.position(ROOM)
            await restarted(server, one)
            history = await one.bus.history(ROOM, before)
            assert (history.recovered, len(history.events)) == (False, 1)
            assert history.position.epoch != before.epoch
            assert await one.bus.publish(ROOM, caption(2)) == 2
            assert (await one.bus.history(ROOM, history.position)).recovered


async def test_a_replica_that_takes_over_has_another_epoch() -> None:
    with running_sentinel() as (sentinel, master, _):
        async with process(sentinel.url) as one, one.bus.subscribe(ROOM) as events:
            await one.bus.publish(ROOM, caption(1))
            before = await one.bus.position(ROOM)
            master.ask("WAIT", 1, 5_000)
            master.kill()
            await until_down(one.redis)
            await one.redis.wait_until_up()
            assert await one.bus.publish(ROOM, caption(2)) == 2
            with pytest.raises(SubscriberTooSlow):
                await next_of(events, 3)
            history = await one.bus.history(ROOM, before)
            assert (history.recovered, len(history.events)) == (False, 2)


async def test_a_server_that_pauses_is_waited_for_and_then_not() -> None:
    with running_redis() as server:
        async with process(server.url, patience=0.5) as one, one.bus.subscribe(ROOM) as events:
            before = await one.bus.position(ROOM)
            server.ask("CLIENT", "PAUSE", 2_000, "ALL")
            with pytest.raises(RedisUnavailable):
                await one.bus.publish(ROOM, caption(1))
            await one.redis.wait_until_up()
            assert await one.bus.publish(ROOM, caption(1)) == 1
            assert await next_of(events, 1) == [(1, caption(1))]
            assert (await one.bus.history(ROOM, before)).recovered


async def test_a_full_server_takes_no_events_and_loses_none() -> None:
    with running_redis() as server:
        async with process(server.url) as one, one.bus.subscribe(ROOM) as events:
            await one.bus.publish(ROOM, caption(1))
            server.ask("CONFIG", "SET", "maxmemory", 1)
            with pytest.raises(RedisUnavailable, match="out of memory"):
                await one.bus.publish(ROOM, caption(2))
            server.ask("CONFIG", "SET", "maxmemory", 0)
            assert await one.bus.publish(ROOM, caption(2)) == 2
            assert await next_of(events, 2) == [(1, caption(1)), (2, caption(2))]


async def test_an_event_whose_answer_was_lost_is_not_published_twice() -> None:
    with running_redis() as server:
        async with process(server.url, patience=0.5) as one, process(server.url) as other:
            async with other.bus.subscribe(ROOM) as events:
                await one.bus.publish(ROOM, caption(1))
                server.freeze()
                # It is sent, and executed once the server goes on, when nobody waits any more.
                with pytest.raises(RedisUnavailable):
                    await one.bus.publish(ROOM, caption(2))
                server.thaw()
                await one.redis.wait_until_up()
                assert await next_of(events, 2) == [(1, caption(1)), (2, caption(2))]
                assert await one.bus.publish(ROOM, caption(2)) == 2
                assert await one.bus.publish(ROOM, caption(3)) == 3
                assert await next_of(events, 1) == [(3, caption(3))]


async def test_the_same_event_published_twice_is_two_events(redis_server: RedisServer) -> None:
    async with process(redis_server.url) as one:
        assert await one.bus.publish("twice", caption(1)) == 1
        assert await one.bus.publish("twice", caption(1)) == 2


async def test_only_the_holder_of_a_duty_publishes(redis_server: RedisServer) -> None:
    room = "fenced"
    async with process(redis_server.url) as one:
        redis_server.ask("HSET", key(room, "holders"), "room", 7)
        assert await one.bus.publish(room, caption(1), fence=Fence("room", 7)) == 1
        for fence in (Fence("room", 6), Fence("another duty", 7)):
            with pytest.raises(Fenced):
                await one.bus.publish(room, caption(2), fence=fence)
        assert (await one.bus.position(room)).seq == 1


async def test_a_room_that_another_process_forgets_ends_here_and_begins_anew(
    redis_server: RedisServer,
) -> None:
    room = "forgotten"
    async with process(redis_server.url) as one, process(redis_server.url) as other:
        await one.bus.publish(room, caption(1))
        before = await one.bus.position(room)
        async with one.bus.subscribe(room) as events:
            await other.bus.forget(room)
            async with asyncio.timeout(10):
                assert [event async for event in events] == []
            assert await other.bus.publish(room, caption(2)) == 1
            async with one.bus.subscribe(room) as anew:
                assert await one.bus.publish(room, caption(3)) == 2
                assert await next_of(anew, 1) == [(2, caption(3))]
                assert not (await one.bus.history(room, before)).recovered
        assert redis_server.ask("EXISTS", key(room, "events")) == 1


async def test_nothing_of_a_forgotten_room_stays(redis_server: RedisServer) -> None:
    room = "erased"
    async with process(redis_server.url) as one:
        await one.bus.publish(room, caption(1))
        await one.bus.forget(room)
        assert redis_server.ask("KEYS", key(room, "*")) == []


async def test_what_is_kept_of_a_busy_room_is_bounded(redis_server: RedisServer) -> None:
    room = "busy"
    async with connected(redis_server.url) as redis:
        await redis.wait_until_up()
        async with RedisBus(redis, keep_events=10) as bus:
            for number in range(50):
                for rev in (1, 2):
                    await bus.publish(room, caption(number, rev))
        state, stream, newest, publishers, *_ = event_keys(room)
        assert redis_server.ask("XLEN", stream) == 10
        assert redis_server.ask("HLEN", newest) == 10
        assert redis_server.ask("HLEN", publishers) == 1
        assert (
            len(redis_server.ask("HGET", publishers, redis_server.ask("HKEYS", publishers)[0]))
            <= 256
        )
        assert redis_server.ask("HGET", state, "dropped") == "80"


async def test_an_event_of_a_kind_that_is_not_known_yet_is_left_out(
    redis_server: RedisServer,
) -> None:
    room = "newer"
    async with process(redis_server.url) as one:
        await one.bus.publish(room, caption(1))
        state, stream, *_ = event_keys(room)
        redis_server.ask("HINCRBY", state, "seq", 1)
        redis_server.ask("XADD", stream, "2-0", "subject", "", "event", '{"type":"dance"}')
        epoch = (await one.bus.position(room)).epoch
        async with one.bus.subscribe(room) as events:
            redis_server.ask("HINCRBY", state, "seq", 1)
            redis_server.ask("SPUBLISH", channel(room), f'{epoch} 3 {{"type":"dance"}}')
            assert await one.bus.publish(room, caption(4)) == 4
            assert await next_of(events, 1) == [(4, caption(4))]
            assert await one.bus.position(room) == Position(epoch, 4)
