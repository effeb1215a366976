"""A Redis that is away, forgets or is full, while rooms are captioned."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from captioner.bus.bus import Live
from captioner.captions.model import Caption, Numbered, Settled, Unnumbered
from captioner.errors import RedisUnavailable, SubscriberTooSlow
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.room import SharedRoom
from tests.redis_servers import RedisServer, running_redis, running_sentinel
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import Process, process
from tests.unit.rooms.shared.test_room import caption, settled, until

pytestmark = pytest.mark.anyio

DEMO = RoomSettings("demo", language="en")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@asynccontextmanager
async def captioned(server: RedisServer, data: Path) -> AsyncIterator[tuple[Process, SharedRoom]]:
    """A process in which somebody speaks."""
    async with process(server.url, data) as running:
        room = await running.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await room.publish(caption("u1", "One."), settled=Settled("mic", 1.0))
        await settled(room, 1.0)
        yield running, room


@asynccontextmanager
async def reading(running: Process) -> AsyncIterator[list[Live]]:
    """What a reader of the process gets, as it comes."""
    got: list[Live] = []
    subscribed = asyncio.Event()

    async def read() -> None:
        while True:
            async with running.bus.subscribe("demo") as events:
                subscribed.set()
                try:
                    async for live in events:
                        got.append(live)  # noqa: PERF401  each as it comes
                    return
                except SubscriberTooSlow:
                    continue

    task = asyncio.create_task(read())
    await subscribed.wait()
    try:
        yield got
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def texts(got: list[Live], kind: type[Numbered] | type[Unnumbered]) -> list[tuple[str, bool]]:
    """Texts of captions and whether they are final."""
    captions = [live.event for live in got if isinstance(live, kind)]
    return [(c.text, c.final) for c in captions if isinstance(c, Caption)]


async def noticed(running: Process) -> None:
    """Wait until the process knows that Redis is away."""
    await until(lambda: not running.redis.up, "Redis is known to be away")


async def away(running: Process, server: RedisServer) -> None:
    server.freeze()
    with pytest.raises(RedisUnavailable):
        await running.redis.read(("GET", "captioner:nothing"))
    await noticed(running)


async def test_while_redis_is_away_readers_here_go_on_and_all_is_complete_afterwards(
    server: RedisServer, tmp_path: Path
) -> None:
    async with captioned(server, tmp_path) as (running, room), reading(running) as got:
        await away(running, server)
        await room.publish(caption("u2", "Two", final=False, start=1.0))
        await room.publish(caption("u2", "Two.", rev=2, start=1.0), settled=Settled("mic", 2.0))
        await room.publish(caption("u3", "Thr", final=False, start=2.0))
        await until(lambda: len(texts(got, Unnumbered)) == 3, "readers are shown all")
        assert texts(got, Unnumbered) == [("Two", False), ("Two.", False), ("Thr", False)]
        assert room.settled("mic") == 1.0
        server.thaw()
        await settled(room, 2.0)
        assert await running.finals("demo") == ["One.", "Two."]
        await until(lambda: ("Thr", False) in texts(got, Numbered), "the open caption is numbered")
        finals = [
            live.event for live in got if isinstance(live.event, Caption) and live.event.final
        ]
        shown = [live.event for live in got if isinstance(live, Unnumbered)]
        assert [final.rev for final in finals] == [3], "higher than what was shown"
        assert [c.rev for c in shown if isinstance(c, Caption) and c.id == "u2"] == [1, 2]


async def test_a_redis_that_syncs_every_write_is_gone_on_with_where_it_stopped(
    tmp_path: Path,
) -> None:
    with running_redis("--appendonly", "yes", "--appendfsync", "always") as server:
        async with captioned(server, tmp_path) as (running, room):
            before = await running.bus.position("demo")
            server.kill()
            server.start()
            await noticed(running)
            await running.redis.wait_until_up()
            await room.publish(caption("u2", "Two.", start=1.0), settled=Settled("mic", 2.0))
            await settled(room, 2.0)
            history = await running.bus.history("demo", before)
            assert history.recovered and history.position.epoch == before.epoch
            assert await running.finals("demo") == ["One.", "Two."]


async def test_a_redis_that_forgot_everything_learns_it_again(
    server: RedisServer, tmp_path: Path
) -> None:
    async with captioned(server, tmp_path) as (running, room):
        before = await running.bus.position("demo")
        await room.publish(caption("u2", "Tw", final=False, start=1.0))
        server.kill()
        server.start()
        await noticed(running)
        await running.redis.wait_until_up()
        await room.publish(caption("u2", "Two.", rev=2, start=1.0), settled=Settled("mic", 2.0))
        await settled(room, 2.0)
        history = await running.bus.history("demo", before)
        assert not history.recovered and history.position.epoch != before.epoch
        assert await running.finals("demo") == ["One.", "Two."]
        async with process(server.url) as other:
            assert (await other.rooms.get("demo")).status == "live"
            assert await other.finals("demo") == ["One.", "Two."]


async def test_a_redis_without_memory_to_spare_is_as_one_that_is_away(
    server: RedisServer, tmp_path: Path
) -> None:
    async with captioned(server, tmp_path) as (running, room), reading(running) as got:
        server.ask("CONFIG", "SET", "maxmemory", "1")
        await room.publish(caption("u2", "Two", final=False, start=1.0))
        await until(lambda: texts(got, Unnumbered), "readers here go on")
        await room.publish(caption("u2", "Two.", rev=2, start=1.0), settled=Settled("mic", 2.0))
        server.ask("CONFIG", "SET", "maxmemory", "0")
        await settled(room, 2.0)
        assert await running.finals("demo") == ["One.", "Two."]


async def test_when_another_redis_takes_over_rooms_go_on_there(tmp_path: Path) -> None:
    with running_sentinel() as (sentinel, master, _):
        async with captioned(sentinel, tmp_path) as (running, room):
            before = await running.bus.position("demo")
            master.kill()
            await noticed(running)
            await room.publish(caption("u2", "Two.", start=1.0), settled=Settled("mic", 2.0))
            await settled(room, 2.0)
            history = await running.bus.history("demo", before)
            assert not history.recovered, "the other may have lacked what was written last"
            assert await running.finals("demo") == ["One.", "Two."]


async def test_a_room_that_is_known_here_can_be_read_while_redis_is_away(
    server: RedisServer, tmp_path: Path
) -> None:
    async with captioned(server, tmp_path) as (running, _), reading(running):
        await away(running, server)
        assert (await running.rooms.get("demo")).status == "live"
        assert await running.finals("demo") == ["One."]
        with pytest.raises(RedisUnavailable):
            await running.rooms.get("unknown")
        server.thaw()


async def test_a_process_can_stop_while_redis_is_away(server: RedisServer, tmp_path: Path) -> None:
    async with asyncio.timeout(30):
        async with captioned(server, tmp_path) as (running, room):
            server.freeze()
            await room.publish(caption("u2", "Two.", start=1.0), settled=Settled("mic", 2.0))
            await noticed(running)
    assert room.settled("mic") == 1.0
    server.thaw()
    async with process(server.url, tmp_path) as again:
        place = await (await again.rooms.get("demo")).open_track("mic", Speaker())
        kept = await again.finals("demo")
        # What was on its way may have arrived; else its publisher still has it.
        assert kept == (["One.", "Two."] if place.settled == 2.0 else ["One."])


async def test_of_the_copies_that_are_left_the_longest_is_gone_on_with(
    server: RedisServer, tmp_path: Path
) -> None:
    async with captioned(server, tmp_path / "long") as (_, room):
        shutil.copytree(tmp_path / "long", tmp_path / "short")
        await room.publish(caption("u2", "Two.", start=1.0), settled=Settled("mic", 2.0))
        await settled(room, 2.0)
        await room.close_track("mic")
    server.ask("FLUSHALL")
    async with (
        process(server.url, tmp_path / "short") as short,
        process(server.url, tmp_path / "long"),
    ):
        await until_finals(short, ["One.", "Two."])
        await short.rooms.change("demo", {"title": "Still here"})


async def test_a_copy_that_lacks_the_newest_lines_is_better_than_none(
    server: RedisServer, tmp_path: Path
) -> None:
    async with captioned(server, tmp_path / "lost") as (_, room):
        shutil.copytree(tmp_path / "lost", tmp_path / "left")
        await room.publish(caption("u2", "Two.", start=1.0), settled=Settled("mic", 2.0))
        await settled(room, 2.0)
    server.ask("FLUSHALL")
    async with process(server.url, tmp_path / "left") as left:
        await until_finals(left, ["One."])
        again = await left.rooms.get("demo")
        place = await again.open_track("mic", Speaker())
        assert place.settled == 1.0, "the publisher is asked for what is lost"


async def until_finals(running: Process, wanted: list[str]) -> None:
    async with asyncio.timeout(30):
        while await running.finals("demo") != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
