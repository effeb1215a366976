from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from captioner.archive.store import Store
from captioner.bus.bus import History
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Numbered, Position, Unnumbered
from captioner.delivery.farewell import GOING_AWAY, NORMAL, Farewell
from captioner.delivery.reader import Asked, Reader
from captioner.errors import CaptionerError, RoomNotFound
from captioner.rooms.room import RoomSettings
from tests.unit.delivery.house import NOW, house
from tests.unit.delivery.speaking import caption, final, message

pytestmark = pytest.mark.anyio


def hello_of(reader: Reader) -> dict[str, Any]:
    hello: dict[str, Any] = json.loads(reader.hello)
    return hello


def missed(reader: Reader) -> list[tuple[str, int]]:
    return [(event["id"], event["rev"]) for event in map(message, reader.missed) if "id" in event]


async def read(reader: Reader, count: int) -> list[str]:
    """The ids of the next captions."""
    ids: list[str] = []
    async with asyncio.timeout(10):
        while len(ids) < count:
            frame = await reader.next()
            assert frame is not None
            ids += [message(frame)["id"]] if frame.caption else []
    return ids


async def test_a_reader_begins_with_two_finals_and_what_is_open(store: Store) -> None:
    said = [
        caption(1, 1, "open since"),
        final(2),
        caption(3, 1, "", final=True),
        final(4),
        final(5),
    ]
    async with house(store, *said) as at, at.read() as reader:
        assert missed(reader) == [("u1", 1), ("u4", 9), ("u5", 9)]
        assert hello_of(reader) == {
            "type": "hello",
            "room": "demo",
            "epoch": reader.position.epoch,
            "status": "idle",
            "languages": ["en"],
            "seq": 6,
            "recovered": False,
        }


async def test_nothing_is_missing_between_the_history_and_live(store: Store) -> None:
    names = [f"u{number}" for number in range(1, 200)]
    async with house(store) as at:
        start = await at.bus.position("demo")

        async def speak() -> None:
            for number in range(1, 200):
                await at.bus.publish("demo", final(number))
                await asyncio.sleep(0)

        async def attend() -> list[str]:
            async with at.read(Asked(after=start)) as reader:
                before = [name for name, _ in missed(reader)]
                return before + await read(reader, len(names) - len(before))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speak())
            reading = []
            for _ in range(20):
                reading.append(tasks.create_task(attend()))
                await asyncio.sleep(0)
        assert [task.result() for task in reading] == 20 * [names]


async def test_a_reader_resumes_where_it_stopped(store: Store) -> None:
    async with house(store, final(1), caption(2, 1, "yes")) as at:
        stopped = await at.bus.position("demo")
        for event in (caption(2, 2, "yes but"), final(3), caption(2, 3, "", final=True)):
            await at.room.publish(event)
        async with at.read(Asked(after=stopped)) as reader:
            assert hello_of(reader)["recovered"] is True
            assert missed(reader) == [("u3", 9), ("u2", 3)], "a withdrawn caption may be on screen"


@pytest.mark.parametrize("after", [Position("gone", 3), Position("", 3)])
async def test_a_position_that_is_lost_gives_all_that_is_kept(
    store: Store, after: Position
) -> None:
    said = [final(1), final(2), final(3), caption(4, 1, "", final=True)]
    async with house(store, *said) as at, at.read(Asked(after=after)) as reader:
        assert hello_of(reader)["recovered"] is False
        assert missed(reader) == [("u1", 9), ("u2", 9), ("u3", 9)]


async def test_a_mode_begins_with_what_it_would_have_shown(store: Store) -> None:
    async with house(store, caption(1, 1, "maybe"), caption(2, 2, "we ship on", 7)) as at:
        async with at.read(Asked(mode="stable")) as reader:
            assert [message(frame)["text"] for frame in reader.missed] == ["we ship"]
        async with at.read(Asked(mode="final")) as reader:
            assert not list(reader.missed)


async def test_a_reader_gets_its_languages_only(store: Store) -> None:
    async with house(store) as at, at.read(Asked.of(["es"])) as reader:
        await at.room.publish(final(1, language="en"))
        await at.room.publish(final(2, language="es"))
        assert await read(reader, 1) == ["u2"]


async def test_a_hub_that_falls_behind_catches_up_from_the_history(store: Store) -> None:
    async with house(store, bus=MemoryBus(backlog=3)) as at, at.read() as reader:
        for number in range(1, 101):
            await at.bus.publish("demo", final(number))
        assert await read(reader, 100) == [f"u{number}" for number in range(1, 101)]


async def test_readers_resume_where_a_hub_could_not_catch_up(store: Store) -> None:
    async with house(store, bus=MemoryBus(backlog=3, keep_events=5)) as at, at.read() as reader:
        for number in range(1, 101):
            await at.bus.publish("demo", final(number))
        async with asyncio.timeout(10):
            await rest(reader)
        assert reader.farewell == Farewell(GOING_AWAY)


