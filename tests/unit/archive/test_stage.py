"""Transcript files follow the journal."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from captioner.archive import webvtt
from captioner.archive.stage import TranscriptFiles
from captioner.archive.transcript import Transcript
from captioner.captions.model import Caption
from tests.unit.archive.waiting import until


class Rooms:
    """One transcript, whatever room is asked for, and the files made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.transcript = Transcript()
        self.files = TranscriptFiles(self._transcript, self._path, pause=0.0)

    def say(self, text: str, language: str = "en") -> None:
        caption = Caption("u1", language, 1, text, len(text), True, 0.0, 1.0, "mic")
        self.transcript.add(caption)
        self.files.mark("demo", language)

    def read(self, language: str) -> str:
        file = self.folder / f"{language}.vtt"
        return file.read_text() if file.exists() else ""

    async def _transcript(self, room: str) -> Transcript:
        return self.transcript

    def _path(self, room: str, language: str) -> Path:
        return self.folder / f"{language}.vtt"


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path)


@pytest.mark.anyio
async def test_a_marked_file_is_written_soon(rooms: Rooms) -> None:
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(rooms.files.run())
        rooms.say("Hello.")
        await until(lambda: "Hello." in rooms.read("en"))
        rooms.say("Hola.", "es")
        await until(lambda: "Hola." in rooms.read("es"))
        run.cancel()


@pytest.mark.anyio
async def test_what_is_marked_when_it_stops_is_still_written(rooms: Rooms) -> None:
    run = asyncio.create_task(rooms.files.run())
    await asyncio.sleep(0)
    rooms.say("Hello.")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert "Hello." in rooms.read("en")


@pytest.mark.anyio
async def test_only_marked_files_are_written(rooms: Rooms) -> None:
    rooms.say("Hello.")
    rooms.say("Hola.", "es")
    await rooms.files.forget("demo")
    rooms.say("Salut.", "fr")
    await rooms.files.write("demo")
    assert [file.name for file in rooms.folder.iterdir()] == ["fr.vtt"]


@pytest.mark.anyio
async def test_a_file_that_cannot_be_written_is_tried_again(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    rooms.say("Hello.")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        await rooms.files.write("demo")
    assert rooms.read("en") == ""
    await rooms.files.write("demo")
    assert "Hello." in rooms.read("en")


@pytest.mark.anyio
async def test_a_transcript_that_cannot_be_rendered_stops_nothing_and_is_not_logged(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object) -> str:
        raise ValueError("cannot lay out: secret words")

    rooms.say("secret words")
    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        patch.setattr(webvtt, "render", broken)
        await rooms.files.write("demo")
    assert "en.vtt of room demo: ValueError" in caplog.text
    assert "secret" not in caplog.text
