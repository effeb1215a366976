"""The journal of one room: an entry a line, on the disk before anybody hears of it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, TypeVar

import orjson

from captioner.archive.files import sync_folder
from captioner.errors import BadInput, StorageFailed
from captioner.rooms.lines import from_line, to_line
from captioner.rooms.records import Entry

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BLOCK = 64 * 2**10


class Journal:
    """Appends to the file at `path`; its folder exists.

    `writer` has a single thread. Entries that arrive while it is busy go to the disk together.
    They wait in the callers of `append`, so there are never more than those.
    """

    def __init__(self, path: Path, writer: Executor) -> None:
        self._path = path
        self._writer = writer
        self._waiting: deque[tuple[bytes, Future[None]]] = deque()

    async def append(self, line: bytes) -> None:
        """Return once the line is on the disk.

        Raises `StorageFailed`, with nothing of it left in the file, where the disk refuses.
        """
        done: Future[None] = Future()
        self._waiting.append((line, done))
        self._writer.submit(self._commit)
        await asyncio.wrap_future(done)

    def _commit(self) -> None:
        """In the writer's thread: write and sync all that waits."""
        lines: list[bytes] = []
        written: list[Future[None]] = []
        while self._waiting:
            line, done = self._waiting.popleft()
            if done.set_running_or_notify_cancel():
                lines.append(line)
                written.append(done)
        if not lines:
            return
        try:
            append_synced(self._path, b"".join(lines))
        except Exception as error:  # whatever it is, those who wait must hear of it
            failure = StorageFailed(f"cannot write {self._path}: {error}")
            for done in written:
                done.set_exception(failure)
        else:
            for done in written:
                done.set_result(None)


def journal_line(entry: Entry) -> bytes:
    """The entry as a line; raises `BadInput` where a text in it is not valid Unicode."""
    try:
        return orjson.dumps(to_line(entry)) + b"\n"
    except orjson.JSONEncodeError as error:
        raise BadInput("a text to be kept is not valid Unicode") from error


def whole_lines(path: Path) -> list[bytes]:
    """The lines of the file, without a last one that was not finished; of no file, none."""
    if not path.exists():
        return []
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries of the file, oldest first; a file that is not there has none."""
    return read_lines(path, from_line)


def read_lines(path: Path, entry_of: Callable[[Any], T]) -> Iterator[T]:
    """What the file's lines say, oldest first; a file that is not there has none.

    Damaged lines are reported by their number and left out. A last line without its end was never
    acknowledged, and is no entry.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield entry_of(orjson.loads(line))
            except (ValueError, BadInput) as error:
                logger.warning("%s: line %d is damaged: %s", path, number, type(error).__name__)


def append_synced(path: Path, data: bytes) -> None:
    """Append whole lines, all or none; an unfinished line before them is cut off first."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        end = _cut_unfinished_line(file, path)
        try:
            _write(file, data)
            os.fsync(file)
            if end == 0:
                sync_folder(path.parent)
        except OSError:
            os.ftruncate(file, end)
            raise
    finally:
        os.close(file)


def _cut_unfinished_line(file: int, path: Path) -> int:
    """Return where the last whole line ends, which is then the end of the file."""
    size = end = os.fstat(file).st_size
    while end > 0 and os.pread(file, 1, end - 1) != b"\n":
        start = max(0, end - _BLOCK)
        end = start + os.pread(file, end - start, start).rfind(b"\n") + 1
    if end < size:
        os.ftruncate(file, end)
        logger.warning("%s: cut off an unfinished last line of %d bytes", path, size - end)
    return end


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
