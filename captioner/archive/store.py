"""The rooms on disk: journal.jsonl, room.json, usage.jsonl and <language>.vtt in a folder each."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

from captioner.archive.files import ERASED, remove_folder, replace_file
from captioner.archive.journal import Journal, journal_line, read_journal, whole_lines
from captioner.archive.stage import TranscriptFiles
from captioner.archive.transcript import Transcript
from captioner.archive.usage import UsageFiles
from captioner.captions.model import Caption, RoomChange
from captioner.errors import BadInput, StorageFailed
from captioner.rooms.choices import is_room_id, room_id
from captioner.rooms.languages import language_tag
from captioner.rooms.record_json import record_from, record_json
from captioner.rooms.records import Entry, Published, RoomRecord
from captioner.rooms.room import RoomSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

_TRANSCRIPTS = 64
"""Rooms whose transcript is kept in memory; others are read from their journal when asked for."""


@contextmanager
def open_store(data: Path, *, pause: float = 1.0) -> Iterator[Store]:
    """The rooms under `data`, for this process alone; raises `StorageFailed` where it cannot be.

    `pause`: seconds between rounds of writing transcript files.
    """
    rooms = data / "rooms"
    with _locked(rooms), ThreadPoolExecutor(1, thread_name_prefix="journal") as writer:
        yield Store(rooms, writer, pause=pause)


def _locked(rooms: Path) -> IO[str]:
    """The lock on the folder, held until it is closed, made where it is not there."""
    try:
        rooms.mkdir(parents=True, exist_ok=True)
        lock = (rooms / ".lock").open("w")
    except OSError as error:
        raise StorageFailed(f"cannot use {rooms}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StorageFailed(f"another captioner is using {rooms}") from error
    return lock


class Store:
    """Implements `captioner.rooms.records.Records`, and finds transcripts.

    `usage` keeps what the rooms used, in their folders, and so is erased with them.
    `run` keeps the transcript files in step with the journals, in a task of the caller's.
    """

    def __init__(self, rooms: Path, writer: Executor, *, pause: float) -> None:
        self.usage = UsageFiles(rooms, writer)
        self._rooms = rooms
        self._writer = writer
        self._files = TranscriptFiles(self.transcript, self._transcript_path, pause=pause)
        self._journals: dict[str, Journal] = {}
        self._transcripts: OrderedDict[str, Transcript] = OrderedDict()
        """The one asked for longest ago first."""
        self._unread: dict[str, Transcript] = {}
        """Those that are being read, with what was kept meanwhile."""
        self._reading = asyncio.Lock()

    async def run(self) -> None:
        """Write transcript files until cancelled, those that a crash left behind too."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._files.run())
            tasks.create_task(self._mark_left_behind())

    async def transcript(self, room: str) -> Transcript:
        """The room's transcript: it grows with the room while it is kept in memory."""
        if room not in self._transcripts:
            async with self._reading:
                if room not in self._transcripts:
                    self._transcripts[room] = await self._read_transcript(room)
        self._transcripts.move_to_end(room)
        while len(self._transcripts) > _TRANSCRIPTS:
            self._transcripts.popitem(last=False)
        return self._transcripts[room]

    async def rooms(self) -> list[RoomRecord]:
        return await self._do(None, self._read_rooms)

    async def save(self, record: RoomRecord) -> None:
        folder = self._folder(record.settings.id)
        data = record_json(record)

        def write() -> None:
            folder.mkdir(exist_ok=True)
            replace_file(folder / "room.json", data)

        await self._do(self._writer, write)

    async def entries(self, room: str) -> list[Entry]:
        path = self._journal_path(room)
        return await self._do(None, lambda: list(read_journal(path)))

    async def newest(self, room: str, caption: str, language: str) -> Caption | None:
        return (await self.transcript(room)).newest(caption, language)

    async def append(self, room: str, entry: Entry) -> None:
        await self.append_line(room, entry, journal_line(entry))

    async def append_line(self, room: str, entry: Entry, line: bytes) -> None:
        """As `append`, in the caller's words."""
        if room not in self._journals:
            self._journals[room] = Journal(self._journal_path(room), self._writer)
        await self._journals[room].append(line)
        if isinstance(entry, Published) and not isinstance(entry.event, RoomChange):
            for transcripts in (self._transcripts, self._unread):
                if room in transcripts:
                    transcripts[room].add(entry.event)
            self._files.mark(room, entry.event.language)

    async def lines(self, room: str) -> list[bytes]:
        """The whole lines of the room's journal, as they stand there."""
        return await self._do(self._writer, lambda: whole_lines(self._journal_path(room)))

    async def rewrite(self, room: str, lines: Sequence[bytes]) -> None:
        """Put these lines in the place of the room's journal, and write its files anew."""
        path = self._journal_path(room)
        await self._do(self._writer, lambda: _rewrite(path, b"".join(lines)))
        self._transcripts.pop(room, None)
        for language in (await self.transcript(room)).languages:
            self._files.mark(room, language)

    async def finish(self, room: str) -> None:
        await self._files.write(room)

    async def erase(self, room: str) -> None:
        folder = self._folder(room)
        if not folder.exists():
            return
        async with self._reading:
            await self._do(self._writer, lambda: remove_folder(folder))
            self._journals.pop(room, None)
            self._transcripts.pop(room, None)
        await self._files.forget(room)

    async def _read_transcript(self, room: str) -> Transcript:
        transcript = self._unread[room] = Transcript()
        try:
            for entry in await self.entries(room):
                if isinstance(entry, Published):
                    transcript.add(entry.event)
        finally:
            del self._unread[room]
        return transcript

    async def _do(self, executor: Executor | None, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work)
        except OSError as error:
            raise StorageFailed(str(error)) from error

    def _folder(self, room: str) -> Path:
        return self._rooms / room_id(room)

    def _journal_path(self, room: str) -> Path:
        return self._folder(room) / "journal.jsonl"

    def _transcript_path(self, room: str, language: str) -> Path:
        return self._folder(room) / f"{language_tag(language)}.vtt"

    def _read_rooms(self) -> list[RoomRecord]:
        for half_erased in self._rooms.glob(f"*{ERASED}"):
            shutil.rmtree(half_erased)
        return [_read_room(folder) for folder in self._room_folders()]

    def _room_folders(self) -> Iterator[Path]:
        for folder in self._rooms.iterdir():
            if folder.is_dir() and is_room_id(folder.name):
                yield folder

    async def _mark_left_behind(self) -> None:
        """Mark the files of rooms whose journal went on after they were written."""
        for folder in await self._do(None, lambda: list(self._room_folders())):
            try:
                if await asyncio.to_thread(_is_left_behind, folder):
                    for language in (await self.transcript(folder.name)).languages:
                        self._files.mark(folder.name, language)
            except (OSError, StorageFailed) as error:
                logger.warning("room %s cannot be read: %s", folder.name, error)


def _rewrite(path: Path, data: bytes) -> None:
    """Replace the journal; what it has that the new one has not is set aside."""
    before = path.read_bytes() if path.exists() else b""
    if not data.startswith(before):
        aside = path.with_name(f"{path.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.aside")
        logger.warning("%s: another copy of it has been gone on with; see %s", path, aside.name)
        path.replace(aside)
    replace_file(path, data)


def _is_left_behind(folder: Path) -> bool:
    written = [file.stat().st_mtime_ns for file in folder.glob("*.vtt")]
    journal = folder / "journal.jsonl"
    return journal.exists() and journal.stat().st_mtime_ns > min(written, default=0)


def _read_room(folder: Path) -> RoomRecord:
    """What `room.json` says; a damaged one does not hide the room's journal."""
    try:
        return record_from(folder.name, (folder / "room.json").read_bytes())
    except (OSError, ValueError, BadInput) as error:
        logger.warning("%s is damaged: %s", folder / "room.json", type(error).__name__)
    made = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return RoomRecord(RoomSettings(id=folder.name), made, "idle")
