"""The journal of a room: what was acknowledged is there, whatever happens."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.archive.journal import Journal, append_synced, journal_line, read_journal
from captioner.captions.model import Settled
from captioner.errors import BadInput, StorageFailed
from captioner.rooms.records import TrackOpened


@pytest.fixture
def writer() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def settled(number: int) -> Settled:
    return Settled("mic", float(number))


@pytest.mark.anyio
async def test_entries_are_read_as_they_were_appended(path: Path, writer: Executor) -> None:
    journal = Journal(path, writer)
    for number in range(3):
        await journal.append(journal_line(settled(number)))
    assert list(read_journal(path)) == [settled(0), settled(1), settled(2)]


def test_a_journal_that_is_not_there_has_no_entries(path: Path) -> None:
    assert list(read_journal(path)) == []


@pytest.mark.anyio
async def test_what_arrives_while_the_disk_is_busy_goes_there_together(
    path: Path, writer: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def counting(file: int) -> None:
        synced.append(file)
        fsync(file)

    journal, disk_free = Journal(path, writer), threading.Event()
    await journal.append(journal_line(settled(0)))
    monkeypatch.setattr(os, "fsync", counting)
    writer.submit(disk_free.wait)
    async with asyncio.TaskGroup() as tasks:
        for number in range(1, 100):
            tasks.create_task(journal.append(journal_line(settled(number))))
        await asyncio.sleep(0)
        disk_free.set()
    assert list(read_journal(path)) == [settled(number) for number in range(100)]
    assert len(synced) == 1


@pytest.mark.anyio
async def test_a_cancelled_append_that_did_not_reach_the_disk_never_does(
    path: Path, writer: Executor
) -> None:
    journal, disk_free = Journal(path, writer), threading.Event()
    writer.submit(disk_free.wait)
    append = asyncio.create_task(journal.append(journal_line(settled(1))))
    await asyncio.sleep(0)
    append.cancel()
    with pytest.raises(asyncio.CancelledError):
        await append
    disk_free.set()
    await journal.append(journal_line(settled(2)))
    assert list(read_journal(path)) == [settled(2)]


@pytest.mark.anyio
async def test_a_full_disk_is_an_error_and_leaves_no_half_line(
    path: Path, writer: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path, writer)
    await journal.append(journal_line(settled(1)))
    write = os.write

    def full(file: int, data: memoryview) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return write(file, data[:10])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StorageFailed, match="No space left"):
            await journal.append(journal_line(settled(2)))
    await journal.append(journal_line(settled(3)))
    assert list(read_journal(path)) == [settled(1), settled(3)]


@pytest.mark.anyio
async def test_a_room_that_was_erased_takes_no_more_entries(
    tmp_path: Path, writer: Executor
) -> None:
    with pytest.raises(StorageFailed, match="No such file"):
        await Journal(tmp_path / "gone" / "journal.jsonl", writer).append(journal_line(settled(1)))


@pytest.mark.anyio
async def test_half_a_surrogate_pair_is_refused(path: Path, writer: Executor) -> None:
    with pytest.raises(BadInput, match="Unicode"):
        await Journal(path, writer).append(journal_line(Settled("\ud800", 1.0)))
    assert list(read_journal(path)) == []


def test_damaged_lines_are_reported_by_number_and_left_out(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = b'{"type": "caption", "text": "secret words"}\n'
    good = b'{"type": "settled", "stream": "mic", "until": 1}\n'
    path.write_bytes(good + b"\x00\x00\xff\n" + secret + b'{"type": "new"}\n[]\n' + good)
    assert list(read_journal(path)) == [settled(1), settled(1)]
    assert [f"line {number} is damaged" in caplog.text for number in range(1, 7)] == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    assert "secret" not in caplog.text


def test_a_cut_off_line_is_reported(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b'{"type": "settled"')
    with caplog.at_level(logging.WARNING):
        append_synced(path, b"{}\n")
    assert "cut off an unfinished last line of 18 bytes" in caplog.text
    assert path.read_bytes() == b"{}\n"


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.just("x" * 70_000)
entries = st.lists(st.builds(TrackOpened, names, st.just(1.5), names, st.just("en")), max_size=4)


@settings(max_examples=40)
@given(entries, st.data())
def test_a_crash_at_any_byte_leaves_the_whole_lines_before_it(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[TrackOpened], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("torn") / "journal.jsonl"
    with ThreadPoolExecutor(1) as writer:
        journal = Journal(path, writer)
        ends = [0]
        for entry in wanted:
            asyncio.run(journal.append(journal_line(entry)))
            ends.append(path.stat().st_size)
        cut = data.draw(st.integers(0, ends[-1]))
        if wanted:
            os.truncate(path, cut)
        whole = wanted[: sum(end <= cut for end in ends) - 1]
        assert list(read_journal(path)) == whole
        asyncio.run(journal.append(journal_line(settled(7))))
    assert list(read_journal(path)) == [*whole, settled(7)]


APPENDING = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from captioner.archive.journal import Journal, journal_line
from captioner.captions.model import Settled

async def publisher(journal, name):
    for number in range(1_000_000):
        await journal.append(journal_line(Settled(name, float(number))))
        print(f"{name} {number}\\n", end="", flush=True)

async def main(path):
    with ThreadPoolExecutor(1) as writer:
        journal = Journal(path, writer)
        await asyncio.gather(*(publisher(journal, name) for name in "abc"))

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_loses_nothing_that_was_acknowledged(path: Path, seed: int) -> None:
    command = [sys.executable, "-c", APPENDING, str(path)]
    acknowledged: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(Random(seed).randrange(1, 60)):
            name, number = process.stdout.readline().split()
            acknowledged[name] = int(number)
        process.send_signal(signal.SIGKILL)
        for line in process.stdout:
            name, number = line.split()
            acknowledged[name] = int(number)
    kept: dict[str, list[int]] = {name: [] for name in "abc"}
    for entry in read_journal(path):
        assert isinstance(entry, Settled)
        kept[entry.stream].append(int(entry.until))
    for name, numbers in kept.items():
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > acknowledged.get(name, -1)
