"""A room that several processes share: any may caption, one keeps it, any may die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from captioner.captions.model import Caption, Gap, RoomChange, Settled
from captioner.errors import (
    BadInput,
    CaptionNotFound,
    CaptionOpen,
    Fenced,
    RoomEnded,
    RoomExists,
    RoomNotFound,
    StreamInUse,
)
from captioner.rooms.corrections import Correction
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.journal import journal_lines
from captioner.rooms.shared.room import SharedRoom
from tests.redis_servers import RedisCluster, RedisServer
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import TIMEOUT_S, Process, process

pytestmark = pytest.mark.anyio

DEMO = RoomSettings("demo", language="en")


@dataclass(frozen=True)
class Shared:
    """What the processes share: one server, or three."""

    url: str
    servers: Sequence[RedisServer]

    def ask(self, *command: str) -> list[Any]:
        """What each of them answers."""
        return [server.ask(*command) for server in self.servers]


@pytest.fixture(params=["server", "cluster"])
def redis(request: pytest.FixtureRequest) -> Shared:
    if request.param == "server":
        server: RedisServer = request.getfixturevalue("redis_server")
        shared = Shared(server.url, [server])
    else:
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        shared = Shared(cluster.url, cluster.servers)
    shared.ask("FLUSHALL")
    return shared


@pytest.fixture
def url(redis: Shared) -> str:
    return redis.url


@pytest.fixture
async def one(url: str, tmp_path: Path) -> AsyncIterator[Process]:
    """A process that does everything."""
    async with process(url, tmp_path / "one") as running:
        yield running


@pytest.fixture
async def other(url: str) -> AsyncIterator[Process]:
    """One without a disk."""
    async with process(url) as running:
        yield running


def caption(
    name: str, text: str, *, rev: int = 1, final: bool = True, start: float = 0.0
) -> Caption:
    stable = len(text) if final else 0
    return Caption(name, "en", rev, text, stable, final, start, start + 1.0, "mic")


async def until(condition: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():  # noqa: ASYNC110  what is waited for sets no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain until {what}") from None


async def settled(room: SharedRoom, seconds: float) -> None:
    await until(lambda: room.settled("mic") >= seconds, "the audio is captioned for good")


async def test_a_room_is_known_to_every_process(one: Process, other: Process) -> None:
    await other.rooms.create(DEMO)
    with pytest.raises(RoomExists):
        await one.rooms.create(DEMO)
    assert (await one.rooms.get("demo")).settings == DEMO
    assert [room.settings for room in await one.rooms.list()] == [DEMO]
    with pytest.raises(RoomNotFound):
        await one.rooms.get("another")


async def test_a_room_is_made_while_others_ask_for_it(one: Process) -> None:
    async def ask(room: str) -> None:
        while True:
            try:
                await one.rooms.get(room)
            except RoomNotFound:
                await asyncio.sleep(0)
            else:
                return

    for number in range(40):
        room = f"room-{number}"
        asking = [asyncio.create_task(ask(room)) for _ in range(5)]
        await asyncio.sleep(0.0005 * (number % 8))
        assert (await one.rooms.create(replace(DEMO, id=room))).settings.id == room
        await asyncio.gather(*asking)


async def test_what_one_process_captions_is_read_at_the_other(one: Process, other: Process) -> None:
    room = await one.rooms.create(DEMO)
    place = await room.open_track("mic", Speaker())
    assert (place.base, place.settled) == (0.0, 0.0)
    name = room.next_caption_id("mic")
    await room.publish(caption(name, "Hel", final=False))
    await room.publish(caption(name, "Hello.", rev=2), settled=Settled("mic", 1.0))
    await settled(room, 1.0)
    assert await other.finals("demo") == ["Hello."]
    assert (await other.rooms.get("demo")).status == "live"
    await room.close_track("mic")
    assert (await other.rooms.get("demo")).status == "idle"


async def test_a_final_that_a_reader_sees_is_on_a_disk(
    one: Process, other: Process, tmp_path: Path
) -> None:
    room = await other.rooms.create(DEMO)
    await room.open_track("mic", Speaker())
    async with one.bus.subscribe("demo") as events:
        await room.publish(caption("u1", "Hello."))
        async for numbered in events:
            if isinstance(numbered.event, Caption):
                break
    journal = (tmp_path / "one" / "rooms" / "demo" / "journal.jsonl").read_text()
    assert "Hello." in journal


async def test_caption_ids_of_two_processes_are_never_the_same(
    one: Process, other: Process
) -> None:
    here, there = await one.rooms.create(DEMO), await other.rooms.get("demo")
    await here.open_track("mic", Speaker())
    await there.open_track("tab", Speaker())
    names = [here.next_caption_id("mic") for _ in range(3)]
    names += [there.next_caption_id("tab") for _ in range(3)]
    assert len(set(names)) == 6


async def test_another_process_does_not_get_a_stream_that_is_published(
    one: Process, other: Process
) -> None:
    room = await one.rooms.create(DEMO)
    await room.open_track("mic", Speaker())
    with pytest.raises(StreamInUse):
        await (await other.rooms.get("demo")).open_track("mic", Speaker())


async def test_a_publisher_that_reaches_another_process_goes_on_there(
    one: Process, other: Process
) -> None:
    here, there = await one.rooms.create(DEMO), await other.rooms.get("demo")
    speaker = Speaker()
    await here.open_track("mic", speaker)
    await here.publish(caption("u1", "One."), settled=Settled("mic", 2.0))
    open_ = caption("u2", "Two thr", final=False, start=2.0)
    await here.publish(open_)
    await settled(here, 2.0)
    speaker.attended = False
    place = await there.open_track("mic", Speaker())
    assert (place.settled, place.left_open) == (2.0, (open_,))
    await until(lambda: speaker.times_displaced, "the process before is told")
    with pytest.raises(Fenced):
        await here.publish(replace(open_, rev=2))
    await here.close_track("mic")
    assert (await other.rooms.get("demo")).status == "live"


async def test_a_process_dies_and_another_goes_on_with_its_stream(url: str, one: Process) -> None:
    room = await one.rooms.create(DEMO)
    async with process(url) as dying:
        there = await dying.rooms.get("demo")
        await there.open_track("mic", Speaker())
        await there.publish(caption("u1", "One."), settled=Settled("mic", 2.0))
        await settled(there, 2.0)
        await dying.crash()
    place = await room.open_track("mic", Speaker())
    assert (place.base, place.settled) == (0.0, 2.0)


async def test_the_keeper_dies_and_another_keeps_the_room(url: str, tmp_path: Path) -> None:
    async with process(url) as speaking:
        async with process(url, tmp_path / "a") as dying:
            room = await speaking.rooms.create(DEMO)
            await room.open_track("mic", Speaker())
            await room.publish(caption("u1", "One."), settled=Settled("mic", 1.0))
            await settled(room, 1.0)
            await dying.crash()
        await room.publish(caption("u2", "Two.", start=1.0), settled=Settled("mic", 2.0))
        async with process(url, tmp_path / "b") as successor:
            await settled(room, 2.0)
            assert await successor.finals("demo") == ["One.", "Two."]
            assert (await speaking.rooms.get("demo")).status == "live"
            await room.close_track("mic")
    journal = (tmp_path / "b" / "rooms" / "demo" / "journal.jsonl").read_bytes()
    said = [orjson.loads(line).get("text") for line in journal.splitlines()]
    assert [text for text in said if text] == ["One.", "Two."]
    assert "Two." in (tmp_path / "b" / "rooms" / "demo" / "en.vtt").read_text()


async def test_a_keeper_that_stops_hands_the_room_over(url: str, tmp_path: Path) -> None:
    async with process(url) as speaking, process(url, tmp_path / "b"):
        room = await speaking.rooms.create(DEMO)
        async with process(url, tmp_path / "a"):
            await room.open_track("mic", Speaker())
        await room.publish(caption("u1", "One."), settled=Settled("mic", 1.0))
        await settled(room, 1.0)


async def test_a_stream_that_nobody_goes_on_with_is_finished_with_what_was_shown(
    url: str, one: Process
) -> None:
    await one.rooms.create(DEMO)
    async with process(url) as dying:
        room = await dying.rooms.get("demo")
        await room.open_track("mic", Speaker())
        await room.publish(caption("u1", "Two thr", final=False))
        await dying.crash()
    here = await one.rooms.get("demo")
    await until(lambda: here.status == "idle", "the room is idle")
    assert await one.finals("demo") == ["Two thr"]
    place = await here.open_track("mic", Speaker())
    assert (place.settled, place.left_open) == (1.0, ())


async def test_what_a_process_says_that_slept_through_its_end_is_refused(
    one: Process, other: Process
) -> None:
    here, there = await one.rooms.create(DEMO), await other.rooms.get("demo")
    await here.open_track("mic", Speaker(attended=False))
    await one.leases.renew()  # the last that is heard of it
    place = await there.open_track("mic", Speaker())
    name = there.next_caption_id("mic")
    await here.publish(caption("u1", "Too late."), settled=Settled("mic", 9.0))
    await there.publish(caption(name, "In time."), settled=Settled("mic", 1.0))
    await settled(there, 1.0)
    assert place.settled == 0.0
    assert await other.finals("demo") == ["In time."]
    await until(lambda: here.settled("mic") == 0.0, "nothing is settled by it")
    with pytest.raises(Fenced):
        await here.publish(caption("u2", "Too"))


async def test_a_change_reaches_the_process_that_captions(one: Process, other: Process) -> None:
    room = await one.rooms.create(DEMO)
    changed: list[str] = []
    one.rooms.on_changed.append(lambda changed_room: changed.append(changed_room.settings.title))
    await room.open_track("mic", Speaker())
    there = await other.rooms.change("demo", {"title": "Weekly", "translations": ["es"]})
    assert there.settings.title == "Weekly"
    await until(lambda: changed == ["Weekly"], "it is told")
    assert room.settings.translations == ("es",)
    assert room.languages == ("en", "es")
    with pytest.raises(BadInput):
        await other.rooms.change("demo", {"language": "?"})


async def test_a_correction_may_be_asked_for_at_any_process(one: Process, other: Process) -> None:
    room = await one.rooms.create(DEMO)
    await room.open_track("mic", Speaker())
    await room.publish(caption("u1", "Hel", final=False))
    with pytest.raises(CaptionOpen):
        await other.rooms.correct("demo", Correction("u1", "en", "Hullo."))
    await room.publish(caption("u1", "Hello.", rev=2), settled=Settled("mic", 1.0))
    await room.close_track("mic")
    await one.rooms.end("demo")
    texts = [f"Hello {number}." for number in range(6)]
    told = await asyncio.gather(
        *(
            running.rooms.correct("demo", Correction("u1", "en", text))
            for running, text in zip([one, other] * 3, texts, strict=True)
        )
    )
    newest = max(told, key=lambda numbered: numbered.seq)
    revisions = [numbered.event for numbered in told if isinstance(numbered.event, Caption)]
    assert sorted(revision.rev for revision in revisions) == [3, 4, 5, 6, 7, 8]
    assert sorted(revision.text for revision in revisions) == texts
    assert newest in (await other.bus.history("demo")).events
    assert one.store is not None
    assert (await one.store.transcript("demo")).captions("en") == (newest.event,)
    with pytest.raises(CaptionNotFound):
        await other.rooms.correct("demo", Correction("u9", "en", "Hullo."))


async def test_off_the_record_is_so_everywhere(one: Process, other: Process) -> None:
    room = await one.rooms.create(DEMO)
    await room.open_track("mic", Speaker())
    await other.rooms.pause("demo")
    assert (await other.rooms.get("demo")).status == "paused"
    await until(lambda: room.status == "paused", "the process that captions knows")
    await other.rooms.resume("demo")
    await until(lambda: room.status == "live", "the process that captions knows")
    gaps = [event for event in await other.events("demo") if isinstance(event, Gap)]
    assert [gap.reason for gap in gaps] == ["paused"]


async def test_a_room_ends_when_what_was_said_is_captioned_wherever_that_is(
    one: Process, other: Process
) -> None:
    room = await one.rooms.create(DEMO)
    await room.open_track("mic", Speaker())

    async def finish(_room: str) -> None:
        await room.publish(caption("u1", "The end."), settled=Settled("mic", 1.0))
        await room.close_track("mic")

    one.rooms.on_ending.append(finish)
    ended = await other.rooms.end("demo")
    assert ended.status == "ended"
    assert await other.finals("demo") == ["The end."]
    assert (await other.events("demo"))[-1] == RoomChange("ended", ("en",))
    with pytest.raises(RoomEnded):
        await room.open_track("mic", Speaker())


async def test_a_room_that_is_erased_is_gone_from_every_disk_and_from_redis(
    url: str, redis: Shared, tmp_path: Path
) -> None:
    async with process(url, tmp_path / "a") as first, process(url, tmp_path / "b") as second:
        room = await first.rooms.create(DEMO)
        await room.open_track("mic", Speaker())
        await room.publish(caption("u1", "Secret."), settled=Settled("mic", 1.0))
        await settled(room, 1.0)
        await room.close_track("mic")
        erased: list[str] = []
        first.rooms.on_erased.append(erased.append)
        await second.rooms.delete("demo")
        await until(lambda: erased == ["demo"], "the other process is told")
        with pytest.raises(RoomNotFound):
            await first.rooms.get("demo")
        await until(lambda: not [*tmp_path.glob("*/rooms/demo")], "the disks are clean")
    assert not any(redis.ask("KEYS", "*{demo}*"))


async def test_a_disk_that_was_away_when_its_room_was_erased_is_cleaned_when_it_is_back(
    url: str, tmp_path: Path
) -> None:
    async with process(url) as staying:
        async with process(url, tmp_path / "a"):
            room = await staying.rooms.create(DEMO)
            await room.open_track("mic", Speaker())
            await room.close_track("mic")
        assert (tmp_path / "a" / "rooms" / "demo").exists()
        async with process(url, tmp_path / "b"):
            await staying.rooms.delete("demo")
        async with process(url, tmp_path / "a"):
            await until(lambda: not (tmp_path / "a" / "rooms" / "demo").exists(), "it is erased")
            with pytest.raises(RoomNotFound):
                await staying.rooms.get("demo")


async def test_a_final_is_journalled_once_however_often_its_letter_comes(
    one: Process,
) -> None:
    room = await one.rooms.create(DEMO)
    await room.open_track("mic", Speaker())
    for number in range(20):
        await room.publish(caption(f"u{number}", f"{number}.", start=number))
        assert room.letters is not None
        room.letters.send_again()
    await room.publish(caption("last", "Last.", start=99.0), settled=Settled("mic", 99.0))
    await settled(room, 99.0)
    texts = [orjson.loads(line).get("text") for line in await journal_lines(one.redis, "demo")]
    assert [text for text in texts if text] == [*(f"{n}." for n in range(20)), "Last."]
