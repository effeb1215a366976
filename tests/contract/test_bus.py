"""What every bus promises, checked on each of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.bus.bus import Bus, History, Live
from captioner.bus.memory import MemoryBus
from captioner.bus.redis import RedisBus
from captioner.captions.model import Caption, Event, Gap, Numbered, Position, RoomChange, Unnumbered
from captioner.errors import SubscriberTooSlow
from captioner.redis.connection import connected
from tests.redis_servers import RedisCluster, RedisServer

MakeBus = Callable[[int, int], AbstractAsyncContextManager[Bus]]
"""Of how many events it keeps a room, and how many may wait for a subscriber."""


@asynccontextmanager
async def memory(keep: int, backlog: int) -> AsyncIterator[Bus]:
    yield MemoryBus(keep_events=keep, backlog=backlog)


def over_redis(url: str, servers: Sequence[RedisServer]) -> MakeBus:
    """A bus over servers from which everything is gone."""

    @asynccontextmanager
    async def make(keep: int, backlog: int) -> AsyncIterator[Bus]:
        for server in servers:
            server.ask("FLUSHALL")
        async with connected(url) as redis:
            await redis.wait_until_up()
            async with RedisBus(redis, keep_events=keep, backlog=backlog) as bus:
                yield bus

    return make


class OtherProcess:
    """A bus as a process sees it that only reads: another one publishes and forgets."""

    def __init__(self, writing: Bus, reading: Bus) -> None:
        self.publish = writing.publish
        self.forget = writing.forget
        self.show = reading.show
        self.position = reading.position
        self.history = reading.history
        self.subscribe = reading.subscribe


def over_two_processes(make: MakeBus) -> MakeBus:
    @asynccontextmanager
    async def make_both(keep: int, backlog: int) -> AsyncIterator[Bus]:
        async with make(keep, backlog) as writing, make(keep, backlog) as reading:
            yield OtherProcess(writing, reading)

    return make_both


@pytest.fixture(params=["memory", "redis", "cluster", "two processes"])
def make(request: pytest.FixtureRequest) -> MakeBus:
    """Every kind of bus, in turn."""
    if request.param in ("redis", "two processes"):
        server: RedisServer = request.getfixturevalue("redis_server")
        one = over_redis(server.url, [server])
        return one if request.param == "redis" else over_two_processes(one)
    if request.param == "cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        return over_redis(cluster.url, cluster.servers)
    return memory


ROOM = "demo"


def caption(number: int, rev: int = 1, *, language: str = "en", final: bool = False) -> Caption:
    text = f"words of revision {rev}"
    stable = len(text) if final else 0
    return Caption(f"u{number}", language, rev, text, stable, final, 0.0, 1.0, "mic")


async def first(events: AsyncIterator[Live]) -> Numbered:
    event = await anext(events)
    assert isinstance(event, Numbered)
    return event


def events_of(history: History) -> list[Event]:
    return [numbered.event for numbered in history.events]


@pytest.mark.anyio
async def test_seq_rises_by_one_over_all_kinds_of_events(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        gap = Gap("en", 1.0, 2.0, "paused")
        said: list[Event] = [caption(1), RoomChange("live", ("en",)), caption(1, 2), gap]
        assert [await bus.publish(ROOM, event) for event in said] == [1, 2, 3, 4]
        assert (await bus.position(ROOM)).seq == 4


@pytest.mark.anyio
async def test_rooms_know_nothing_of_each_other(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        await bus.publish(ROOM, caption(1))
        assert await bus.publish("other", caption(7)) == 1
        assert events_of(await bus.history(ROOM)) == [caption(1)]


@pytest.mark.anyio
async def test_a_new_room_has_an_empty_history(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        position = await bus.position(ROOM)
        assert position.seq == 0
        assert await bus.history(ROOM) == History(position, (), recovered=True)


@pytest.mark.anyio
async def test_the_history_holds_the_newest_revision_of_each_caption(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        for event in (caption(1), caption(2), caption(1, 2), caption(1, 1, language="es")):
            await bus.publish(ROOM, event)
        history = await bus.history(ROOM)
        assert history.events == (
            Numbered(2, caption(2)),
            Numbered(3, caption(1, 2)),
            Numbered(4, caption(1, 1, language="es")),
        )
        assert history.recovered


@pytest.mark.anyio
async def test_a_late_revision_does_not_replace_a_newer_one(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        await bus.publish(ROOM, caption(1, 3))
        await bus.publish(ROOM, caption(1, 2))
        assert events_of(await bus.history(ROOM)) == [caption(1, 3)]


@pytest.mark.anyio
async def test_a_reader_gets_what_came_after_its_position(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        await bus.publish(ROOM, caption(1))
        position = await bus.position(ROOM)
        await bus.publish(ROOM, caption(2))
        history = await bus.history(ROOM, position)
        assert (events_of(history), history.recovered) == ([caption(2)], True)
        assert (await bus.history(ROOM, history.position)).events == ()


@pytest.mark.anyio
@pytest.mark.parametrize("change", [{"epoch": "another"}, {"seq": 99}])
async def test_a_position_in_another_history_gets_a_snapshot(
    make: MakeBus, change: dict[str, str | int]
) -> None:
    async with make(100, 10) as bus:
        await bus.publish(ROOM, caption(1))
        here = await bus.position(ROOM)
        foreign = Position(str(change.get("epoch", here.epoch)), int(change.get("seq", here.seq)))
        history = await bus.history(ROOM, foreign)
        assert (events_of(history), history.recovered) == ([caption(1)], False)


@pytest.mark.anyio
async def test_what_is_kept_is_bounded_and_said_truthfully(make: MakeBus) -> None:
    async with make(3, 10) as bus:
        start = await bus.position(ROOM)
        for number in range(1, 6):
            await bus.publish(ROOM, caption(number, final=True))
        kept = [caption(number, final=True) for number in (3, 4, 5)]
        for after in (start, Position(start.epoch, 1), None):
            history = await bus.history(ROOM, after)
            assert (events_of(history), history.recovered) == (kept, False)
        assert (await bus.history(ROOM, Position(start.epoch, 2))).recovered


@pytest.mark.anyio
async def test_revisions_of_one_caption_do_not_use_up_the_history(make: MakeBus) -> None:
    async with make(3, 10) as bus:
        for rev in range(1, 50):
            await bus.publish(ROOM, caption(1, rev))
        history = await bus.history(ROOM)
        assert (events_of(history), history.recovered) == ([caption(1, 49)], True)


@pytest.mark.anyio
async def test_every_subscriber_gets_every_event_in_order(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        async with bus.subscribe(ROOM) as one, bus.subscribe(ROOM) as other:
            sent = [Numbered(await bus.publish(ROOM, caption(n)), caption(n)) for n in range(5)]
            assert [await anext(one) for _ in sent] == sent
            assert [await anext(other) for _ in sent] == sent


@pytest.mark.anyio
async def test_a_waiting_subscriber_is_woken(make: MakeBus) -> None:
    async with make(100, 10) as bus:
        async with bus.subscribe(ROOM) as events, asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(first(events))
            await asyncio.sleep(0)
            await bus.publish(ROOM, caption(1))
            assert await waiting == Numbered(1, caption(1))


@pytest.mark.anyio
async def test_a_slow_subscriber_is_told_and_holds_nobody_up(make: MakeBus) -> None:
    async with make(100, 3) as bus:
        async with bus.subscribe(ROOM) as slow, bus.subscribe(ROOM) as quick:
            for number in range(1, 6):
                await bus.publish(ROOM, caption(number))
                assert (await first(quick)).seq == number
            with pytest.raises(SubscriberTooSlow):
                await anext(slow)
            with pytest.raises(SubscriberTooSlow):
                await anext(slow)


@pytest.mark.anyio
async def test_a_forgotten_room_starts_a_new_epoch_and_ends_its_subscriptions(
    make: MakeBus,
) -> None:
    async with make(100, 10) as bus:
        await bus.publish(ROOM, caption(1))
        before = await bus.position(ROOM)
        async with bus.subscribe(ROOM) as events:
            await bus.publish(ROOM, caption(2))
            await bus.forget(ROOM)
            assert [live.event async for live in events] == [caption(2)]
        after = await bus.position(ROOM)
        assert after.epoch != before.epoch
        assert (await bus.history(ROOM, before)) == History(after, (), recovered=False)
        assert await bus.publish(ROOM, caption(3)) == 1


@pytest.mark.anyio
async def test_an_event_is_shown_to_subscribers_without_a_number_and_is_not_kept(
    make: MakeBus,
) -> None:
    async with make(100, 10) as bus:
        async with bus.subscribe(ROOM) as events:
            bus.show(ROOM, caption(1))
            await bus.publish(ROOM, caption(1))
            assert await anext(events) == Unnumbered(caption(1))
            assert await anext(events) == Numbered(1, caption(1))
        bus.show(ROOM, caption(2))
        assert events_of(await bus.history(ROOM)) == [caption(1)]


def newest(published: list[Event]) -> dict[object, Numbered]:
    """What replaces all else, by what it replaces; `published` is numbered from 1."""
    found: dict[object, Numbered] = {}
    for numbered in map(Numbered, range(1, len(published) + 1), published):
        event = numbered.event
        if not isinstance(event, Caption):
            found[numbered.seq] = numbered
            continue
        older = found.get((event.id, event.language))
        if older is None or getattr(older.event, "rev", 0) < event.rev:
            found[event.id, event.language] = numbered
    return found


class Meeting:
    """A room, and a reader of it that comes and goes and follows history and live."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.published: list[Event] = []
        self.position: Position | None = None
        self.read: dict[object, Numbered] = {}
        self._connection = AsyncExitStack()
        self._events: AsyncIterator[Live] | None = None

    async def publish(self, event: Event) -> None:
        self.published.append(event)
        assert await self.bus.publish(ROOM, event) == len(self.published)

    async def cut(self) -> None:
        self._events = None
        await self._connection.aclose()

    async def catch_up(self) -> None:
        """Connect where it is cut off, and read all that was published."""
        if self._events is None:
            subscription = self.bus.subscribe(ROOM)
            self._events = await self._connection.enter_async_context(subscription)
            await self._resume()
        assert self.position is not None
        try:
            while self.position.seq < len(self.published):
                numbered = await first(self._events)
                if numbered.seq > self.position.seq:
                    assert numbered.seq == self.position.seq + 1, "a hole, or one came twice"
                    self._take(numbered)
        except SubscriberTooSlow:
            await self.cut()
            await self.catch_up()

    async def _resume(self) -> None:
        history = await self.bus.history(ROOM, self.position)
        start = self.position.seq if self.position else 0
        missed = [n for n in newest(self.published).values() if n.seq > start]
        missed.sort(key=lambda numbered: numbered.seq)
        if history.recovered:
            assert list(history.events) == missed
        else:
            assert not {*map(repr, missed)} <= {*map(repr, history.events)}
            self.read.clear()
        for numbered in history.events:
            self._take(numbered)
        self.position = history.position

    def _take(self, numbered: Numbered) -> None:
        """The one rule of every reader: the newest revision wins."""
        event = numbered.event
        key = (event.id, event.language) if isinstance(event, Caption) else numbered.seq
        known = self.read.get(key)
        if known is None or getattr(known.event, "rev", 0) < getattr(event, "rev", 0):
            self.read[key] = numbered
        if self.position is not None:
            self.position = Position(self.position.epoch, numbered.seq)