async def test_the_end_of_a_room_is_the_last_that_is_read(store: Store) -> None:
    async with house(store) as at, at.read() as reader:
        await at.room.publish(final(1))
        await at.rooms.end("demo")
        assert [event.get("status", "caption") for event in await rest(reader)] == [
            "caption",
            "ended",
        ]
        assert reader.farewell == Farewell(NORMAL)


async def test_a_room_that_has_ended_can_still_be_read(store: Store) -> None:
    async with house(store, final(1)) as at:
        await at.rooms.end("demo")
        async with at.read() as reader:
            assert hello_of(reader)["status"] == "ended"
            assert missed(reader) == [("u1", 9)]
            assert await rest(reader) == []


async def test_the_readers_of_a_deleted_room_are_told(store: Store) -> None:
    async with house(store) as at, at.read() as reader:
        await at.bus.forget("demo")
        async with asyncio.timeout(10):
            with pytest.raises(RoomNotFound):
                await reader.failure()


async def test_readers_get_what_was_said_before_the_server_goes(store: Store) -> None:
    async with house(store) as at, at.read() as reader:
        await at.bus.publish("demo", final(1))
        closing = asyncio.create_task(at.hub.close())
        assert await read(reader, 1) == ["u1"]
        assert await rest(reader) == []
        assert reader.farewell == Farewell(GOING_AWAY)
    await closing


async def test_trouble_in_one_room_is_not_the_other_rooms(store: Store) -> None:
    async with house(store, bus=BrokenForOne()) as at, at.read() as reader:
        broken = await at.rooms.create(RoomSettings("broken"))
        with pytest.raises(CaptionerError):
            async with at.hub.read(broken, NOW):
                pass
        await at.room.publish(final(1))
        assert await read(reader, 1) == ["u1"]


async def test_what_cannot_be_numbered_yet_is_shown_where_the_reader_stands(store: Store) -> None:
    bus = Interrupted()
    async with house(store, bus=bus) as at, at.read() as reader, asyncio.timeout(10):
        seq = reader.position.seq
        frames = []
        for told in (
            Numbered(seq + 1, caption(1, 1, "we")),
            Unnumbered(final(1, 2)),
            Unnumbered(final(2)),
            Numbered(seq + 2, final(1, 2)),
            Numbered(seq + 3, final(2)),
        ):
            bus.told.put_nowait(told)
            frame = await reader.next()
            assert frame is not None
            frames.append(message(frame))
        assert [(frame["id"], frame["seq"] - seq) for frame in frames] == [
            ("u1", 1),
            ("u1", 1),
            ("u2", 1),
            ("u1", 2),
            ("u2", 3),
        ]


async def test_what_cannot_be_numbered_is_not_shown_to_who_has_seen_it_numbered(
    store: Store,
) -> None:
    bus = Interrupted()
    async with house(store, bus=bus) as at, asyncio.timeout(10):
        async with at.read():
            await at.bus.publish("demo", final(1))  # which the hub has not heard of
            async with at.read() as late:
                bus.told.put_nowait(Unnumbered(final(1)))
                bus.told.put_nowait(Numbered(late.position.seq, final(1)))
                bus.told.put_nowait(Numbered(late.position.seq + 1, final(2)))
                frame = await late.next()
                assert frame is not None
                assert message(frame)["id"] == "u2"


class Interrupted:
    """A bus whose subscribers are told what the test says."""

    def __init__(self) -> None:
        kept = MemoryBus()
        self.publish, self.forget = kept.publish, kept.forget
        self.position, self.history, self.show = kept.position, kept.history, kept.show
        self.told: asyncio.Queue[Numbered | Unnumbered] = asyncio.Queue()

    @asynccontextmanager
    async def subscribe(self, room: str) -> AsyncIterator[AsyncIterator[Numbered | Unnumbered]]:
        yield self._tell()

    async def _tell(self) -> AsyncIterator[Numbered | Unnumbered]:
        while True:
            yield await self.told.get()


async def test_a_reader_is_told_where_the_history_cannot_be_had(store: Store) -> None:
    async with house(store, bus=WithoutHistory()) as at, asyncio.timeout(10):
        with pytest.raises(BusAway):
            async with at.read():
                pass
        await at.hub.close()


class BusAway(CaptionerError):
    """For this test."""


class WithoutHistory(MemoryBus):
    async def history(self, room: str, after: Position | None = None) -> History:
        raise BusAway("The events are kept elsewhere, and nobody answers there.")


class BrokenForOne(MemoryBus):
    @asynccontextmanager
    async def subscribe(self, room: str) -> AsyncIterator[AsyncIterator[Numbered | Unnumbered]]:
        if room == "broken":
            raise OSError("the line is dead")
        async with super().subscribe(room) as events:
            yield events


async def rest(reader: Reader) -> list[dict[str, Any]]:
    """All that comes until there is no more."""
    events = []
    async with asyncio.timeout(10):
        while (frame := await reader.next()) is not None:
            events.append(message(frame))
    return events
