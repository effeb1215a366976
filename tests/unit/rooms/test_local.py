"""A room: tracks, publishing, pauses, its end, and all of it again after a restart."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from captioner.captions.model import Gap, RoomChange, Settled
from captioner.errors import RoomEnded, StorageFailed
from captioner.rooms.local import LocalRoom
from captioner.rooms.records import ClockStarted, Published, TrackOpened
from captioner.rooms.room import Room, RoomSettings, TrackPlace
from tests.unit.rooms.conftest import Machine, Server, Speaker, final, partial

DEMO = RoomSettings("demo", language="en", translations=("es",))


@pytest.fixture
async def room(server: Server) -> LocalRoom:
    return await server.rooms.create(DEMO)


def state(room: LocalRoom) -> tuple[str, tuple[str, ...]]:
    """Its status and languages as they are now."""
    return room.status, room.languages


async def open_track(room: Room, stream: str = "mic") -> TrackPlace:
    return await room.open_track(stream, Speaker())


def full_disk(patch: pytest.MonkeyPatch) -> None:
    def full(file: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    patch.setattr(os, "write", full)


@pytest.mark.anyio
async def test_the_first_track_starts_the_clock_and_the_room(
    room: LocalRoom, server: Server, machine: Machine
) -> None:
    machine.time.seconds = 100.0
    assert (room.status, room.now()) == ("idle", 0.0)
    assert await open_track(room) == TrackPlace("mic", 0.0, 0.0)
    machine.time.seconds = 104.0
    assert (room.status, room.now()) == ("live", 4.0)
    assert await server.events("demo") == [
        RoomChange("idle", ("en", "es")),
        RoomChange("live", ("en", "es")),
    ]


@pytest.mark.anyio
async def test_a_later_track_lies_where_it_starts(room: LocalRoom, machine: Machine) -> None:
    await open_track(room)
    machine.time.seconds = 12.5
    assert await open_track(room, "tab") == TrackPlace("tab", 12.5, 0.0)


@pytest.mark.anyio
async def test_a_stream_that_comes_back_has_its_place_and_what_was_settled(
    room: LocalRoom, machine: Machine
) -> None:
    await open_track(room)
    await room.publish(final("u1"), settled=Settled("mic", 1.0))
    await room.settle(Settled("mic", 6.5))
    await room.settle(Settled("mic", 3.0))
    await room.close_track("mic")
    machine.time.seconds = 60.0
    assert await open_track(room) == TrackPlace("mic", 0.0, 6.5)


@pytest.mark.anyio
async def test_the_room_is_idle_once_the_last_track_is_closed(
    room: LocalRoom, server: Server
) -> None:
    await open_track(room, "mic")
    await open_track(room, "tab")
    await room.close_track("mic")
    assert state(room)[0] == "live"
    await room.close_track("tab")
    assert state(room)[0] == "idle"
    changes = [
        event.status for event in await server.events("demo") if isinstance(event, RoomChange)
    ]
    assert changes == ["idle", "live", "idle"]


@pytest.mark.anyio
async def test_caption_ids_count_up(room: LocalRoom) -> None:
    assert [room.next_caption_id("mic") for _ in range(3)] == ["u1", "u2", "u3"]


@pytest.mark.anyio
async def test_finals_and_gaps_are_journalled_and_open_captions_are_not(
    room: LocalRoom, server: Server
) -> None:
    gap = Gap("en", 1.0, 2.0, "engine_unavailable")
    await room.publish(partial("u1"))
    await room.publish(final("u1"), settled=Settled("mic", 1.0))
    await room.publish(gap)
    assert (await server.store.entries("demo"))[1:] == [
        Published(final("u1"), 0.0, Settled("mic", 1.0)),
        Published(gap, 0.0),
    ]


@pytest.mark.anyio
async def test_an_open_caption_settles_nothing(room: LocalRoom) -> None:
    with pytest.raises(ValueError, match="only what is kept"):
        await room.publish(partial("u1"), settled=Settled("mic", 1.0))


@pytest.mark.anyio
async def test_a_final_is_on_the_disk_before_any_reader_has_it(
    room: LocalRoom, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = threading.Event()
    fsync = os.fsync

    def syncing(file: int) -> None:
        fsync(file)
        synced.set()

    monkeypatch.setattr(os, "fsync", syncing)
    async with server.bus.subscribe("demo") as events, asyncio.TaskGroup() as tasks:
        publish = tasks.create_task(room.publish(final("u1")))
        assert (await anext(events)).event == final("u1")
        assert synced.is_set()
        await publish


@pytest.mark.anyio
async def test_what_the_disk_refuses_is_not_published(
    room: LocalRoom, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await server.events("demo")
    with monkeypatch.context() as patch:
        full_disk(patch)
        with pytest.raises(StorageFailed, match="No space left"):
            await room.publish(final("u1"))
        with pytest.raises(StorageFailed):
            await open_track(room)
    assert await server.events("demo") == before
    assert room.status == "idle"
    await room.publish(final("u1"))
    assert (await server.events("demo"))[-1] == final("u1")


@pytest.mark.anyio
async def test_a_cancelled_publish_that_reached_the_journal_reaches_the_readers(
    room: LocalRoom, server: Server
) -> None:
    publish = asyncio.create_task(room.publish(final("u1")))
    await asyncio.sleep(0)
    publish.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publish
    kept = [e.event for e in await server.store.entries("demo") if isinstance(e, Published)]
    assert kept == await server.events("demo")


@pytest.mark.anyio
async def test_a_language_that_is_heard_is_announced_after_its_first_final(
    server: Server,
) -> None:
    room = await server.rooms.create(RoomSettings("auto"))
    await room.publish(partial("u1", language="nn"))
    await room.publish(final("u2", "", language="cy"))
    assert state(room) == ("idle", ())
    await room.publish(final("u3", language="de"))
    assert state(room) == ("idle", ("de",))
    assert (await server.events("auto"))[-2:] == [
        final("u3", language="de"),
        RoomChange("idle", ("de",)),
    ]


@pytest.mark.anyio
async def test_a_pause_is_off_the_record_and_marked_in_every_language(
    room: LocalRoom, server: Server, machine: Machine
) -> None:
    await open_track(room)
    machine.time.seconds = 10.0
    await room.pause()
    await room.pause()
    assert state(room)[0] == "paused"
    machine.time.seconds = 25.0
    await room.resume()
    await room.resume()
    assert state(room)[0] == "live"
    assert (await server.events("demo"))[-4:] == [
        RoomChange("paused", ("en", "es")),
        Gap("en", 10.0, 25.0, "paused"),
        Gap("es", 10.0, 25.0, "paused", source="en"),
        RoomChange("live", ("en", "es")),
    ]


@pytest.mark.anyio
async def test_an_end_waits_for_what_was_said_and_refuses_new_tracks(
    room: LocalRoom, server: Server
) -> None:
    await open_track(room)

    async def finish(name: str) -> None:
        assert name == "demo"
        with pytest.raises(RoomEnded):
            await open_track(room, "late")
        await room.publish(final("u1"))
        await room.close_track("mic")

    async def fails(name: str) -> None:
        raise ValueError("does not keep the room from ending")

    await room.end([fails, finish])
    await room.end([fails, finish])
    assert room.status == "ended"
    events = await server.events("demo")
    assert events[-1] == RoomChange("ended", ("en", "es"))
    assert events.count(final("u1")) == 1
    with pytest.raises(RoomEnded):
        await open_track(room)
    with pytest.raises(RoomEnded):
        await room.pause()


@pytest.mark.anyio
async def test_a_room_that_ends_during_a_pause_marks_it(
    room: LocalRoom, server: Server, machine: Machine
) -> None:
    await open_track(room)
    await room.pause()
    machine.time.seconds = 5.0
    await room.end()
    assert Gap("en", 0.0, 5.0, "paused") in await server.events("demo")


@pytest.mark.anyio
async def test_an_ended_room_still_takes_corrections(room: LocalRoom, server: Server) -> None:
    await room.publish(final("u1"))
    await room.end()
    await room.publish(final("u1", "Hola.", language="fr"))
    assert room.status == "ended"
    assert (await server.events("demo"))[-1] == RoomChange("ended", ("en", "es", "fr"))


@pytest.mark.anyio
async def test_the_journal_tells_a_room_from_its_beginning(
    room: LocalRoom, server: Server, machine: Machine
) -> None:
    machine.time.seconds = 3.0
    await open_track(room)
    await room.publish(final("u1"))
    assert await server.store.entries("demo") == [
        Published(RoomChange("idle", ("en", "es")), 0.0),
        ClockStarted(machine.time.wall()),
        TrackOpened("mic", 0.0, "Ana", "en"),
        Published(RoomChange("live", ("en", "es")), 0.0),
        Published(final("u1"), 0.0),
    ]


@pytest.mark.anyio
async def test_after_a_crash_the_room_goes_on_where_it_was(machine: Machine) -> None:
    async with machine.server() as server:
        room = await server.rooms.create(DEMO)
        await open_track(room)
        await room.publish(final(room.next_caption_id("mic")), settled=Settled("mic", 1.5))
        await room.publish(partial(room.next_caption_id("mic")))
        before = await server.bus.position("demo")
    machine.time.seconds = 60.0
    async with machine.server() as server:
        room = await server.rooms.get("demo")
        assert (room.status, room.now()) == ("idle", 60.0)
        assert room.next_caption_id("mic") == "u2"
        assert await open_track(room) == TrackPlace("mic", 0.0, 1.5)
        assert await open_track(room, "tab") == TrackPlace("tab", 60.0, 0.0)
        history = await server.bus.history("demo", before)
        assert not history.recovered
        assert [numbered.event for numbered in history.events] == [
            RoomChange("idle", ("en", "es")),
            RoomChange("live", ("en", "es")),
            final("u1"),
            RoomChange("idle", ("en", "es")),
            RoomChange("live", ("en", "es")),
        ]


@pytest.mark.anyio
async def test_a_pause_and_an_end_outlive_a_crash(machine: Machine) -> None:
    async with machine.server() as server:
        paused = await server.rooms.create(RoomSettings("paused", language="en"))
        await open_track(paused)
        machine.time.seconds = 10.0
        await paused.pause()
        await (await server.rooms.create(RoomSettings("ended"))).end()
    machine.time.seconds = 60.0
    async with machine.server() as server:
        paused = await server.rooms.get("paused")
        assert paused.status == "paused"
        await paused.resume()
        assert (await server.events("paused"))[-2] == Gap("en", 10.0, 60.0, "paused")
        ended = await server.rooms.get("ended")
        with pytest.raises(RoomEnded):
            await open_track(ended)


@pytest.mark.anyio
async def test_reading_a_room_writes_nothing(machine: Machine) -> None:
    async with machine.server() as server:
        await open_track(await server.rooms.create(DEMO))
        before = await server.store.entries("demo")
    async with machine.server() as server:
        assert (await server.rooms.get("demo")).status == "idle"
        assert await server.store.entries("demo") == before