revisions = st.builds(caption, st.integers(1, 4), st.integers(1, 9))
events = revisions | st.just(Gap("en", 1.0, 2.0, "paused")) | st.just(RoomChange("live", ()))
steps = st.lists(events | st.sampled_from(["cut", "catch up"]), max_size=60)


async def hold(bus: Bus, script: list[Event | str]) -> Meeting:
    meeting = Meeting(bus)
    for step in [*script, "catch up"]:
        if step == "cut":
            await meeting.cut()
        elif step == "catch up":
            await meeting.catch_up()
        else:
            assert not isinstance(step, str)
            await meeting.publish(step)
    await meeting.cut()
    return meeting


def examples(make: MakeBus) -> int:
    """How many are worth their time."""
    return 200 if make is memory else 100


def test_a_reader_that_comes_and_goes_ends_with_the_newest_of_everything(make: MakeBus) -> None:
    async def meet(script: list[Event | str]) -> None:
        async with make(1_000, 5) as bus:
            meeting = await hold(bus, script)
        assert meeting.read == newest(meeting.published)

    @settings(max_examples=examples(make))
    @given(script=steps)
    def check(script: list[Event | str]) -> None:
        asyncio.run(meet(script))

    check()


def test_a_reader_of_a_short_history_is_never_told_that_nothing_is_missing_when_something_is(
    make: MakeBus,
) -> None:
    async def meet(script: list[Event | str]) -> None:
        async with make(3, 5) as bus:
            meeting = await hold(bus, script)
        assert meeting.read.items() <= newest(meeting.published).items()

    @settings(max_examples=examples(make))
    @given(script=steps)
    def check(script: list[Event | str]) -> None:
        asyncio.run(meet(rising(script)))

    check()


def rising(script: list[Event | str]) -> list[Event | str]:
    """The same, with revisions in order."""
    revs: Counter[object] = Counter()
    ordered: list[Event | str] = []
    for step in script:
        if isinstance(step, Caption):
            revs[step.id] += 1
            step = replace(step, rev=revs[step.id])
        ordered.append(step)
    return ordered
