"""The rooms of a server: made, found, changed, ended, erased, and found again."""

from __future__ import annotations

import asyncio
import os

import pytest

from captioner.captions.model import RoomChange
from captioner.errors import BadInput, RoomExists, RoomNotFound, StorageFailed
from captioner.rooms.directory import RoomSummary
from captioner.rooms.room import RoomSettings
from tests.unit.rooms.conftest import Machine, Server, Speaker, final

DEMO = RoomSettings("demo", language="en")


@pytest.mark.anyio
async def test_a_room_is_made_once(server: Server) -> None:
    room = await server.rooms.create(DEMO)
    with pytest.raises(RoomExists, match="demo"):
        await server.rooms.create(DEMO)
    assert await server.rooms.get("demo") is room
    assert await server.rooms.get_or_create(RoomSettings("demo", title="Other")) is room


@pytest.mark.anyio
async def test_publishers_that_come_at_once_share_the_room_they_make(server: Server) -> None:
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(server.rooms.get_or_create(DEMO)) for _ in range(5)]
    assert len({id(await room) for room in made}) == 1


@pytest.mark.anyio
async def test_a_room_that_is_not_there_is_not_found(server: Server) -> None:
    rooms = server.rooms
    for call in (rooms.get, rooms.end, rooms.pause, rooms.resume, rooms.delete):
        with pytest.raises(RoomNotFound, match="no room demo"):
            await call("demo")
    with pytest.raises(RoomNotFound):
        await rooms.summary("demo")
    with pytest.raises(RoomNotFound):
        await rooms.change("demo", {})


@pytest.mark.anyio
async def test_rooms_are_listed_newest_first(machine: Machine) -> None:
    async with machine.server() as server:
        for number, name in enumerate(["first", "second"]):
            machine.time.seconds = float(number)
            await server.rooms.create(RoomSettings(name, language="en"))
        await server.rooms.end("first")
        listed = await server.rooms.list()
    second, first = listed
    assert (first.settings.id, first.status) == ("first", "ended")
    assert second == RoomSummary(
        RoomSettings("second", language="en"), "idle", ("en",), machine.time.wall()
    )
    async with machine.server() as server:
        assert await server.rooms.list() == listed


@pytest.mark.anyio
async def test_no_room_is_live_in_a_list_after_a_crash(machine: Machine) -> None:
    async with machine.server() as server:
        room = await server.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await server.rooms.change("demo", {"title": "Weekly"})
        assert (await server.rooms.summary("demo")).status == "live"
    async with machine.server() as server:
        assert (await server.rooms.summary("demo")).status == "idle"


@pytest.mark.anyio
async def test_a_change_is_kept_and_announced(machine: Machine) -> None:
    async with machine.server() as server:
        await server.rooms.create(DEMO)
        room = await server.rooms.change("demo", {"title": "Weekly", "translations": ["es"]})
        assert room.settings.title == "Weekly"
        assert (await server.events("demo"))[-1] == RoomChange("idle", ("en", "es"))
        with pytest.raises(BadInput):
            await server.rooms.change("demo", {"title": "Daily", "language": 7})
        assert room.settings.title == "Weekly"
    async with machine.server() as server:
        settings = (await server.rooms.get("demo")).settings
        assert (settings.title, settings.translations) == ("Weekly", ("es",))


@pytest.mark.anyio
async def test_paused_rooms_stay_paused_in_the_list(machine: Machine) -> None:
    async with machine.server() as server:
        await server.rooms.create(DEMO)
        await server.rooms.pause("demo")
    async with machine.server() as server:
        assert (await server.rooms.summary("demo")).status == "paused"
        await server.rooms.resume("demo")
    async with machine.server() as server:
        assert (await server.rooms.summary("demo")).status == "idle"


@pytest.mark.anyio
async def test_whoever_publishes_finishes_before_the_room_ends(
    server: Server, machine: Machine
) -> None:
    room = await server.rooms.create(DEMO)
    statuses = []

    async def finish(name: str) -> None:
        statuses.append(room.status)
        await room.publish(final("u1", "The last words."))

    server.rooms.on_ending.append(finish)
    await server.rooms.end("demo")
    assert (statuses, room.status) == (["idle"], "ended")
    with open(machine.data / "rooms" / "demo" / "en.vtt") as file:  # noqa: ASYNC230
        assert "The last words." in file.read()


@pytest.mark.anyio
async def test_a_deleted_room_leaves_nothing_and_ends_its_readers(
    server: Server, machine: Machine
) -> None:
    room = await server.rooms.create(DEMO)
    await room.publish(final("u1", "secret"))
    async with server.bus.subscribe("demo") as events:
        await server.rooms.delete("demo")
        assert [numbered.event async for numbered in events] == [RoomChange("ended", ("en",))]
    assert await server.rooms.list() == ()
    assert os.listdir(machine.data / "rooms") == [".lock"]
    with pytest.raises(StorageFailed):
        await room.publish(final("u2", "late"))
    await server.rooms.create(DEMO)
    assert await server.events("demo") == [RoomChange("idle", ("en",))]


@pytest.mark.anyio
async def test_a_room_can_be_deleted_when_the_disk_is_full(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    await server.rooms.create(DEMO)
    monkeypatch.setattr(os, "write", full)
    await server.rooms.delete("demo")
    assert await server.rooms.list() == ()


@pytest.mark.anyio
async def test_rooms_that_are_asked_for_at_once_are_read_once(machine: Machine) -> None:
    async with machine.server() as server:
        await server.rooms.create(DEMO)
    async with machine.server() as server, asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(server.rooms.get("demo")) for _ in range(3)]
        assert len({id(await room) for room in found}) == 1
        assert await server.events("demo") == [RoomChange("idle", ("en",))]


@pytest.mark.anyio
async def test_who_asked_hears_that_a_room_is_erased(server: Server) -> None:
    heard: list[str] = []
    server.rooms.on_erased.append(heard.append)
    await server.rooms.create(DEMO)
    await server.rooms.delete("demo")
    assert heard == ["demo"]
