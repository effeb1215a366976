"""The rooms on disk."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from captioner.archive import store as store_module
from captioner.archive.store import Store, open_store
from captioner.captions.glossary import Term
from captioner.captions.model import Caption, Gap, RoomChange
from captioner.errors import BadInput, StorageFailed
from captioner.rooms.records import Published, RoomRecord
from captioner.rooms.room import RoomSettings
from tests.unit.archive.waiting import until

CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path, pause=0.0) as opened:
        yield opened


def record(room: str = "demo", title: str = "") -> RoomRecord:
    return RoomRecord(RoomSettings(room, title=title), CREATED, "idle")


def final(number: int, text: str, language: str = "en") -> Published:
    start = float(number)
    caption = Caption(f"u{number}", language, 1, text, len(text), True, start, start + 1, "mic")
    return Published(caption, start + 1)


def reads(file: Path) -> str:
    return file.read_text() if file.exists() else ""


@pytest.mark.anyio
async def test_what_is_saved_of_a_room_is_found_again(store: Store) -> None:
    settings = RoomSettings(
        "demo", "Weekly", "en", ("es",), ("es",), ("Zürich",),
        (Term("bus", {"es": "bus"}),), 30,
    )  # fmt: skip
    saved = RoomRecord(settings, CREATED, "ended")
    await store.save(record())
    await store.save(saved)
    await store.save(record("other"))
    assert sorted(await store.rooms(), key=lambda found: found.settings.id) == [
        saved,
        record("other"),
    ]


@pytest.mark.anyio
async def test_a_journal_is_read_as_it_was_written(store: Store) -> None:
    await store.save(record())
    entries = [final(1, "Hello."), Published(RoomChange("idle", ("en",)), 2.0)]
    for entry in entries:
        await store.append("demo", entry)
    assert await store.entries("demo") == entries
    assert await store.entries("other") == []


@pytest.mark.anyio
async def test_a_transcript_in_memory_grows_with_its_room(store: Store) -> None:
    await store.save(record())
    await store.append("demo", final(1, "One."))
    transcript = await store.transcript("demo")
    await store.append("demo", final(2, "Two."))
    assert [caption.text for caption in transcript.captions("en")] == ["One.", "Two."]


@pytest.mark.anyio
async def test_a_transcript_misses_nothing_that_is_kept_while_it_is_read(store: Store) -> None:
    await store.save(record())
    async with asyncio.TaskGroup() as tasks:
        for number in range(50):
            tasks.create_task(store.append("demo", final(number, f"Number {number}.")))
        reading = tasks.create_task(store.transcript("demo"))
    assert len((await reading).captions("en")) == 50


@pytest.mark.anyio
async def test_only_so_many_transcripts_stay_in_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_TRANSCRIPTS", 2)
    for room in ("a", "b", "c"):
        await store.save(record(room))
        await store.append(room, final(1, f"Room {room}."))
    first = await store.transcript("a")
    assert await store.transcript("a") is first
    await store.transcript("b")
    await store.transcript("c")
    again = await store.transcript("a")
    assert again is not first
    assert [caption.text for caption in again.captions("en")] == ["Room a."]


@pytest.mark.anyio
async def test_a_final_appears_in_the_file_of_its_language(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "rooms" / "demo"
    await store.save(record())
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(store.run())
        await store.append("demo", final(1, "Hello."))
        await store.append("demo", final(1, "Hola.", "es"))
        await store.append("demo", Published(Gap("es", 3.0, 4.0, "paused"), 4.0))
        await until(lambda: "Hello." in reads(folder / "en.vtt"))
        await until(lambda: "NOTE gap" in reads(folder / "es.vtt"))
        run.cancel()
    assert "Hola." not in reads(folder / "en.vtt")


@pytest.mark.anyio
async def test_the_files_of_a_finished_room_are_complete(store: Store, tmp_path: Path) -> None:
    await store.save(record())
    await store.append("demo", final(1, "Hello."))
    await store.finish("demo")
    assert "Hello." in reads(tmp_path / "rooms" / "demo" / "en.vtt")


@pytest.mark.anyio
async def test_files_that_a_crash_left_behind_are_written_at_the_next_start(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "rooms" / "demo"
    with open_store(tmp_path) as crashed:
        await crashed.save(record("broken"))
        os.makedirs(tmp_path / "rooms" / "broken" / "journal.jsonl")
        await crashed.save(record())
        await crashed.append("demo", final(1, "Hello."))
    with open_store(tmp_path, pause=0.0) as store:
        run = asyncio.create_task(store.run())
        await until(lambda: "Hello." in reads(folder / "en.vtt"))
        run.cancel()
        await asyncio.wait([run])


@pytest.mark.anyio
async def test_an_erased_room_leaves_nothing(store: Store, tmp_path: Path) -> None:
    await store.save(record())
    await store.append("demo", final(1, "secret"))
    await store.transcript("demo")
    await store.erase("demo")
    assert [path.name for path in (tmp_path / "rooms").iterdir()] == [".lock"]
    assert await store.rooms() == []
    with pytest.raises(StorageFailed):
        await store.append("demo", final(2, "late"))
    await store.save(record())
    assert (await store.transcript("demo")).captions("en") == ()


def test_erasing_that_a_crash_cut_short_is_completed(tmp_path: Path) -> None:
    half = tmp_path / "rooms" / "demo.erased"
    half.mkdir(parents=True)
    with open_store(tmp_path) as store:
        assert asyncio.run(store.rooms()) == []
    assert not half.exists()


@pytest.mark.anyio
@pytest.mark.parametrize("saved", [None, b"", b"[]", b'{"title": 3}', b"\xff"])
async def test_a_damaged_room_json_does_not_hide_the_room(
    store: Store, tmp_path: Path, saved: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    await store.save(record(title="Weekly"))
    file = tmp_path / "rooms" / "demo" / "room.json"
    if saved is None:
        os.remove(file)
    else:
        file.write_bytes(saved)
    (found,) = await store.rooms()
    assert (found.settings, found.status) == (RoomSettings("demo"), "idle")
    assert "room.json is damaged" in caplog.text


@pytest.mark.anyio
async def test_room_json_is_for_people_too(store: Store, tmp_path: Path) -> None:
    await store.save(record(title="Weekly"))
    saved = json.loads(reads(tmp_path / "rooms" / "demo" / "room.json"))
    assert (saved["id"], saved["title"], saved["status"]) == ("demo", "Weekly", "idle")
    assert saved["created_at"] == "2026-03-01T09:30:00+00:00"


@pytest.mark.anyio
async def test_folders_that_are_no_rooms_are_left_alone(store: Store, tmp_path: Path) -> None:
    os.makedirs(tmp_path / "rooms" / "lost+found")
    assert await store.rooms() == []


@pytest.mark.anyio
@pytest.mark.parametrize("room", ["..", "../etc", "", "a/b", ".lock", "Demo"])
async def test_no_room_lies_outside_its_folder(store: Store, room: str) -> None:
    with pytest.raises(BadInput):
        await store.append(room, final(1, "Hello."))
    with pytest.raises(BadInput):
        await store.transcript(room)


def test_a_folder_serves_one_captioner_at_a_time(tmp_path: Path) -> None:
    with (
        open_store(tmp_path),
        pytest.raises(StorageFailed, match="another captioner is using"),
        open_store(tmp_path),
    ):
        pass
    with open_store(tmp_path):
        pass


def test_a_data_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="Not a directory"), open_store(tmp_path / "file"):
        pass
